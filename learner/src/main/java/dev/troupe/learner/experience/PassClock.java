package dev.troupe.learner.experience;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * When the learner was in a pass, to tell how much was sampled meanwhile. A pass lasts from the first micro-batch's
 * forward to the end of the last optimizer step. Times are wall clock, microseconds since the epoch.
 */
public final class PassClock {
    /** Trajectories live for at most eta + 1 passes; this many are more than any bound in use. */
    private static final int KEPT = 256;

    private final Deque<long[]> passes = new ArrayDeque<>();

    /** Notes a pass; passes do not overlap and come in order. */
    public synchronized void add(long fromMicros, long toMicros) {
        if (passes.size() == KEPT) {
            passes.removeFirst();
        }
        passes.addLast(new long[] {fromMicros, toMicros});
    }

    /** How many of these moments lie within a pass. */
    public synchronized int within(long[] micros) {
        int n = 0;
        for (long t : micros) {
            for (long[] pass : passes) {
                if (t >= pass[0] && t <= pass[1]) {
                    n++;
                    break;
                }
            }
        }
        return n;
    }
}
