package dev.troupe.learner.weights;

import java.util.HashMap;
import java.util.Map;

/** How long a version takes from the end of the optimizer step to the first token sampled with it. */
public final class PublishTimes {
    private static final int KEPT = 64;

    private final Map<Long, Long> madeAt = new HashMap<>();
    private double sum;
    private int count;

    synchronized void made(long version, long micros) {
        madeAt.put(version, micros);
        madeAt.remove(version - KEPT);
    }

    synchronized void live(String set, long version, String node, long micros) {
        Long made = madeAt.get(version);
        if (made != null && set.equals("policy")) {
            sum += (micros - made) / 1e6;
            count++;
        }
    }

    /** Mean seconds over the versions that went live since the last call, over all rollouts; 0 when none did. */
    public synchronized double take() {
        double mean = count == 0 ? 0 : sum / count;
        sum = 0;
        count = 0;
        return mean;
    }
}
