package dev.troupe.model.gguf;

import dev.troupe.model.DecoderTraits;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelException;
import dev.troupe.model.ModelFamily;
import dev.troupe.model.Rope;
import java.util.List;
import java.util.stream.Stream;

/** The configuration in a GGUF file's metadata. */
final class GgufConfig {
    /** Ends of a turn and of a message, which end a text too. */
    static final List<String> MORE_ENDS = List.of("tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id");

    static final String ARCHITECTURE = "general.architecture";

    /** Baichuan2's vocabulary: its head's rows have length 1, which no key says. */
    private static final int BAICHUAN2 = 125_696;
    /** Layers of Baichuan's 13B, which has no rotary positions; llama.cpp knows it by them. */
    private static final int BAICHUAN_13B = 40;

    private final GgufMetadata data;
    private final GgufArchitecture architecture;
    private final GgufTensors tensors;

    private GgufConfig(GgufMetadata data, GgufArchitecture architecture, GgufTensors tensors) {
        this.data = data;
        this.architecture = architecture;
        this.tensors = tensors;
    }

    /** Reads it; the tensors tell which biases there are, and whether there is a head. */
    static ModelConfig read(GgufMetadata data, GgufArchitecture architecture, GgufTensors tensors) {
        GgufKeys.check(data, architecture);
        try {
            return new GgufConfig(data, architecture, tensors).read();
        } catch (IllegalArgumentException e) {
            throw new ModelException("GGUF file " + data.source() + ": " + e.getMessage(), e);
        }
    }

    private String key(String name) {
        return architecture.key() + "." + name;
    }

    private ModelConfig read() {
        int layers = layers();
        int heads = data.layerInteger(key("attention.head_count"));
        int hidden = data.integer(key("embedding_length"));
        int headDim = data.integer(key("attention.key_length"), hidden / Math.max(1, heads));
        same("attention.value_length", headDim);
        same("attention.key_length_swa", headDim);
        same("attention.value_length_swa", headDim);
        decodesFromLeftToRight();
        int context = data.integer(key("context_length"));
        GgufRope ropes = new GgufRope(data, architecture, tensors, headDim, context);
        Rope rope = ropes.full();
        GgufTraits traits = new GgufTraits(
                data, architecture, tensors, new GgufTraits.Sizes(hidden, layers, heads, headDim, context));
        traits.checkScale();
        DecoderTraits read = traits.read(rope, ropes);
        int vocabulary = vocabulary();
        return new ModelConfig(
                family(read),
                false,
                vocabulary,
                hidden,
                data.layerInteger(key("feed_forward_length")),
                layers,
                heads,
                data.layerInteger(key("attention.head_count_kv"), heads),
                headDim,
                Math.min(context, rope.scaling().longest()),
                data.number(key("attention.layer_norm_rms_epsilon")),
                rope,
                !tensors.has("output.weight"),
                data.integer("tokenizer.ggml.bos_token_id", -1),
                ends(),
                data.integer("tokenizer.ggml.padding_token_id", -1),
                architecture == GgufArchitecture.BAICHUAN && vocabulary == BAICHUAN2 ? normalised(read) : read);
    }

    private int layers() {
        int layers = data.integer(key("block_count"));
        if (layers > tensors.names().size()) {
            throw data.wrong(
                    key("block_count"),
                    "= " + layers + ", but the file has " + tensors.names().size() + " tensors");
        }
        if (architecture == GgufArchitecture.BAICHUAN && layers == BAICHUAN_13B) {
            throw data.wrong(
                    key("block_count"),
                    "= " + layers + ": a Baichuan 13B, which has ALiBi in place of rotary positions; expected a 7B");
        }
        return layers;
    }

    private void decodesFromLeftToRight() {
        if (!data.flag(key("attention.causal"), true)) {
            throw data.wrong(key("attention.causal"), "= false: a token sees only those before it");
        }
        if (architecture == GgufArchitecture.GRANITE && !data.flag(key("rope.scaling.finetuned"), true)) {
            throw data.wrong(key("rope.scaling.finetuned"), "= false: a Granite without positions is not supported");
        }
    }

    private void same(String name, int expected) {
        if (data.integer(key(name), expected) != expected) {
            throw data.wrong(
                    key(name),
                    "= " + data.integer(key(name)) + ": expected " + expected + ", as attention.key_length is");
        }
    }

    /** OLMo 3 is an OLMo 2 with windows. */
    private ModelFamily family(DecoderTraits traits) {
        return architecture == GgufArchitecture.OLMO2 && traits.windows().size() > 0
                ? ModelFamily.OLMO3
                : architecture.family();
    }

    private static DecoderTraits normalised(DecoderTraits t) {
        return new DecoderTraits(
                t.biases(), t.qkNorm(), t.normsAddOne(), t.activation(), true, t.scales(), t.windows());
    }

    private int vocabulary() {
        return data.has(key("vocab_size"))
                ? data.integer(key("vocab_size"))
                : data.list("tokenizer.ggml.tokens", GgufArray::count);
    }

    private List<Integer> ends() {
        return Stream.concat(Stream.of("tokenizer.ggml.eos_token_id"), MORE_ENDS.stream())
                .filter(data::has)
                .map(data::integer)
                .distinct()
                .toList();
    }
}
