package dev.troupe.reference;

import dev.troupe.model.Decoder;
import dev.troupe.model.SoftTargets;
import dev.troupe.model.TensorThread;
import dev.troupe.model.TokenRow;
import dev.troupe.model.TokenRows;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.RowScore;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.transport.ScoreAnswers;
import dev.troupe.transport.ScoringStation;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * A frozen model's distributions at the completions' positions, over the whole vocabulary or over its likeliest tokens
 * and all others together, at the temperature that the request asks for. They leave in messages of bounded size as they
 * are computed.
 */
public final class TeacherScorer implements ScoringStation.PieceScorer, ReferenceNode.Scoring {
    private static final int ROWS_A_PASS = 16;
    /** A message is sent before it grows beyond this; one position of a vocabulary of 196,608 fills it. */
    private static final int MESSAGE_BYTES = 768 << 10;

    private static final String NAME = "soft_targets";

    private final TensorThread thread;
    private final Decoder decoder;

    /** Makes the model on its thread; both are closed with the scorer. */
    public TeacherScorer(TensorThread thread, Callable<Decoder> model) {
        this.thread = thread;
        this.decoder = thread.call(model);
    }

    @Override
    public CompletionStage<?> score(ScoreRequest request, long policyVersion, Consumer<ScoreAnswer> answers) {
        return thread.submit(() -> {
            answer(request, answers);
            return true;
        });
    }

    /** Rows of like length share a pass. */
    private void answer(ScoreRequest request, Consumer<ScoreAnswer> answers) {
        List<TokenRow> rows = TokenRows.of(request.getBatch(), decoder.config().vocabulary());
        List<Integer> order = IntStream.range(0, rows.size())
                .boxed()
                .sorted(Comparator.comparingInt(r -> rows.get(r).length()))
                .toList();
        Pieces pieces = new Pieces(request, answers);
        for (int from = 0; from < order.size(); from += ROWS_A_PASS) {
            List<Integer> some = order.subList(from, Math.min(from + ROWS_A_PASS, order.size()));
            decoder.softTargets(
                    some.stream().map(rows::get).toList(),
                    request.getTopK(),
                    request.getTemperature(),
                    (row, first, part) -> pieces.add(some.get(row), first, part));
        }
        pieces.flush();
    }

    /** Cuts what is computed into messages. */
    private static final class Pieces {
        private final ScoreRequest request;
        private final Consumer<ScoreAnswer> answers;
        private ScoreAnswer.Builder message;
        private int bytes;
        private long since = System.nanoTime();

        Pieces(ScoreRequest request, Consumer<ScoreAnswer> answers) {
            this.request = request;
            this.answers = answers;
            this.message = ScoreAnswers.begin(request, 0, 0);
        }

        void add(int row, int first, SoftTargets part) {
            int positionBytes = Float.BYTES * (part.buckets() + part.topK());
            int most = Math.max(1, MESSAGE_BYTES / positionBytes);
            for (int from = 0; from < part.positions(); from += most) {
                int to = Math.min(from + most, part.positions());
                int size = (to - from) * positionBytes;
                if (bytes > 0 && bytes + size > MESSAGE_BYTES) {
                    flush();
                }
                message.addRows(piece(row, first, part, from, to));
                bytes += size;
            }
        }

        private RowScore piece(int row, int first, SoftTargets part, int from, int to) {
            int k = part.topK();
            int buckets = part.buckets();
            float[] values = Arrays.copyOfRange(part.logprobs(), from * buckets, to * buckets);
            RowScore.Builder piece = RowScore.newBuilder()
                    .setId(request.getIds(row))
                    .setName(NAME)
                    .setFirst(first + from);
            for (int i = 0; i < values.length; i++) {
                if (!Float.isFinite(values[i])) {
                    String what = "the teacher's log-probability at position " + (first + from + i / buckets) + " is "
                            + values[i];
                    return ScoreAnswers.failedRow(request, row, NAME, "not_finite", what);
                }
            }
            if (k > 0) {
                int[] ids = Arrays.copyOfRange(part.ids(), from * k, to * k);
                piece.setIds(Tensors.of(HostTensor.ofInts(ids, to - from, k)));
            }
            return piece.setValues(Tensors.of(HostTensor.ofFloats(values, to - from, buckets)))
                    .build();
        }

        void flush() {
            if (bytes == 0) {
                return;
            }
            answers.accept(message.setBusyUs((System.nanoTime() - since) / 1000).build());
            message = ScoreAnswers.begin(request, 0, 0);
            bytes = 0;
            since = System.nanoTime();
        }
    }

    @Override
    public void close() {
        thread.run(decoder::close);
        thread.close();
    }
}
