package dev.troupe.train.algorithm;

import ai.djl.ndarray.NDArray;
import dev.troupe.model.ModelException;
import dev.troupe.model.Script;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * A loss in TorchScript.
 *
 * @param script where the method stands; see {@link #script}
 * @param method {@code def NAME(self, t: Dict[str, Tensor]) -> Dict[str, Tensor]}: of the named tensors that
 *     {@code common.py} lists to {@code loss}, the mini-batch's part of the loss that these rows make, and metrics by
 *     their final names, which add up over the parts of a mini-batch
 * @param aggregation how the numbers of tokens become one
 * @param numbers the algorithm's own, which the script sees by name
 */
public record Loss(Script script, String method, Aggregation aggregation, Map<String, Double> numbers) {
    private static final String COMMON = "common.py";

    public Loss {
        numbers = Map.copyOf(numbers);
    }

    /** The part of the loss in what a loss's script answers. */
    public static NDArray of(Map<String, NDArray> answers) {
        NDArray loss = answers.get("loss");
        if (loss == null) {
            throw new ModelException("a loss answered " + answers.keySet() + "; expected \"loss\" among them");
        }
        return loss;
    }

    /** Whether the loss hangs on the entropies, so that they need a gradient. */
    public boolean onEntropy() {
        return numbers.getOrDefault("entropy_coef", 0.0) > 0;
    }

    /** Compiles an algorithm's methods together with those that all share. */
    public static Script script(String name, String methods) {
        try (InputStream in = Loss.class.getResourceAsStream(COMMON)) {
            if (in == null) {
                throw new ModelException("no " + COMMON + " beside " + Loss.class.getName());
            }
            return Script.compile(name, new String(in.readAllBytes(), StandardCharsets.UTF_8) + "\n" + methods);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
