package dev.troupe.reward;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.RowScore;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.reward.WeightedScorer.Part;
import dev.troupe.transport.ScoreAnswers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class WeightedScorerTest {
    private final List<String> closed = new ArrayList<>();

    private Part part(String name, double weight, Function<ScoreRequest, CompletionStage<ScoreAnswer>> scores) {
        return new Part(name, weight, new RewardScorer() {
            @Override
            public CompletionStage<ScoreAnswer> score(ScoreRequest request, long policyVersion) {
                return scores.apply(request);
            }

            @Override
            public void close() {
                closed.add(name);
            }
        });
    }

    private static Function<ScoreRequest, CompletionStage<ScoreAnswer>> says(long micros, float... scores) {
        return request -> {
            List<float[]> rows = new ArrayList<>();
            for (float score : scores) {
                rows.add(new float[] {score});
            }
            return CompletableFuture.completedFuture(ScoreAnswers.of(request, "own name", rows, 0, micros));
        };
    }

    private static ScoreAnswer get(WeightedScorer scorer, ScoreRequest request) throws Exception {
        return scorer.score(request, 0).toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    private static String told(RowScore row) {
        return row.getId().getSample() + " " + row.getName() + " "
                + (row.hasFailure()
                        ? row.getFailure().getCode() + ": " + row.getFailure().getMessage()
                        : Tensors.floats(row.getValues())[0]);
    }

    @Test
    void theRewardIsTheSumOfWeightTimesScoreAndEachScoreComesWithIt() throws Exception {
        try (WeightedScorer scorer =
                new WeightedScorer(List.of(part("a", 1, says(5, 1, 0)), part("b", -0.25, says(9, 2, 4))))) {
            ScoreAnswer answer = get(scorer, Asked.of(3, 5, 6));
            assertThat(answer.getRowsList().stream().map(WeightedScorerTest::told))
                    .containsExactly("0 reward 0.5", "0 a 1.0", "0 b 2.0", "1 reward -1.0", "1 a 0.0", "1 b 4.0");
            assertThat(answer.getRequest()).isEqualTo(3);
            assertThat(answer.getBusyUs()).isEqualTo(9);
        }
        assertThat(closed).containsExactly("a", "b");
    }

    @Test
    void aRowThatOnePartCannotScoreHasNoRewardAndNamesThePart() throws Exception {
        WeightedScorer scorer =
                new WeightedScorer(List.of(part("a", 1, says(5, 1, 1)), part("b", 1, says(5, 2, Float.NaN))));
        assertThat(get(scorer, Asked.of(3, 5, 6)).getRowsList().stream().map(WeightedScorerTest::told))
                .containsExactly(
                        "0 reward 3.0",
                        "0 a 1.0",
                        "0 b 2.0",
                        "1 reward not_finite: b: the own name at position 0 is NaN");
    }

    @Test
    void aPartThatBreaksFailsItsRowsByName() throws Exception {
        WeightedScorer scorer = new WeightedScorer(List.of(
                part("a", 1, says(5, 1)),
                part("b", 1, r -> CompletableFuture.failedFuture(new IllegalStateException("out of memory")))));
        assertThat(get(scorer, Asked.of(3, 5)).getRowsList().stream().map(WeightedScorerTest::told))
                .containsExactly("0 reward part_failed: b: java.lang.IllegalStateException: out of memory");
    }
}
