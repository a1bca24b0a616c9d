package dev.troupe.learner.assembly;

import dev.troupe.learner.experience.HeldTrajectory;
import dev.troupe.learner.experience.Scores;
import dev.troupe.model.SoftTargets;
import dev.troupe.proto.v1.RowScore;
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
    private final TeacherPieces teacherPieces;
    private @Nullable SoftTargets teacher;

    ScoreBoard(HeldTrajectory trajectory, Set<ScorerKind> wanted) {
        this.trajectory = trajectory;
        this.wanted = wanted;
        this.teacherPieces = new TeacherPieces(trajectory.row().completionLength());
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
            case TEACHER -> throw new IllegalStateException("noteTeacher takes a teacher's answers");
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
            case TEACHER -> throw new IllegalStateException("noteTeacher takes a teacher's answers");
        }
        return Optional.empty();
    }

    /** Notes what the reward comes from. */
    void noteReward(String name, float score) {
        rewards.put(name, score);
    }

    /** As {@link #note}, for a piece of the teacher's answer. */
    Optional<String> noteTeacher(RowScore piece) {
        Optional<String> wrong = teacherPieces.add(piece);
        teacher = teacherPieces.whole();
        return wrong;
    }

    boolean has(ScorerKind kind) {
        return switch (kind) {
            case REFERENCE -> reference != null;
            case REWARD -> reward != null;
            case VALUE -> values != null;
            case TEACHER -> teacher != null;
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
                        valueVersion,
                        teacher));
    }
}
