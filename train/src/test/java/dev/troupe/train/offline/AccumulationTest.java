package dev.troupe.train.offline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.experience.Sequence;
import dev.troupe.model.Decoder;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import dev.troupe.train.fixture.TinyModels;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients added up over four micro-batches of four rows are those of sixteen rows at once. */
class AccumulationTest {
    private static final int ROWS = 16;
    private static final double RELATIVE = 1e-5;

    static Stream<Map.Entry<String, Objective>> objectives() {
        Random random = new Random(4);
        List<Sequence> rows = new ArrayList<>();
        List<RewardModelling.Pair> pairs = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            TokenRow row = row(random);
            rows.add(Sequence.after(row.promptLength(), row.ids()));
            pairs.add(new RewardModelling.Pair(row(random), row(random)));
        }
        return Stream.of(
                Map.entry("policy", new LanguageModelling(rows)), Map.entry("value", new RewardModelling(pairs, 0.01)));
    }

    /** Of different lengths, so that a micro-batch is padded otherwise than the whole. */
    private static TokenRow row(Random random) {
        int prompt = 1 + random.nextInt(3);
        return new TokenRow(random.ints(prompt + 1 + random.nextInt(9), 3, 48).toArray(), prompt);
    }

    @ParameterizedTest
    @MethodSource("objectives")
    void fourTimesFourRowsGiveTheGradientsOfSixteen(Map.Entry<String, Objective> of) {
        Objective objective = of.getValue();
        try (TinyModels models = new TinyModels()) {
            models.valueThread().run(() -> withHead(models.value.decoder()));
            TensorSet whole = gradients(models, of.getKey(), objective, ROWS);
            TensorSet parts = gradients(models, of.getKey(), objective, 4);

            for (String name : whole.names()) {
                float[] expected = whole.get(name).floats();
                float[] got = parts.get(name).floats();
                double distance = 0;
                double norm = 0;
                for (int i = 0; i < expected.length; i++) {
                    distance += Math.pow((double) got[i] - expected[i], 2);
                    norm += Math.pow(expected[i], 2);
                }
                assertThat(norm).as("gradient of %s", name).isPositive();
                assertThat(Math.sqrt(distance / norm)).as(name).isLessThanOrEqualTo(RELATIVE);
            }
        }
    }

    /** A head of zeros, as a new one is, would leave every other gradient zero. */
    private static void withHead(Decoder decoder) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>(decoder.export().tensors());
        HostTensor zeros = tensors.get("score.weight");
        float[] numbers = new float[zeros.floats().length];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = i % 3 - 0.7f;
        }
        tensors.put("score.weight", HostTensor.ofFloats(numbers, zeros.shape()));
        decoder.assign(TensorSet.of(tensors));
    }

    private static TensorSet gradients(TinyModels models, String name, Objective objective, int micro) {
        var model = name.equals("policy") ? models.policy : models.value;
        double count = IntStream.range(0, ROWS).mapToLong(objective::weight).sum();
        return model.thread().call(() -> {
            model.decoder().zeroGrad();
            for (int from = 0; from < ROWS; from += micro) {
                objective.accumulate(
                        model.decoder(), IntStream.range(from, from + micro).toArray(), count);
            }
            return model.decoder().exportGradients();
        });
    }
}
