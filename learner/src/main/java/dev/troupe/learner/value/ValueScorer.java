package dev.troupe.learner.value;

import dev.troupe.model.Decoder;
import dev.troupe.model.ModelForm;
import dev.troupe.model.TensorThread;
import dev.troupe.model.TokenRow;
import dev.troupe.model.TokenRows;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.transport.ScoreAnswers;
import dev.troupe.transport.ScoringStation;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Values of states under the newest published value model. A request that names a newer version than the live one waits
 * for it: so without staleness every value comes from exactly the version that sampled.
 */
final class ValueScorer implements ScoringStation.Scorer, AutoCloseable {
    private record Waiting(ScoreRequest request, long version, CompletableFuture<ScoreAnswer> answer, long sinceMs) {}

    private final TensorThread thread;
    private final ModelForm form;
    private final int maxRows;

    // Below: of the tensor thread only.
    private final List<Waiting> waiting = new ArrayList<>();
    private @Nullable Decoder decoder;
    private long live = -1;

    /** @param maxRows rows of one pass */
    ValueScorer(TensorThread thread, ModelForm form, int maxRows) {
        this.thread = thread;
        this.form = form;
        this.maxRows = maxRows;
    }

    /** Puts new weights in place; the future gives their live fingerprint. */
    CompletableFuture<String> assign(long version, TensorSet weights) {
        return thread.submit(() -> {
            Decoder now = decoder;
            if (now == null) {
                now = form.decoder(weights, false);
                decoder = now;
            } else {
                now.assign(weights);
            }
            live = version;
            Iterator<Waiting> all = waiting.iterator();
            while (all.hasNext()) {
                Waiting w = all.next();
                if (w.version <= live) {
                    all.remove();
                    answer(w);
                }
            }
            return now.liveFingerprint();
        });
    }

    @Override
    public CompletionStage<ScoreAnswer> score(ScoreRequest request, long policyVersion) {
        CompletableFuture<ScoreAnswer> answer = new CompletableFuture<>();
        thread.submit(() -> {
            long now = System.currentTimeMillis();
            waiting.removeIf(w -> now - w.sinceMs > w.request.getDeadlineMs()
                    && w.answer.completeExceptionally(new IllegalStateException("value version " + w.version
                            + " did not come within " + w.request.getDeadlineMs() + " ms; live is " + live)));
            Waiting w = new Waiting(request, policyVersion, answer, now);
            if (policyVersion <= live) {
                answer(w);
            } else {
                waiting.add(w);
            }
            return Boolean.TRUE;
        });
        return answer;
    }

    private void answer(Waiting w) {
        try {
            w.answer.complete(values(w.request));
        } catch (RuntimeException e) {
            w.answer.completeExceptionally(e);
        }
    }

    private ScoreAnswer values(ScoreRequest request) {
        Decoder now = decoder;
        if (now == null) {
            throw new IllegalStateException("no value model yet");
        }
        long start = System.nanoTime();
        List<TokenRow> rows = TokenRows.of(request.getBatch(), form.config().vocabulary());
        List<float[]> values = now.values(rows, maxRows);
        return ScoreAnswers.of(request, "value", values, live, (System.nanoTime() - start) / 1000);
    }

    @Override
    public void close() {
        Decoder open = decoder;
        if (open != null) {
            thread.run(open::close);
        }
        thread.close();
    }
}
