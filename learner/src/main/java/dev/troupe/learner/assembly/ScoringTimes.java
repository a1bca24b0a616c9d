package dev.troupe.learner.assembly;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** Busy time of the scoring actors by kind, summed between two steps. */
public final class ScoringTimes {
    private final Map<String, LongAdder> micros = new ConcurrentHashMap<>();

    void add(String kind, long busyMicros) {
        micros.computeIfAbsent(kind, k -> new LongAdder()).add(busyMicros);
    }

    /** Seconds since the last call: "reference", "reward" or "value". */
    public double take(String kind) {
        LongAdder sum = micros.get(kind);
        return sum == null ? 0 : sum.sumThenReset() / 1e6;
    }
}
