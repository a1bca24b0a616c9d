package dev.troupe.learner.assembly;

import dev.troupe.learner.experience.HeldTrajectory;
import dev.troupe.learner.experience.Scores;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The scores of one trajectory as they come in. */
final class ScoreBoard {
    final HeldTrajectory trajectory;
    private float @Nullable [] reference;
    private float @Nullable [] values;
    private @Nullable Float reward;
    private long valueVersion;

    ScoreBoard(HeldTrajectory trajectory) {
        this.trajectory = trajectory;
    }

    /**
     * Notes a score.
     *
     * @return what is wrong with it, empty when nothing is
     */
    Optional<String> note(ScorerKind kind, float[] numbers, long modelVersion) {
        int n = trajectory.row().completionLength();
        int expected = switch (kind) {
            case REFERENCE -> n;
            case VALUE -> n + 1;
            case REWARD -> 1;
        };
        if (numbers.length != expected) {
            return Optional.of(kind.label() + " answered " + numbers.length + " numbers where " + expected + " belong");
        }
        for (int i = 0; i < numbers.length; i++) {
            if (!Float.isFinite(numbers[i])) {
                return Optional.of(kind.label() + " answered " + numbers[i] + " at position " + i);
            }
        }
        switch (kind) {
            case REFERENCE -> reference = numbers;
            case REWARD -> reward = numbers[0];
            case VALUE -> {
                values = numbers;
                valueVersion = modelVersion;
            }
        }
        return Optional.empty();
    }

    boolean has(ScorerKind kind) {
        return switch (kind) {
            case REFERENCE -> reference != null;
            case REWARD -> reward != null;
            case VALUE -> values != null;
        };
    }

    /** All three, once they are there. */
    Optional<Scores> complete() {
        return reference == null || reward == null || values == null
                ? Optional.empty()
                : Optional.of(new Scores(reference, reward, values, valueVersion));
    }
}
