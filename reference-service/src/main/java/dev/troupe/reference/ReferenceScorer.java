package dev.troupe.reference;

import dev.troupe.model.Decoder;
import dev.troupe.model.TensorThread;
import dev.troupe.model.TokenRow;
import dev.troupe.model.TokenRows;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.RowScore;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.transport.ScoringStation;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;

/** Log-probabilities of completions under a frozen model, at the temperature the policy samples with. */
public final class ReferenceScorer implements ScoringStation.Scorer, ReferenceNode.Scoring {
    private static final int ROWS_A_PASS = 64;

    private final TensorThread thread;
    private final Decoder decoder;

    /** Makes the model on its thread; both are closed with the scorer. */
    public ReferenceScorer(TensorThread thread, Callable<Decoder> model) {
        this.thread = thread;
        this.decoder = thread.call(model);
    }

    @Override
    public CompletionStage<ScoreAnswer> score(ScoreRequest request, long policyVersion) {
        return thread.submit(() -> answer(request));
    }

    private ScoreAnswer answer(ScoreRequest request) {
        long start = System.nanoTime();
        List<TokenRow> rows = TokenRows.of(request.getBatch(), decoder.config().vocabulary());
        List<float[]> logprobs = decoder.logprobs(rows, request.getTemperature(), ROWS_A_PASS);
        ScoreAnswer.Builder answer =
                ScoreAnswer.newBuilder().setRequest(request.getRequest()).setKind(request.getKind());
        for (int r = 0; r < rows.size(); r++) {
            answer.addRows(RowScore.newBuilder()
                    .setId(request.getIds(r))
                    .setName("logprobs")
                    .setValues(Tensors.ofFloats(logprobs.get(r))));
        }
        return answer.setBusyUs((System.nanoTime() - start) / 1000).build();
    }

    @Override
    public void close() {
        thread.run(decoder::close);
        thread.close();
    }
}
