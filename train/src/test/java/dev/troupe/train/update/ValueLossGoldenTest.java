package dev.troupe.train.update;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.troupe.model.Autograd;
import dev.troupe.model.Libtorch;
import dev.troupe.model.TensorThread;
import dev.troupe.train.golden.Golden;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The value loss of TRL's PPO over a padded grid, executed by TRL's own lines. */
class ValueLossGoldenTest {
    static Stream<Golden.Case> cases() {
        return Golden.cases("loss/ppo", c -> c.kind().equals("loss/ppo"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void lossGradientAndClippedShare(Golden.Case golden) {
        try (TensorThread thread = TensorThread.start("loss", 1);
                NDManager scope = Libtorch.scope()) {
            thread.run(() -> check(golden, scope));
        }
    }

    private static void check(Golden.Case golden, NDManager scope) {
        float[] mask = states(golden);
        int count = 0;
        for (float m : mask) {
            count += m > 0 ? 1 : 0;
        }
        NDArray values = scope.create(golden.input("new_values"));
        NDArray returns = scope.create(Golden.floats(golden.expected().path("returns")));
        values.setRequiresGradient(true);
        var h = golden.hyper();
        NDList answer;
        try (Autograd.Recording on = Autograd.record()) {
            answer = ValueLoss.of(
                    scope,
                    values,
                    scope.create(golden.input("values")),
                    returns,
                    scope.create(mask),
                    h.get("cliprange_value").asDouble(),
                    h.get("vf_coef").asDouble(),
                    count);
            Autograd.backward(answer.get(0));
        }
        float[] statistics = answer.get(1).toFloatArray();
        golden.check("value_loss", statistics[ValueLoss.LOSS]);
        golden.check("metrics.val/clipfrac_avg", statistics[ValueLoss.CLIPPED]);
        double policy = golden.expected().path("policy_loss").asDouble();
        golden.check("loss", policy + answer.get(0).getFloat());
        float[] gradient = values.getGradient().toFloatArray();
        double[] wide = new double[gradient.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = gradient[i];
        }
        golden.check("grad_new_values", wide);
    }

    /** 1 at the tokens up to the first end token, and at the state after it. */
    private static float[] states(Golden.Case golden) {
        int width = golden.columns("responses");
        int[] responses = golden.inputInts("responses");
        int eos = golden.hyper().get("eos_token_id").asInt();
        float[] mask = new float[responses.length];
        for (int r = 0; r < responses.length / width; r++) {
            boolean ended = false;
            for (int t = 0; t < width; t++) {
                mask[r * width + t] = 1;
                if (ended) {
                    break;
                }
                ended = responses[r * width + t] == eos;
            }
        }
        return mask;
    }
}
