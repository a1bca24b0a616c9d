package dev.troupe.deploy;

import dev.troupe.data.DataException;
import dev.troupe.deploy.cli.TroupeCommand;
import dev.troupe.deploy.settings.SettingsException;
import java.io.PrintWriter;
import picocli.CommandLine;

/** Where the process begins and ends. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted. */
public final class Main {
    private Main() {}

    /** Runs a command line and ends the process with its exit code. */
    public static void main(String[] args) {
        System.exit(execute(args));
    }

    /** Only here: whoever runs out of memory may be anywhere. */
    private static int execute(String... args) {
        try {
            return commandLine().execute(args);
        } catch (OutOfMemoryError e) {
            System.err.println("troupe: out of memory (" + e.getMessage() + "): ask for less at once, or give Java more"
                    + " with TROUPE_JAVA_OPTS=-Xmx8g");
            return 1;
        }
    }

    /** The commands, with errors told in a line and no stack trace unless TROUPE_TRACE is set. */
    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new TroupeCommand());
        line.setExecutionExceptionHandler((error, command, parsed) -> {
            tell(error, command.getErr());
            return error instanceof SettingsException || error instanceof DataException ? 2 : 1;
        });
        line.setUsageHelpAutoWidth(true);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        return line;
    }

    private static void tell(Exception error, PrintWriter out) {
        boolean ours = error.getClass().getName().startsWith("dev.troupe.");
        String message = ours ? String.valueOf(error.getMessage()) : error.toString();
        message.lines().forEach(text -> out.println("troupe: " + text));
        if (!ours || System.getenv("TROUPE_TRACE") != null) {
            error.printStackTrace(out);
        }
        out.flush();
    }
}
