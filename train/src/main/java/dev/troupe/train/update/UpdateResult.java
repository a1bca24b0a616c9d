package dev.troupe.train.update;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an update did.
 *
 * @param metrics by name, as contract and TRL name them; those of the optimizer steps are means over them
 * @param fault null when the weights were updated; else why weights and optimizer are as they were before
 */
public record UpdateResult(
        Map<String, Double> metrics, @Nullable Fault fault) {
    public UpdateResult {
        metrics = Map.copyOf(metrics);
    }

    /** Whether the weights changed. */
    public boolean applied() {
        return fault == null;
    }
}
