package dev.troupe.deploy.eval;

import dev.troupe.data.sources.Prompt;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.TokenRow;
import dev.troupe.model.TokenRows;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.RowScore;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreKind;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.reward.RewardScorer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scores completions with the same scorers as a run's reward actor, without actors: one that throws, hangs or answers
 * NaN costs its completions, by name.
 */
public final class Judge implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Judge.class);
    /** Scorers keep deadlines of their own; a large model on a small machine may take long. */
    private static final Duration MOST = Duration.ofHours(6);

    private final RewardScorer scorer;
    private final int batch;
    private final Duration deadline;

    /** Makes a judge of prompts that are found by their number. */
    @FunctionalInterface
    public interface Opener {
        /** The judge, closed by the caller. */
        Judge open(LongFunction<Prompt> prompts);
    }

    /**
     * @param scorer closed with the judge
     * @param batch completions for which {@code deadline} is meant
     * @param deadline after which what has no score is given up
     */
    public Judge(RewardScorer scorer, int batch, Duration deadline) {
        this.scorer = scorer;
        this.batch = batch;
        this.deadline = deadline;
    }

    /**
     * A verdict on each row, in order.
     *
     * @param ids of the rows; their draws name the prompts
     */
    public List<Verdict> of(List<TokenRow> rows, List<TrajectoryId> ids) {
        ScoreAnswer answer = answer(request(rows, ids));
        Map<TrajectoryId, List<RowScore>> scores = new LinkedHashMap<>();
        for (RowScore row : answer.getRowsList()) {
            TrajectoryId id = TrajectoryId.of(row.getId());
            scores.computeIfAbsent(id, i -> new ArrayList<>()).add(row);
        }
        List<Verdict> verdicts = ids.stream()
                .map(id -> verdict(scores.getOrDefault(id, List.of())))
                .toList();
        List<Verdict> failed = verdicts.stream().filter(v -> !v.scored()).toList();
        if (!failed.isEmpty()) {
            LOG.warn(
                    "{} of {} completions have no reward; the first: {}",
                    failed.size(),
                    rows.size(),
                    failed.get(0).failure());
        }
        return verdicts;
    }

    private ScoreRequest request(List<TokenRow> rows, List<TrajectoryId> ids) {
        long batches = (rows.size() + batch - 1) / batch;
        ScoreRequest.Builder request = ScoreRequest.newBuilder()
                .setRequest(1)
                .setKind(ScoreKind.SCORE_KIND_REWARD)
                .setBatch(TokenRows.batch(rows))
                .setDeadlineMs(batches * deadline.toMillis())
                .setTemperature(1);
        ids.forEach(id -> request.addIds(id.message()));
        return request.build();
    }

    private ScoreAnswer answer(ScoreRequest request) {
        try {
            return scorer.score(request, 0).toCompletableFuture().get(MOST.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IllegalStateException(
                    "the reward did not judge " + request.getIdsCount() + " rows in " + MOST, e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the reward was judging", e);
        }
    }

    /** The first row is the score, those after it are what it comes from. */
    private static Verdict verdict(List<RowScore> rows) {
        if (rows.isEmpty()) {
            return Verdict.none("the scorer left it out");
        }
        if (rows.get(0).hasFailure()) {
            return Verdict.none(rows.get(0).getFailure().getCode() + ": "
                    + rows.get(0).getFailure().getMessage());
        }
        Map<String, Float> rewards = new LinkedHashMap<>();
        rows.subList(rows.size() == 1 ? 0 : 1, rows.size()).forEach(row -> rewards.put(row.getName(), score(row)));
        return new Verdict(score(rows.get(0)), rewards, null);
    }

    private static float score(RowScore row) {
        return Tensors.floats(row.getValues())[0];
    }

    @Override
    public void close() {
        scorer.close();
    }
}
