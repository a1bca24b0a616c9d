package dev.troupe.deploy.run;

import sun.misc.Signal;

/**
 * Ctrl-C and SIGTERM. The first asks for an orderly end; a second Ctrl-C ends the process at once.
 */
public final class Interrupts {
    /** 128 + the number of SIGINT, as shells report it. */
    public static final int EXIT_CODE = 130;

    private static volatile boolean interrupted;

    private Interrupts() {}

    /** From now on a signal runs {@code orderly} once, on a thread of its own. */
    public static void handle(Runnable orderly) {
        for (String name : new String[] {"INT", "TERM"}) {
            Signal.handle(new Signal(name), signal -> {
                if (interrupted) {
                    // A launcher passes on as SIGTERM the Ctrl-C that a terminal sent to all: that is no second wish.
                    if (signal.getName().equals("INT")) {
                        Runtime.getRuntime().halt(EXIT_CODE);
                    }
                    return;
                }
                interrupted = true;
                Thread thread = new Thread(orderly, "interrupted");
                thread.setDaemon(true);
                thread.start();
            });
        }
    }

    /** Until there is something to end in order, a signal ends the process, with a word. */
    static void endWith(String word) {
        handle(() -> {
            System.out.println(word);
            System.out.flush();
            Runtime.getRuntime().exit(EXIT_CODE);
        });
    }

    /** Whether a signal came. */
    public static boolean interrupted() {
        return interrupted;
    }
}
