package dev.troupe.train.update;

import dev.troupe.experience.TrajectoryId;
import org.jspecify.annotations.Nullable;

/**
 * A number that is not finite, and why an update was skipped.
 *
 * @param tensor where it was found: {@code score}, {@code behaviour logprobs}, {@code policy gradient of NAME} ...
 * @param sample the trajectory it came from, or null when no single one gives it
 * @param message the whole story, for the log
 */
public record Fault(String tensor, @Nullable TrajectoryId sample, String message) {

    /** A fault at one token or state of a trajectory. */
    static Fault at(String tensor, TrajectoryId sample, int index, double value) {
        return new Fault(tensor, sample, tensor + " of trajectory " + sample + " is " + value + " at index " + index);
    }

    /** The first number of the array that is not finite, as a fault, or null. */
    static @Nullable Fault find(String tensor, TrajectoryId sample, float[] numbers) {
        for (int i = 0; i < numbers.length; i++) {
            if (!Float.isFinite(numbers[i])) {
                return at(tensor, sample, i, numbers[i]);
            }
        }
        return null;
    }
}
