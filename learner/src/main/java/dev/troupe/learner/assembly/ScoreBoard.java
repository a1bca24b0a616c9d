package dev.troupe.learner.assembly;

import dev.troupe.learner.experience.HeldTrajectory;
import dev.troupe.learner.experience.Scores;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The scores of one trajectory as they come in. */
final class ScoreBoard {
    private static final float[] NONE = {};

    final HeldTrajectory trajectory;
    private final Set<ScorerKind> wanted;
    private float @Nullable [] reference;
    private float @Nullable [] values;
    private @Nullable Float reward;
    private final Map<String, Float> rewards = new LinkedHashMap<>();
    private long valueVersion;

    ScoreBoard(HeldTrajectory trajectory, Set<ScorerKind> wanted) {
        this.trajectory = trajectory;
        this.wanted = wanted;
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

    /** Notes what the reward comes from. */
    void noteReward(String name, float score) {
        rewards.put(name, score);
    }

    boolean has(ScorerKind kind) {
        return switch (kind) {
            case REFERENCE -> reference != null;
            case REWARD -> reward != null;
            case VALUE -> values != null;
        };
    }

    /** All that are wanted, once they are there. */
    Optional<Scores> complete() {
        Float score = reward;
        return score == null || !wanted.stream().allMatch(this::has)
                ? Optional.empty()
                : Optional.of(new Scores(
                        reference == null ? NONE : reference,
                        score,
                        rewards,
                        values == null ? NONE : values,
                        valueVersion));
    }
}
