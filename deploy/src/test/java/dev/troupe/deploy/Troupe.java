package dev.troupe.deploy;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;

/** The command line in this JVM, with what it said. */
record Troupe(int code, String out, String err) {

    /** A run of the embedded models that takes seconds; more settings may follow, over these. */
    static final List<String> SMALL = List.of(
            "steps=2",
            "batch.prompts=2",
            "num_generations=2",
            "num_ppo_epochs=2",
            "staleness.max=0",
            "max_new_tokens=12",
            "eval.count=2",
            "eval.samples=2",
            "rollout.slots=4",
            "rollout.prefetch=2",
            "rollout.context=64",
            "scoring.batch=4",
            "reward.batch=2",
            "parity.rows=2");

    static Troupe of(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        return new Troupe(line.execute(arguments), out.toString(), err.toString());
    }

    /** {@code run --name NAME} of the small run, with these settings over it. */
    static Troupe run(String name, String... settings) {
        List<String> arguments = new ArrayList<>(List.of("run", "--name", name));
        arguments.addAll(SMALL);
        arguments.addAll(List.of(settings));
        return of(arguments.toArray(new String[0]));
    }
}
