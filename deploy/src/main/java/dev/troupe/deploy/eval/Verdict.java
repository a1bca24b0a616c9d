package dev.troupe.deploy.eval;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a completion is worth.
 *
 * @param reward the score, NaN when there is none
 * @param rewards what it comes from, by name
 * @param failure why there is no score, null when there is one
 */
public record Verdict(
        double reward, Map<String, Float> rewards, @Nullable String failure) {
    static Verdict none(String failure) {
        return new Verdict(Double.NaN, Map.of(), failure);
    }

    /** Whether there is a score. */
    public boolean scored() {
        return failure == null;
    }
}
