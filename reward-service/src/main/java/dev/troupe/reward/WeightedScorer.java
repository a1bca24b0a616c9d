package dev.troupe.reward;

import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.Failure;
import dev.troupe.proto.v1.RowScore;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.transport.ScoreAnswers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Several rewards at once: what a completion is worth is the sum of weight times score. The answer has for each row the
 * sum, under the name {@code reward}, and after it each part's own score under the part's name. A row that one part
 * cannot score has no reward, for the others alone mean something else.
 */
public final class WeightedScorer implements RewardScorer {
    private final List<Part> parts;

    /**
     * One of them.
     *
     * @param name in samples and metrics
     * @param scorer closed with the whole
     */
    public record Part(String name, double weight, RewardScorer scorer) {}

    /** @param parts at least one, with different names */
    public WeightedScorer(List<Part> parts) {
        this.parts = List.copyOf(parts);
    }

    @Override
    public CompletionStage<ScoreAnswer> score(ScoreRequest request, long policyVersion) {
        List<CompletableFuture<ScoreAnswer>> answers = parts.stream()
                .map(part -> part.scorer
                        .score(request, policyVersion)
                        .exceptionally(e -> ScoreAnswers.failed(request, part.name, "part_failed", String.valueOf(e)))
                        .toCompletableFuture())
                .toList();
        return CompletableFuture.allOf(answers.toArray(new CompletableFuture<?>[0]))
                .thenApply(all -> joined(
                        request, answers.stream().map(CompletableFuture::join).toList()));
    }

    private ScoreAnswer joined(ScoreRequest request, List<ScoreAnswer> answers) {
        long busy = answers.stream().mapToLong(ScoreAnswer::getBusyUs).max().orElse(0);
        ScoreAnswer.Builder joined = ScoreAnswers.begin(request, 0, busy);
        for (int row = 0; row < request.getIdsCount(); row++) {
            int number = row;
            joined.addAllRows(row(
                    request, row, answers.stream().map(a -> a.getRows(number)).toList()));
        }
        return joined.build();
    }

    private List<RowScore> row(ScoreRequest request, int row, List<RowScore> scores) {
        List<RowScore> named = new ArrayList<>();
        double sum = 0;
        for (int p = 0; p < parts.size(); p++) {
            Part part = parts.get(p);
            if (scores.get(p).hasFailure()) {
                Failure failure = scores.get(p).getFailure();
                return List.of(ScoreAnswers.failedRow(
                        request, row, ScoreAnswers.REWARD, failure.getCode(), part.name + ": " + failure.getMessage()));
            }
            float score = Tensors.floats(scores.get(p).getValues())[0];
            sum += part.weight * score;
            named.add(ScoreAnswers.row(request, row, part.name, new float[] {score}));
        }
        named.add(0, ScoreAnswers.row(request, row, ScoreAnswers.REWARD, new float[] {(float) sum}));
        return named;
    }

    @Override
    public void close() {
        parts.forEach(part -> part.scorer.close());
    }
}
