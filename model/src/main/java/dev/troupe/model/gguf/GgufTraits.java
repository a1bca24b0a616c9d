package dev.troupe.model.gguf;

import dev.troupe.model.DecoderTraits;
import dev.troupe.model.DecoderTraits.Activation;
import dev.troupe.model.DecoderTraits.Biases;
import dev.troupe.model.DecoderTraits.QkNorm;
import dev.troupe.model.DecoderTraits.Scales;
import dev.troupe.model.DecoderTraits.Windows;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.Rope;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a GGUF file's decoder computes beyond Llama, with the defaults that llama.cpp has for each architecture. */
final class GgufTraits {
    private static final double NEAR = 1e-6;
    /** Layers of the models whose scores are not scaled by the head's width: Gemma 2 27B, Gemma 3 27B. */
    private static final int GEMMA2_27B = 46;

    private static final int GEMMA3_27B = 62;

    private final GgufMetadata data;
    private final GgufArchitecture architecture;
    private final GgufTensors tensors;
    private final Sizes sizes;

    /** What the scales depend on. */
    record Sizes(int hidden, int layers, int heads, int headDim, int context) {}

    GgufTraits(GgufMetadata data, GgufArchitecture architecture, GgufTensors tensors, Sizes sizes) {
        this.data = data;
        this.architecture = architecture;
        this.tensors = tensors;
        this.sizes = sizes;
    }

    /** @param rope the rope of the layers that see the whole row */
    DecoderTraits read(Rope rope, GgufRope ropes) {
        return new DecoderTraits(
                biases(),
                qkNorm(),
                architecture.normsWithOne(),
                architecture.normsWithOne() ? Activation.GELU_TANH : Activation.SILU,
                false,
                scales(),
                windows(rope, ropes));
    }

    private Biases biases() {
        boolean qkv = GgufNames.ATTENTION.stream().anyMatch(part -> tensors.hasInLayer(part, "bias"))
                || tensors.hasInLayer(GgufNames.QKV, "bias");
        boolean attention = qkv || tensors.hasInLayer("attn_output", "bias");
        boolean mlp = tensors.hasInLayer("ffn_gate", "bias")
                || tensors.hasInLayer("ffn_up", "bias")
                || tensors.hasInLayer("ffn_down", "bias");
        return switch (architecture.biases()) {
            case NONE -> new Biases(false, false, false);
            case QKV -> new Biases(true, false, false);
            case ATTENTION -> new Biases(attention, attention, false);
            case ALL -> new Biases(attention, attention, mlp);
        };
    }

    private QkNorm qkNorm() {
        return switch (architecture) {
            case QWEN3, GEMMA3 -> QkNorm.HEAD;
            case OLMO2 -> QkNorm.ALL_HEADS;
            default -> QkNorm.NONE;
        };
    }

    private double number(String key, double otherwise) {
        String name = architecture.key() + "." + key;
        return data.has(name) ? data.number(name) : otherwise;
    }

    /** A number of which 0 says that it is not there. */
    private double orNone(String key, double none) {
        double value = number(key, 0);
        return value == 0 ? none : value;
    }

    private Scales scales() {
        return switch (architecture) {
            case GEMMA -> new Scales(0, embedding(), 1, 1, 0, 0);
            case GEMMA2 ->
                new Scales(
                        orNone("attention.scale", attention(architecture, sizes)),
                        embedding(),
                        1,
                        1,
                        number("attn_logit_softcapping", 50),
                        number("final_logit_softcapping", 30));
            case GEMMA3 ->
                new Scales(
                        orNone("attention.scale", attention(architecture, sizes)),
                        embedding(),
                        1,
                        1,
                        0,
                        number("final_logit_softcapping", 0));
            case GRANITE ->
                new Scales(
                        orNone("attention.scale", attention(architecture, sizes)),
                        orNone("embedding_scale", 1),
                        orNone("residual_scale", 1),
                        1 / logits(),
                        0,
                        0);
            case MINICPM ->
                new Scales(
                        0,
                        orNone("embedding_scale", 12),
                        orNone("residual_scale", 1.4 / Math.sqrt(sizes.layers)),
                        1 / orNone("logit_scale", sizes.hidden / 256.0),
                        0,
                        0);
            default -> Scales.NONE;
        };
    }

    private double logits() {
        String key = architecture.key() + ".logit_scale";
        double scale = data.number(key);
        if (!(scale > 0)) {
            throw data.wrong(key, "= " + scale + ": expected a number above 0");
        }
        return scale;
    }

    private double embedding() {
        return (float) Math.sqrt(sizes.hidden);
    }

    /** What llama.cpp multiplies scores by where no key says it. */
    static double attention(GgufArchitecture architecture, ModelConfig config) {
        return attention(
                architecture,
                new Sizes(config.hidden(), config.layers(), config.heads(), config.headDim(), config.maxPositions()));
    }

    private static double attention(GgufArchitecture architecture, Sizes sizes) {
        boolean largest = architecture == GgufArchitecture.GEMMA2 && sizes.layers == GEMMA2_27B
                || architecture == GgufArchitecture.GEMMA3 && sizes.layers == GEMMA3_27B;
        return 1 / Math.sqrt(largest ? sizes.hidden / sizes.heads : sizes.headDim);
    }

    /** Refuses another scale of scores where the family has but one. */
    void checkScale() {
        double usual = 1 / Math.sqrt(sizes.headDim);
        double scale = orNone("attention.scale", usual);
        boolean read = architecture == GgufArchitecture.GRANITE
                || architecture == GgufArchitecture.GEMMA2
                || architecture == GgufArchitecture.GEMMA3;
        if (!read && Math.abs(scale - usual) > NEAR * usual) {
            throw data.wrong(
                    architecture.key() + ".attention.scale",
                    "= " + scale + ": expected 1 / sqrt(" + sizes.headDim + "), as in all " + architecture.key()
                            + " models");
        }
    }

    private Windows windows(Rope rope, GgufRope ropes) {
        String key = architecture.key() + ".attention.sliding_window";
        return switch (architecture) {
            case GEMMA2 ->
                windows(
                        data.integer(key, 4096),
                        pattern(2),
                        rope,
                        new Rope(ropes.windowed(rope.theta()).theta(), rope.scaling(), rope.partial()));
            case GEMMA3 -> windows(data.integer(key, 0), pattern(6), rope, ropes.windowed(10000));
            case OLMO2 -> windows(data.integer(key, 0), pattern(4), rope, ropes.windowed(rope.theta()));
            case PHI3 -> windows(data.integer(key, 0), List.of(), rope, rope);
            default -> none(key, rope, ropes);
        };
    }

    private Windows none(String key, Rope rope, GgufRope ropes) {
        int size = data.integer(key, 0);
        if (size != 0 && size < sizes.context) {
            throw data.wrong(
                    key, "= " + size + ": layers of a window are not known of " + architecture.key() + " in GGUF");
        }
        if (ropes.windowed(rope.theta()).theta() != rope.theta()) {
            throw data.wrong(
                    architecture.key() + ".rope.freq_base_swa",
                    "= " + ropes.windowed(0).theta() + ": there are no windowed layers that it could be for");
        }
        return Windows.NONE;
    }

    private static Windows windows(int size, List<Boolean> layers, Rope full, Rope windowed) {
        @Nullable Rope own = windowed.equals(full) ? null : windowed;
        return size == 0 ? Windows.NONE : new Windows(size, layers, own);
    }

    /** Which layers are windowed: a list, or every layer but each n-th. */
    private List<Boolean> pattern(int otherwise) {
        String key = architecture.key() + ".attention.sliding_window_pattern";
        List<Boolean> windowed = new ArrayList<>();
        if (data.has(key) && data.isList(key)) {
            boolean[] each = data.list(key, GgufArray::flags);
            for (boolean layer : each) {
                windowed.add(layer);
            }
            if (windowed.size() != sizes.layers) {
                throw data.wrong(key, "has " + each.length + " entries for " + sizes.layers + " layers");
            }
            return windowed;
        }
        int every = data.integer(key, otherwise);
        for (int layer = 0; layer < sizes.layers; layer++) {
            windowed.add(every == 0 || layer % every < every - 1);
        }
        return windowed;
    }
}
