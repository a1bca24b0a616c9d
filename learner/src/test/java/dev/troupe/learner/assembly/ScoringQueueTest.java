package dev.troupe.learner.assembly;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.learner.experience.HeldTrajectory;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.v1.FinishReason;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Requests of four rows, three samples a prompt. */
class ScoringQueueTest {
    private static final long FULL_ONLY = Long.MIN_VALUE;
    private static final long EVERYTHING = Long.MAX_VALUE;

    private final ScoringQueue queue = new ScoringQueue(4, 3);

    private static HeldTrajectory row(long draw, int sample) {
        return new HeldTrajectory(
                new TrajectoryId(draw, sample),
                1,
                TokenRow.of(new int[] {1}, new int[] {2}),
                new float[1],
                new long[1],
                new long[1],
                FinishReason.FINISH_REASON_EOS,
                List.of("00"),
                "a",
                false);
    }

    private List<List<String>> take(long quietSince) {
        return queue.take(quietSince).stream()
                .map(rows -> rows.stream().map(r -> r.id().toString()).toList())
                .toList();
    }

    @Test
    void rowsGoTogetherByTheirPlaceWhateverTheOrderTheyComeIn() {
        queue.add(row(1, 1), 0);
        queue.add(row(1, 0), 0);
        queue.add(row(0, 2), 0);
        queue.add(row(0, 0), 0);
        assertThat(take(FULL_ONLY)).isEmpty();
        queue.add(row(0, 1), 0);
        assertThat(take(FULL_ONLY)).containsExactly(List.of("0/0", "0/1", "0/2", "1/0"));
        assertThat(take(EVERYTHING)).containsExactly(List.of("1/1"));
    }

    @Test
    void aRowThatNeverComesIsNotWaitedFor() {
        queue.add(row(0, 0), 0);
        queue.add(row(0, 1), 0);
        queue.neverCame(new TrajectoryId(1, 0), 0);
        assertThat(take(FULL_ONLY)).isEmpty();
        queue.add(row(0, 2), 0);
        assertThat(take(FULL_ONLY)).containsExactly(List.of("0/0", "0/1", "0/2"));
    }

    @Test
    void aRequestOfWhichNoneCameIsNone() {
        queue.neverCame(new TrajectoryId(0, 0), 0);
        assertThat(take(EVERYTHING)).isEmpty();
        queue.add(row(0, 1), 0);
        assertThat(take(FULL_ONLY)).isEmpty();
    }
}
