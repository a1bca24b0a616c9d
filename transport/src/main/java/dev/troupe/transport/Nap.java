package dev.troupe.transport;

import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.IdleStrategy;
import org.jspecify.annotations.Nullable;

/**
 * How a polling thread rests: a few spins, then naps that double up to a longest one. Another thread that knows of work
 * ends the nap at once, so that a message within the process does not wait and an idle process costs next to nothing.
 */
final class Nap implements IdleStrategy {
    private static final int SPINS = 32;
    private static final long SHORTEST_NANOS = 20_000;
    /** After so many of the longest naps nothing is going on, and they become deeper. */
    private static final int NAPS_TO_DEEPEN = 512;

    /** Naps that one round of work weighs: a timer a second must not count as something going on. */
    private static final int NAPS_OF_WORK = 64;

    private static final int DEEPENING = 4;

    private final long longestNanos;
    private final Runnable onWork;
    private volatile @Nullable Thread owner;
    private int spins;
    private int longNaps;
    private long napNanos = SHORTEST_NANOS;

    /**
     * @param longestNanos longest nap; four times that when nothing has happened for hundreds of them
     * @param onWork run by the polling thread after a round in which it did something
     */
    Nap(long longestNanos, Runnable onWork) {
        this.longestNanos = longestNanos;
        this.onWork = onWork;
    }

    @Override
    public void idle(int workCount) {
        if (workCount > 0) {
            reset();
            onWork.run();
        } else {
            idle();
        }
    }

    @Override
    public void idle() {
        if (spins < SPINS) {
            spins++;
            Thread.onSpinWait();
            return;
        }
        nap(napNanos);
        if (napNanos < longestNanos) {
            napNanos = Math.min(napNanos * 2, longestNanos);
        } else if (longNaps < NAPS_TO_DEEPEN) {
            longNaps++;
        } else {
            napNanos = longestNanos * DEEPENING;
        }
    }

    @Override
    public void reset() {
        spins = 0;
        longNaps = Math.max(0, longNaps - NAPS_OF_WORK);
        napNanos = SHORTEST_NANOS;
    }

    @Override
    public String alias() {
        return "nap";
    }

    /** Rests for at most this long. */
    void nap(long nanos) {
        if (owner == null) {
            owner = Thread.currentThread();
        }
        LockSupport.parkNanos(this, nanos);
    }

    /** Ends a nap; without one now the next is skipped, so that no wake-up is lost. Any thread. */
    void wake() {
        Thread thread = owner;
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }
}
