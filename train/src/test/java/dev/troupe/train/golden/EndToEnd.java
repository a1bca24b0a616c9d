package dev.troupe.train.golden;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.model.Decoder;
import dev.troupe.model.ModelFolder;
import dev.troupe.proto.TensorSet;
import dev.troupe.train.optim.AdamSettings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The parts that all end-to-end cases share: models, optimizer, and the comparison of what comes out. */
public final class EndToEnd {
    private EndToEnd() {}

    /** The model that the case names {@code role}. */
    public static Decoder model(Golden.Case golden, String role, boolean trainable) {
        ModelFolder folder = ModelFolder.open(
                golden.resolve(golden.json().path("models").path(role).asText()));
        return Decoder.load(folder.config(), folder.weights(), trainable);
    }

    /** The case's AdamW. */
    public static AdamSettings adam(Golden.Case golden) {
        JsonNode o = golden.json().path("optimizer");
        return new AdamSettings(
                o.path("betas").path(0).asDouble(),
                o.path("betas").path(1).asDouble(),
                o.path("eps").asDouble(),
                o.path("weight_decay").asDouble(),
                !o.has("decayed"));
    }

    public static double rate(Golden.Case golden) {
        return golden.json().path("optimizer").path("lr").asDouble();
    }

    public static int steps(Golden.Case golden) {
        return golden.json().path("optimizer").path("steps").asInt();
    }

    public static double clip(Golden.Case golden) {
        return golden.json().path("optimizer").path("clip_norm").asDouble();
    }

    /** Losses a step. */
    public static void checkLosses(Golden.Case golden, List<Double> losses) {
        double[] want = Golden.doubles(golden.expected().path("losses"));
        assertThat(losses).hasSize(want.length);
        for (int i = 0; i < want.length; i++) {
            assertThat(losses.get(i))
                    .as("loss of step " + i)
                    .isCloseTo(want[i], org.assertj.core.data.Offset.offset(tolerance(golden, "loss_abs")));
        }
    }

    /** Joint gradient norms a step, before clipping. */
    public static void checkNorms(Golden.Case golden, List<Double> norms) {
        double[] want = Golden.doubles(golden.expected().path("grad_norms_before_clipping"));
        assertThat(norms).hasSize(want.length);
        for (int i = 0; i < want.length; i++) {
            near("gradient norm of step " + i, norms.get(i), want[i], tolerance(golden, "grad_norm_rel"));
        }
    }

    /** Each parameter's gradient norm in the first step. */
    public static void checkFirstGradients(Golden.Case golden, String prefix, TensorSet gradients) {
        JsonNode want = golden.expected().path("first_step_grad_norm_per_parameter");
        int seen = 0;
        for (String name : gradients.names()) {
            assertThat(want.has(prefix + name)).as(prefix + name).isTrue();
            double norm = Math.sqrt(sumOfSquares(gradients.get(name).floats()));
            near(
                    "gradient of " + prefix + name,
                    norm,
                    want.path(prefix + name).asDouble(),
                    tolerance(golden, "grad_norm_rel"));
            seen++;
        }
        assertThat(seen).isEqualTo(names(want, prefix).size());
    }

    /** Sums and first values of each parameter at the end. */
    public static void checkParameters(Golden.Case golden, String prefix, TensorSet weights) {
        JsonNode want = golden.expected().path("parameters_after");
        assertThat(weights.names()).hasSize(names(want, prefix).size());
        for (String name : weights.names()) {
            JsonNode w = want.path(prefix + name);
            assertThat(w.isMissingNode()).as(prefix + name).isFalse();
            float[] got = weights.get(name).floats();
            double sum = 0;
            for (float x : got) {
                sum += x;
            }
            assertThat(sum)
                    .as("sum of " + prefix + name)
                    .isCloseTo(
                            w.path("sum").asDouble(),
                            org.assertj.core.data.Offset.offset(tolerance(golden, "sum_abs_per_element") * got.length));
            near("squares of " + name, sumOfSquares(got), w.path("sumsq").asDouble(), tolerance(golden, "sumsq_rel"));
            double[] first = Golden.doubles(w.path("first"));
            for (int i = 0; i < first.length; i++) {
                // An AdamW step moves a number by up to the learning rate; 2 % of one step.
                assertThat((double) got[i])
                        .as(prefix + name + "[" + i + "]")
                        .isCloseTo(first[i], org.assertj.core.data.Offset.offset(0.02 * rate(golden)));
            }
        }
    }

    /** The tokens of a row that are not padding. */
    public static int[] withoutPadding(int[] grid, int columns, int row) {
        return Arrays.stream(grid, row * columns, (row + 1) * columns)
                .filter(id -> id != 0)
                .toArray();
    }

    private static List<String> names(JsonNode object, String prefix) {
        List<String> names = new ArrayList<>();
        object.fieldNames().forEachRemaining(n -> {
            if (n.startsWith(prefix)) {
                names.add(n);
            }
        });
        return names;
    }

    private static double sumOfSquares(float[] x) {
        double sum = 0;
        for (float v : x) {
            sum += (double) v * v;
        }
        return sum;
    }

    private static double tolerance(Golden.Case golden, String name) {
        JsonNode t = golden.json().path("tolerance").path(name);
        assertThat(t.isNumber()).as("tolerance " + name).isTrue();
        return t.asDouble();
    }

    private static void near(String what, double got, double want, double relative) {
        assertThat(Math.abs(got - want))
                .as("%s: %s, expected %s", what, got, want)
                .isLessThanOrEqualTo(relative * Math.abs(want) + 1e-9);
    }
}
