package dev.troupe.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.proto.v1.DataType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * The shape of a decoder, read from a Hugging Face config.json in the old or the transformers-5 form.
 *
 * @param family model_type, a row of {@link ModelFamily}
 * @param scoreHead whether a score head of one output stands in place of the language-model head
 * @param tied whether the language-model head is the embedding matrix
 * @param bosId first token of a text, or -1
 * @param eosIds tokens that end a text, maybe none; the first is the one written
 * @param padId padding token, or -1
 * @param traits what is computed beyond Llama
 */
public record ModelConfig(
        ModelFamily family,
        boolean scoreHead,
        int vocabulary,
        int hidden,
        int intermediate,
        int layers,
        int heads,
        int kvHeads,
        int headDim,
        int maxPositions,
        double normEps,
        Rope rope,
        boolean tied,
        int bosId,
        List<Integer> eosIds,
        int padId,
        DecoderTraits traits) {
    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    /** Far beyond any model: what a broken file says is refused before anything is made as large. */
    private static final int MAX_WIDTH = 1 << 20;

    private static final int MAX_ROWS = 1 << 24;
    private static final int MAX_LAYERS = 4096;

    /** Checks that the numbers fit together. */
    public ModelConfig {
        eosIds = List.copyOf(eosIds);
        require(vocabulary > 0 && hidden > 0 && intermediate > 0 && layers > 0, "sizes must be positive");
        require(vocabulary <= MAX_ROWS, "a vocabulary of " + vocabulary + "; at most " + MAX_ROWS);
        require(hidden <= MAX_WIDTH && intermediate <= MAX_WIDTH, "sizes of more than " + MAX_WIDTH);
        require(layers <= MAX_LAYERS, layers + " layers; at most " + MAX_LAYERS);
        require(
                heads > 0 && heads <= MAX_WIDTH && kvHeads > 0 && heads % kvHeads == 0,
                "heads must be a multiple of key-value heads");
        require(headDim > 0 && headDim % 2 == 0, "head_dim must be even, not " + headDim);
        require((long) heads * headDim <= MAX_WIDTH, heads + " heads of " + headDim + "; at most " + MAX_WIDTH);
        require(maxPositions > 0, "max_position_embeddings must be positive");
        require(normEps > 0, "rms_norm_eps must be positive");
        rope.inverseFrequencies(headDim);
        require(
                traits.windows().layers().isEmpty() || traits.windows().layers().size() == layers,
                "windows of " + traits.windows().layers().size() + " layers; expected " + layers);
        Rope local = traits.windows().rope();
        require(
                local == null || local.channels(headDim) == rope.channels(headDim),
                "partial_rotary_factor must be the same for all layers");
    }

    /** A new Llama with rope theta 10000, for models made from nothing. */
    public static ModelConfig llama(
            int vocabulary, int hidden, int intermediate, int layers, int heads, int kvHeads, int maxPositions) {
        return new ModelConfig(
                ModelFamily.LLAMA,
                false,
                vocabulary,
                hidden,
                intermediate,
                layers,
                heads,
                kvHeads,
                hidden / heads,
                maxPositions,
                1e-5,
                Rope.of(10000.0),
                true,
                1,
                List.of(2),
                0,
                DecoderTraits.NONE);
    }

    /** Reads config.json; the error names the file and the key. */
    public static ModelConfig read(Path file) {
        return read(file, Set.of());
    }

    /**
     * As {@link #read(Path)}.
     *
     * @param ignoredKeys keys that are read as if they were not there
     */
    public static ModelConfig read(Path file, Set<String> ignoredKeys) {
        try {
            return parse(Utf8File.read(file), file.toString(), ignoredKeys);
        } catch (IOException e) {
            throw new ModelException("cannot read model configuration " + file + ": " + e, e);
        }
    }

    /** Reads the text of a config.json; {@code source} serves in errors. */
    public static ModelConfig parse(String json, String source) {
        return parse(json, source, Set.of());
    }

    private static ModelConfig parse(String json, String source, Set<String> ignoredKeys) {
        try {
            JsonNode node = JSON.readTree(json);
            if (node == null || !node.isObject()) {
                throw new ModelException(source + ": expected a JSON object");
            }
            return ConfigReader.read(new ConfigKeys(node, source), ignoredKeys);
        } catch (JsonProcessingException e) {
            throw new ModelException(source + ": not valid JSON: " + e.getOriginalMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new ModelException(source + ": " + e.getMessage(), e);
        }
    }

    /** The first end token, or -1. */
    public int eosId() {
        return eosIds.isEmpty() ? -1 : eosIds.get(0);
    }

    /** The same decoder with other end tokens. */
    public ModelConfig withEosIds(List<Integer> ends) {
        return with(scoreHead, tied, ends);
    }

    /** The same decoder with a score head (or with a language-model head again). */
    public ModelConfig withScoreHead(boolean score) {
        return with(score, tied, eosIds);
    }

    private ModelConfig with(boolean score, boolean embeddingIsHead, List<Integer> ends) {
        return new ModelConfig(
                family,
                score,
                vocabulary,
                hidden,
                intermediate,
                layers,
                heads,
                kvHeads,
                headDim,
                maxPositions,
                normEps,
                rope,
                embeddingIsHead,
                bosId,
                ends,
                padId,
                traits);
    }

    /** The same decoder with or without a head of its own beside the embedding. */
    public ModelConfig withTied(boolean embeddingIsHead) {
        return with(scoreHead, embeddingIsHead, eosIds);
    }

    /** Whether kernel.py computes this decoder; otherwise autograd differentiates decoder.py. */
    public boolean byKernel() {
        return traits.byKernel() && family.names().normsAsInLlama();
    }

    /** Whether nothing is computed that narrow.py does not know. */
    boolean isPlain() {
        return byKernel() && windows().size() == 0 && traits.scales().attention() == 0 && rope.plainAmplitude();
    }

    /** The windows that have an effect in rows as long as the context. */
    DecoderTraits.Windows windows() {
        return traits.windows().within(maxPositions);
    }

    /**
     * Sizes as the scripts take them: layers, key-value heads, queries of each, width of a head, window (0: none), and
     * if there is one for each layer whether it is windowed.
     */
    int[] dims() {
        DecoderTraits.Windows windows = windows();
        int[] dims = new int[windows.size() > 0 ? 5 + layers : 5];
        int[] sizes = {layers, kvHeads, heads / kvHeads, headDim, windows.size()};
        System.arraycopy(sizes, 0, dims, 0, sizes.length);
        for (int i = 0; i < dims.length - sizes.length; i++) {
            dims[sizes.length + i] = windows.at(i) ? 1 : 0;
        }
        return dims;
    }

    /**
     * Numbers as the scripts take them: epsilon of the norms, scale of scores, of embeddings, of what is added to the
     * residual stream, of logits, caps of scores and of logits, what norms add to their weights, activation.
     */
    double[] numbers() {
        DecoderTraits.Scales scales = traits.scales();
        return new double[] {
            normEps,
            scales.attention() == 0 ? 1 / Math.sqrt(headDim) : scales.attention(),
            scales.embedding(),
            scales.residual(),
            scoreHead ? 1 : scales.logits(),
            scales.attentionCap(),
            logitCap(),
            traits.normsAddOne() ? 1 : 0,
            traits.activation().ordinal()
        };
    }

    /** The cap of the logits; 0 where there is none. */
    double logitCap() {
        return scoreHead ? 0 : traits.scales().logitCap();
    }

    /**
     * The rope as the scripts take it: [1, headDim / 2] frequencies; with amplitudes or a rope of windowed layers [4,
     * headDim / 2] frequencies and amplitudes, then those of windowed layers.
     */
    float[][] ropeRows() {
        Rope local = windows().rope();
        if (local == null && rope.plainAmplitude()) {
            return new float[][] {rope.inverseFrequencies(headDim)};
        }
        Rope windowed = local == null ? rope : local;
        return new float[][] {
            rope.inverseFrequencies(headDim),
            rope.amplitudes(headDim),
            windowed.inverseFrequencies(headDim),
            windowed.amplitudes(headDim)
        };
    }

    /** {@link #toJson(DataType)} of a model whose weights are F32. */
    public String toJson() {
        return toJson(DataType.DATA_TYPE_F32);
    }

    /**
     * A config.json that transformers reads, in the form most checkpoints have; the same bytes for equal
     * configurations.
     *
     * @param weights type of the tensors beside it: F32, F16 or BF16
     */
    public String toJson(DataType weights) {
        ObjectNode n = JSON.createObjectNode();
        n.putArray("architectures").add(architecture());
        n.put("model_type", family.modelType());
        n.put("vocab_size", vocabulary);
        n.put("hidden_size", hidden);
        n.put("intermediate_size", intermediate);
        n.put("num_hidden_layers", layers);
        n.put("num_attention_heads", heads);
        n.put("num_key_value_heads", kvHeads);
        n.put("head_dim", headDim);
        n.put(
                "max_position_embeddings",
                rope.scaling() instanceof Rope.LongRope longRope ? longRope.positions() : maxPositions);
        n.put("rms_norm_eps", normEps);
        Rope local = traits.windows().rope();
        if (ropesByLayer()) {
            RopeKeys.write(rope, local == null ? rope : local, family, n);
        } else {
            RopeKeys.write(rope, family, n);
        }
        family.write(this, n);
        n.put("tie_word_embeddings", tied);
        putId(n, "bos_token_id", bosId);
        if (eosIds.size() > 1) {
            ArrayNode ends = n.putArray("eos_token_id");
            eosIds.forEach(ends::add);
        } else {
            putId(n, "eos_token_id", eosId());
        }
        putId(n, "pad_token_id", padId);
        if (scoreHead) {
            n.putObject("id2label").put("0", "LABEL_0");
            n.putObject("label2id").put("LABEL_0", 0);
        }
        n.put(
                "torch_dtype",
                switch (weights) {
                    case DATA_TYPE_F16 -> "float16";
                    case DATA_TYPE_BF16 -> "bfloat16";
                    default -> "float32";
                });
        return n.toPrettyString() + "\n";
    }

    /** Whether config.json says the rope of each kind of layer; Gemma 3 has a key for a plain one of its windows. */
    boolean ropesByLayer() {
        Rope local = traits.windows().rope();
        boolean ofGemma3 = family == ModelFamily.GEMMA3
                && local != null
                && local.scaling() instanceof Rope.Plain
                && local.partial() == 1;
        return family == ModelFamily.OLMO3 || local != null && !ofGemma3;
    }

    private String architecture() {
        if (scoreHead) {
            return family.scoreArchitecture();
        }
        boolean first = family == ModelFamily.BAICHUAN && !traits.normalisedHead();
        return first ? FamilyKeys.FIRST_BAICHUAN : family.architecture();
    }

    private static void putId(ObjectNode node, String key, int id) {
        if (id >= 0) {
            node.put(key, id);
        } else {
            node.putNull(key);
        }
    }

    private static void require(boolean ok, String message) {
        if (!ok) {
            throw new IllegalArgumentException(message);
        }
    }
}
