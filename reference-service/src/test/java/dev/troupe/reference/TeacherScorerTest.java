package dev.troupe.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.Batch;
import dev.troupe.model.Decoder;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelInit;
import dev.troupe.model.TensorThread;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.RowScore;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreKind;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.proto.v1.TokenBatch;
import dev.troupe.transport.AeronNode;
import dev.troupe.transport.ScoringStation;
import dev.troupe.transport.Station;
import dev.troupe.transport.Stream;
import dev.troupe.transport.TransportException;
import dev.troupe.transport.TransportSettings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a teacher says, put together from its messages, against its logits in float64. */
class TeacherScorerTest {
    private static final ModelConfig CONFIG = ModelConfig.llama(5000, 16, 24, 1, 2, 1, 80);
    private static final TensorSet WEIGHTS = ModelInit.random(CONFIG, 3);
    /** More rows than one pass takes, in no order of length. */
    private static final List<TokenRow> ROWS = rows();

    private static List<TokenRow> rows() {
        List<TokenRow> rows = new ArrayList<>();
        Random random = new Random(7);
        for (int i = 0; i < 18; i++) {
            int length = 3 + random.nextInt(60);
            rows.add(new TokenRow(random.ints(length, 0, 5000).toArray(), 1 + random.nextInt(2)));
        }
        return rows;
    }

    private static ScoreRequest request(int topK, double temperature, List<TokenRow> rows) {
        ScoreRequest.Builder request = ScoreRequest.newBuilder()
                .setRequest(4)
                .setKind(ScoreKind.SCORE_KIND_TEACHER)
                .setTopK(topK)
                .setTemperature(temperature)
                .setBatch(TokenBatch.newBuilder()
                        .setIds(Tensors.ofInts(rows.stream()
                                .flatMapToInt(r -> Arrays.stream(r.ids()))
                                .toArray()))
                        .setLengths(Tensors.ofInts(
                                rows.stream().mapToInt(TokenRow::length).toArray()))
                        .setPromptLengths(Tensors.ofInts(
                                rows.stream().mapToInt(TokenRow::promptLength).toArray())));
        for (int i = 0; i < rows.size(); i++) {
            request.addIds(new TrajectoryId(i, 1).message());
        }
        return request.build();
    }

    private static TeacherScorer teacher() {
        return new TeacherScorer(TensorThread.start("teacher", 1), () -> Decoder.load(CONFIG, WEIGHTS, false));
    }

    /** Log-probabilities by row, position and token. */
    private static double[][][] logprobs(double temperature) {
        try (TensorThread thread = TensorThread.start("alone", 1)) {
            return thread.call(() -> {
                double[][][] all = new double[ROWS.size()][][];
                try (Decoder decoder = Decoder.load(CONFIG, WEIGHTS, false)) {
                    for (int r = 0; r < all.length; r++) {
                        try (Batch batch = Batch.of(List.of(ROWS.get(r)), Batch.Kind.COMPLETION)) {
                            all[r] = normalised(decoder.logits(batch).toFloatArray(), batch.outputs(), temperature);
                        }
                    }
                }
                return all;
            });
        }
    }

    private static double[][] normalised(float[] logits, int positions, double temperature) {
        int v = logits.length / positions;
        double[][] out = new double[positions][v];
        for (int i = 0; i < positions; i++) {
            double sum = 0;
            for (int j = 0; j < v; j++) {
                sum += Math.exp(logits[i * v + j] / temperature);
            }
            for (int j = 0; j < v; j++) {
                out[i][j] = logits[i * v + j] / temperature - Math.log(sum);
            }
        }
        return out;
    }

    @ParameterizedTest
    @CsvSource({"0, 1.0", "6, 0.7"})
    void shouldSendEveryPositionOnceInMessagesOfBoundedSize(int topK, double temperature) throws Exception {
        double[][][] expected = logprobs(temperature);
        List<ScoreAnswer> answers = new ArrayList<>();
        try (TeacherScorer teacher = teacher()) {
            teacher.score(request(topK, temperature, ROWS), 0, answers::add)
                    .toCompletableFuture()
                    .get(60, TimeUnit.SECONDS);
        }
        Map<Integer, boolean[]> seen = new TreeMap<>();
        for (ScoreAnswer answer : answers) {
            assertThat(answer.getRequest()).isEqualTo(4);
            assertThat(answer.getSerializedSize()).isLessThan(1 << 20);
            for (RowScore piece : answer.getRowsList()) {
                int row = (int) piece.getId().getDraw();
                HostTensor values = Tensors.host(piece.getValues());
                int buckets = (int) values.shape()[1];
                int[] ids = piece.hasIds() ? Tensors.host(piece.getIds()).ints() : new int[0];
                assertThat(buckets).isEqualTo(topK == 0 ? 5000 : topK + 1);
                assertThat(ids).hasSize((int) values.shape()[0] * topK);
                boolean[] positions =
                        seen.computeIfAbsent(row, r -> new boolean[ROWS.get(r).completionLength()]);
                for (int i = 0; i < values.shape()[0]; i++) {
                    int at = piece.getFirst() + i;
                    assertThat(positions[at]).isFalse();
                    positions[at] = true;
                    float[] got = Arrays.copyOfRange(values.floats(), i * buckets, (i + 1) * buckets);
                    check(got, Arrays.copyOfRange(ids, i * topK, (i + 1) * topK), expected[row][at]);
                }
            }
        }
        assertThat(seen).hasSize(ROWS.size());
        seen.values().forEach(positions -> assertThat(positions).doesNotContain(false));
        assertThat(answers).hasSizeGreaterThanOrEqualTo(topK == 0 ? 10 : 1);
    }

    private static void check(float[] got, int[] ids, double[] expected) {
        double others = 1;
        for (int k = 0; k < ids.length; k++) {
            assertThat((double) got[k]).isCloseTo(expected[ids[k]], Offset.offset(1e-4));
            others -= Math.exp(expected[ids[k]]);
        }
        if (ids.length > 0) {
            assertThat((double) got[ids.length]).isCloseTo(Math.log(others), Offset.offset(1e-4));
            assertThat(got[ids.length - 1])
                    .isGreaterThanOrEqualTo((float) Arrays.stream(expected)
                                    .sorted()
                                    .skip(expected.length - ids.length)
                                    .findFirst()
                                    .orElseThrow()
                            - 1e-4f);
            return;
        }
        for (int v = 0; v < got.length; v++) {
            assertThat((double) got[v]).isCloseTo(expected[v], Offset.offset(1e-4));
        }
    }

    @Test
    void shouldTravelOverAeronWithBackPressure() throws Exception {
        // Room for a message and a half: the teacher waits for the asker, who acknowledges late.
        TransportSettings narrow =
                TransportSettings.from(ConfigFactory.parseString("transport.outbox_bytes = 1300 KiB"));
        BlockingQueue<ScoreAnswer> answers = new LinkedBlockingQueue<>();
        try (AeronNode aeron = AeronNode.start(narrow);
                TeacherScorer teacher = teacher()) {
            Station asker = aeron.open("asker", null);
            asker.receive(Stream.SCORE_ANSWERS, d -> {
                answers.add((ScoreAnswer) d.body());
                d.ack(0, 0);
            });
            Station station = aeron.open("teacher", null);
            ScoringStation.openPieces(station, teacher);
            asker.outbox(station.address(), Stream.SCORE_REQUESTS).send(request(0, 1, ROWS), 0);
            int left = ROWS.stream().mapToInt(TokenRow::completionLength).sum();
            while (left > 0) {
                ScoreAnswer answer = answers.poll(60, TimeUnit.SECONDS);
                assertThat(answer).isNotNull();
                for (RowScore piece : answer.getRowsList()) {
                    left -= (int) piece.getValues().getShape(0);
                }
            }
            assertThat(left).isZero();
        }
    }

    @Test
    void shouldStopWhenNobodyTakesItsAnswers() {
        try (TeacherScorer teacher = teacher()) {
            List<ScoreAnswer> taken = new ArrayList<>();
            var done = teacher.score(request(0, 1, ROWS), 0, answer -> {
                taken.add(answer);
                throw new TransportException("no room");
            });
            assertThatThrownBy(() -> done.toCompletableFuture().get(60, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .hasMessageContaining("no room");
            assertThat(taken).hasSize(1);
        }
    }

    @Test
    void shouldRefuseTokensItDoesNotKnow() {
        List<TokenRow> foreign = List.of(TokenRow.of(new int[] {1}, new int[] {5000}));
        try (TeacherScorer teacher = teacher()) {
            var done = teacher.score(request(0, 1, foreign), 0, answer -> {});
            assertThatThrownBy(() -> done.toCompletableFuture().get(60, TimeUnit.SECONDS))
                    .hasMessageContaining("token id 5000 lies outside the vocabulary of 5000");
        }
    }
}
