package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.nio.ByteBuffer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Quantisation to the bit as bitsandbytes does it. */
class Nf4GoldenTest {
    @TestFactory
    Stream<DynamicTest> matrices() {
        return GoldenFolder.of("nf4").stream().map(c -> DynamicTest.dynamicTest(c.name(), () -> matrix(c)));
    }

    private static void matrix(GoldenFolder.Case c) {
        TensorSet tensors = Safetensors.read(c.beside("tensors"));
        JsonNode expected = c.json().get("expected");
        assertThat(expected.fieldNames())
                .toIterable()
                .containsExactlyInAnyOrder(
                        "absmax",
                        "packed_first",
                        "dequantized",
                        "dequantized_nested",
                        "offset",
                        "mean_abs_error",
                        // bitsandbytes against a computation by hand, not ours
                        "nested_hand_difference_max");
        assertThat(Nf4.CODE).isEqualTo(tensors.get("code").floats());
        assertThat(Nf4.MAGNITUDE_CODE).isEqualTo(tensors.get("nested_code").floats());
        HostTensor weight = tensors.get("weight");
        Nf4.Matrix made = Nf4.quantize(weight.data().asFloatBuffer());
        assertThat(bytes(made.packed())).isEqualTo(bytes(tensors.get("packed").data()));
        for (int i = 0; i < expected.get("packed_first").size(); i++) {
            assertThat(made.packed().get(i) & 0xFF)
                    .isEqualTo(expected.get("packed_first").get(i).asInt());
        }
        assertThat(bytes(made.codes()))
                .isEqualTo(bytes(tensors.get("nested_absmax_codes").data()));
        assertThat(made.scales()).isEqualTo(tensors.get("nested_absmax").floats());
        assertThat(made.offset()).isEqualTo(tensors.get("offset").floats()[0]);
        assertThat(made.offset()).isEqualTo((float) expected.get("offset").asDouble());
        numbers(c, tensors, made);
    }

    /** By the script's own formula, written out again, and without nesting. */
    private static void numbers(GoldenFolder.Case c, TensorSet tensors, Nf4.Matrix made) {
        JsonNode expected = c.json().get("expected");
        float[] weight = tensors.get("weight").floats();
        float[] plain = tensors.get("absmax").floats();
        float[] first = GoldenFolder.floats(expected.get("absmax"));
        float[] after = tensors.get("absmax_after_nesting").floats();
        float[] nested = tensors.get("dequantized_nested").floats();
        float[] whole = tensors.get("dequantized").floats();
        double relative = c.json().get("tolerance").get("nested_rel").asDouble();
        float absolute =
                (float) c.json().get("tolerance").get("dequantized_abs").asDouble();
        double[] sums = new double[4];
        double error = 0;
        for (int b = 0; b < plain.length; b++) {
            float largest = 0;
            for (int i = 0; i < Nf4.BLOCK; i++) {
                largest = Math.max(largest, Math.abs(weight[b * Nf4.BLOCK + i]));
            }
            assertThat(largest).isEqualTo(plain[b]);
            if (b < first.length) {
                assertThat(largest).isEqualTo(first[b]);
            }
            float spread = Nf4.MAGNITUDE_CODE[made.codes().get(b) & 0xFF] * made.scales()[b / Nf4.RUN] + made.offset();
            assertThat(spread).isCloseTo(after[b], within((float) (relative * Math.abs(after[b]))));
            for (int i = b * Nf4.BLOCK; i < (b + 1) * Nf4.BLOCK; i++) {
                int half = made.packed().get(i / 2) >> (i % 2 == 0 ? 4 : 0) & 15;
                assertThat(Nf4.CODE[half] * largest).isCloseTo(whole[i], within(absolute));
                float twice = Nf4.CODE[half] * spread;
                assertThat(twice).isCloseTo(nested[i], within((float) (relative * Math.abs(nested[i]))));
                sums[0] += whole[i];
                sums[1] += (double) whole[i] * whole[i];
                sums[2] += twice;
                sums[3] += (double) twice * twice;
                error += Math.abs(Nf4.CODE[half] * largest - weight[i]) / weight.length;
            }
        }
        String[] names = {"dequantized", "dequantized", "dequantized_nested", "dequantized_nested"};
        for (int k = 0; k < 4; k++) {
            double wanted =
                    expected.get(names[k]).get(k % 2 == 0 ? "sum" : "sumsq").asDouble();
            assertThat(sums[k]).as(names[k]).isCloseTo(wanted, within(1e-6 * weight.length));
        }
        assertThat(error).isCloseTo(expected.get("mean_abs_error").asDouble(), within(1e-8));
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] out = new byte[buffer.capacity()];
        buffer.get(0, out);
        return out;
    }
}
