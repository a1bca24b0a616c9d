package dev.troupe.model.gguf;

import dev.troupe.model.DecoderTraits;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelException;
import dev.troupe.model.ModelFamily;
import dev.troupe.model.Rope;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The configuration in a GGUF file's metadata. */
final class GgufConfig {
    /** Ends of a turn and of a message, which end a text too. */
    static final List<String> MORE_ENDS = List.of("tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id");

    static final String ARCHITECTURE = "general.architecture";

    /** Families whose files are read and written. */
    private static final List<ModelFamily> FAMILIES = List.of(ModelFamily.LLAMA, ModelFamily.QWEN2, ModelFamily.QWEN3);

    /** What Llama 3 models have besides the factor; the file holds only what comes out of it. */
    private static final double LOW_FREQUENCY = 1;

    private static final double HIGH_FREQUENCY = 4;
    private static final int[] ORIGINAL_POSITIONS = {
        8192, 32, 64, 128, 256, 512, 1024, 2048, 4096, 16384, 32768, 65536, 131072
    };

    private GgufConfig() {}

    /**
     * @param tensors number of tensors in the file, an upper bound of its layers
     * @param tied whether the file holds no head of its own
     * @param ropeFactors the divisors of the rope's frequencies, or null
     */
    static ModelConfig read(GgufMetadata data, int tensors, boolean tied, float @Nullable [] ropeFactors) {
        String name = data.text(ARCHITECTURE);
        ModelFamily family = family(name, data);
        GgufKeys.check(data, name);
        if (!data.flag(name + ".attention.causal", true)) {
            throw data.wrong(name + ".attention.causal", "= false: a token sees only those before it");
        }
        String scaling = data.text(name + ".rope.scaling.type", "none");
        if (!scaling.equals("none")) {
            throw data.wrong(name + ".rope.scaling.type", "= " + scaling + " is not supported");
        }
        int layers = data.integer(name + ".block_count");
        if (layers > tensors) {
            throw data.wrong(name + ".block_count", "= " + layers + ", but the file has " + tensors + " tensors");
        }
        int heads = data.layerInteger(name + ".attention.head_count");
        int hidden = data.integer(name + ".embedding_length");
        int headDim = data.integer(name + ".attention.key_length", hidden / Math.max(1, heads));
        same(data, name + ".attention.value_length", headDim, "attention.key_length");
        same(data, name + ".rope.dimension_count", headDim, "attention.key_length");
        double theta = data.has(name + ".rope.freq_base") ? data.number(name + ".rope.freq_base") : 10000.0;
        try {
            return new ModelConfig(
                    family,
                    false,
                    vocabulary(data, name),
                    hidden,
                    data.layerInteger(name + ".feed_forward_length"),
                    layers,
                    heads,
                    data.layerInteger(name + ".attention.head_count_kv", heads),
                    headDim,
                    data.integer(name + ".context_length"),
                    data.number(name + ".attention.layer_norm_rms_epsilon"),
                    new Rope(theta, ropeFactors == null ? Rope.PLAIN : llama3(theta, headDim, ropeFactors, data), 1),
                    tied,
                    data.integer("tokenizer.ggml.bos_token_id", -1),
                    ends(data),
                    data.integer("tokenizer.ggml.padding_token_id", -1),
                    traits(family));
        } catch (IllegalArgumentException e) {
            throw new ModelException("GGUF file " + data.source() + ": " + e.getMessage(), e);
        }
    }

    /** The metadata that {@link #read} reads. */
    static void write(ModelConfig config, GgufMetadataWriter out) {
        String name = config.family().modelType();
        requireSayable(config);
        out.text(ARCHITECTURE, name);
        out.text("general.type", "model");
        out.uint32(name + ".block_count", config.layers());
        out.uint32(name + ".context_length", config.maxPositions());
        out.uint32(name + ".embedding_length", config.hidden());
        out.uint32(name + ".feed_forward_length", config.intermediate());
        out.uint32(name + ".attention.head_count", config.heads());
        out.uint32(name + ".attention.head_count_kv", config.kvHeads());
        out.uint32(name + ".attention.key_length", config.headDim());
        out.uint32(name + ".attention.value_length", config.headDim());
        out.float32(name + ".attention.layer_norm_rms_epsilon", config.normEps());
        out.float32(name + ".rope.freq_base", config.rope().theta());
        out.uint32(name + ".rope.dimension_count", config.headDim());
        out.uint32(name + ".vocab_size", config.vocabulary());
    }

    private static void requireSayable(ModelConfig config) {
        boolean rope = config.rope().partial() == 1
                && (config.rope().scaling() instanceof Rope.Plain
                        || config.rope().scaling() instanceof Rope.Llama3);
        if (!FAMILIES.contains(config.family()) || !rope || !config.traits().equals(traits(config.family()))) {
            throw new ModelException("a " + config.family().modelType() + " with "
                    + config.traits() + " and " + config.rope()
                    + " cannot be written as a GGUF file; expected a llama, qwen2 or qwen3 without biases, windows and"
                    + " rope scaling of their own. Write a Hugging Face folder (--to hf)");
        }
    }

    private static DecoderTraits traits(ModelFamily family) {
        DecoderTraits none = DecoderTraits.NONE;
        return new DecoderTraits(
                new DecoderTraits.Biases(family == ModelFamily.QWEN2, false, false),
                family == ModelFamily.QWEN3 ? DecoderTraits.QkNorm.HEAD : DecoderTraits.QkNorm.NONE,
                none.normsAddOne(),
                none.activation(),
                none.normalisedHead(),
                none.scales(),
                none.windows());
    }

    /** Whether the two numbers of a rotary pair stand side by side, as in files of the llama architecture. */
    static boolean pairsTogether(ModelConfig config) {
        return config.family() == ModelFamily.LLAMA;
    }

    private static ModelFamily family(String name, GgufMetadata data) {
        List<String> known = new ArrayList<>();
        for (ModelFamily family : FAMILIES) {
            if (family.modelType().equals(name)) {
                return family;
            }
            known.add(family.modelType());
        }
        throw data.wrong(ARCHITECTURE, "= " + name + " is not supported; known are " + String.join(", ", known));
    }

    private static void same(GgufMetadata data, String key, int expected, String other) {
        if (data.integer(key, expected) != expected) {
            throw data.wrong(key, "= " + data.integer(key) + ": expected " + expected + ", as " + other + " is");
        }
    }

    private static int vocabulary(GgufMetadata data, String name) {
        return data.has(name + ".vocab_size")
                ? data.integer(name + ".vocab_size")
                : data.list("tokenizer.ggml.tokens", GgufArray::count);
    }

    private static List<Integer> ends(GgufMetadata data) {
        return Stream.concat(Stream.of("tokenizer.ggml.eos_token_id"), MORE_ENDS.stream())
                .filter(data::has)
                .map(data::integer)
                .distinct()
                .toList();
    }

    private static Rope.Llama3 llama3(double theta, int headDim, float[] factors, GgufMetadata data) {
        if (factors.length != headDim / 2) {
            throw new ModelException("GGUF file " + data.source() + ": tensor " + GgufNames.ROPE_FACTORS + " has "
                    + factors.length + " numbers; heads of " + headDim + " have " + headDim / 2 + " frequencies");
        }
        double largest = 0;
        for (float factor : factors) {
            largest = Math.max(largest, factor);
        }
        for (int original : ORIGINAL_POSITIONS) {
            Rope.Llama3 found = new Rope.Llama3(largest, LOW_FREQUENCY, HIGH_FREQUENCY, original);
            if (near(ropeFactors(new Rope(theta, found, 1), headDim), factors)) {
                return found;
            }
        }
        throw new ModelException(
                "GGUF file " + data.source() + ": tensor " + GgufNames.ROPE_FACTORS + " is not Llama 3's stretching by "
                        + largest + " of a context of 32 to 131072; no other is supported");
    }

    private static boolean near(float[] expected, float[] found) {
        boolean same = true;
        for (int i = 0; same && i < found.length; i++) {
            same = Math.abs(expected[i] - found[i]) <= 1e-4 * Math.abs(expected[i]);
        }
        return same;
    }

    /** What each frequency of the rope is divided by, headDim / 2 numbers. */
    static float[] ropeFactors(Rope rope, int headDim) {
        float[] plain = Rope.of(rope.theta()).inverseFrequencies(headDim);
        float[] stretched = rope.inverseFrequencies(headDim);
        for (int i = 0; i < plain.length; i++) {
            plain[i] /= stretched[i];
        }
        return plain;
    }
}
