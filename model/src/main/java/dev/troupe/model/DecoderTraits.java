package dev.troupe.model;

import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a decoder computes beyond or in place of what Llama does. Which norms there are, its family's {@link
 * TensorNames} say.
 *
 * @param biases which linear maps add a bias
 * @param qkNorm whether queries and keys are normed
 * @param normsAddOne whether norms multiply by 1 + weight
 * @param activation of the gate
 * @param normalisedHead whether the head's rows have length 1
 * @param scales what is multiplied by a constant, and what is capped
 * @param windows which layers see a part of the row alone
 */
public record DecoderTraits(
        Biases biases,
        QkNorm qkNorm,
        boolean normsAddOne,
        Activation activation,
        boolean normalisedHead,
        Scales scales,
        Windows windows) {

    /** Llama's: none of all. */
    public static final DecoderTraits NONE = new DecoderTraits(
            new Biases(false, false, false), QkNorm.NONE, false, Activation.SILU, false, Scales.NONE, Windows.NONE);

    /** Whether query, key and value, attention's output, and the three maps of the mlp add a bias. */
    public record Biases(boolean qkv, boolean output, boolean mlp) {}

    /** What the gate goes through; decoder.py knows them by their order. */
    public enum Activation {
        /** x * sigmoid(x). */
        SILU("silu"),
        /** x * Phi(x). */
        GELU("gelu"),
        /** {@link #GELU} by tanh. */
        GELU_TANH("gelu_pytorch_tanh");

        private final String key;

        Activation(String key) {
            this.key = key;
        }

        /** Its name in config.json. */
        String key() {
            return key;
        }

        /** The one of a name in config.json; null where there is none. */
        static @Nullable Activation of(String name) {
            return switch (name) {
                case "silu", "swish" -> SILU;
                case "gelu" -> GELU;
                case "gelu_pytorch_tanh", "gelu_new" -> GELU_TANH;
                default -> null;
            };
        }
    }

    /** What queries and keys are normed over. */
    public enum QkNorm {
        /** They are not. */
        NONE,
        /** Each head by itself. */
        HEAD,
        /** All heads of queries together, and all of keys. */
        ALL_HEADS
    }

    /**
     * Constants.
     *
     * @param attention what scores are multiplied by; 0 for 1 / sqrt(head_dim)
     * @param embedding what embeddings are multiplied by
     * @param residual what attention's and the mlp's outputs are multiplied by before they are added
     * @param logits what logits are multiplied by
     * @param attentionCap scores s become cap * tanh(s / cap); 0 for none
     * @param logitCap the same for logits
     */
    public record Scales(
            double attention, double embedding, double residual, double logits, double attentionCap, double logitCap) {
        /** All neutral. */
        public static final Scales NONE = new Scales(0, 1, 1, 1, 0, 0);

        /** Checks that each is a number that can be computed with. */
        public Scales {
            check("attention scale", attention, attention >= 0);
            check("embedding scale", embedding, embedding > 0);
            check("residual scale", residual, residual > 0);
            check("logit scale", logits, logits > 0);
            check("attention softcap", attentionCap, attentionCap >= 0);
            check("logit softcap", logitCap, logitCap >= 0);
        }

        private static void check(String what, double value, boolean ok) {
            if (!ok || !Double.isFinite(value)) {
                throw new IllegalArgumentException(what + " = " + value + ": expected a positive number");
            }
        }

        boolean onlyAttention() {
            return embedding == 1 && residual == 1 && logits == 1 && attentionCap == 0 && logitCap == 0;
        }
    }

    /**
     * Windowed layers: a token sees itself and the {@code size - 1} before it.
     *
     * @param size tokens; 0 where no layer is windowed
     * @param layers for each layer whether it is; empty for all
     * @param rope of windowed layers where it differs from the others'
     */
    public record Windows(
            int size, List<Boolean> layers, @Nullable Rope rope) {
        /** None. */
        public static final Windows NONE = new Windows(0, List.of(), null);

        /** Checks the size. */
        public Windows {
            layers = List.copyOf(layers);
            if (size < 0) {
                throw new IllegalArgumentException("sliding_window = " + size + ": expected at least 1");
            }
        }

        /** Whether a layer is windowed. */
        public boolean at(int layer) {
            return size > 0 && (layers.isEmpty() || layers.get(layer));
        }

        /** Whether all layers are alike. */
        boolean uniform() {
            return size == 0 || (rope == null && !layers.contains(false));
        }

        /** Without effect in rows of up to {@code positions} tokens if all ropes are alike. */
        Windows within(int positions) {
            boolean none = Collections.frequency(layers, true) == 0 && !layers.isEmpty();
            return none || (size >= positions && rope == null) ? NONE : this;
        }
    }

    /** Whether kernel.py computes it (if the family's norms stand where Llama's do). */
    boolean byKernel() {
        return !biases.output
                && !biases.mlp
                && qkNorm == QkNorm.NONE
                && !normsAddOne
                && activation == Activation.SILU
                && scales.onlyAttention()
                && windows.uniform();
    }
}
