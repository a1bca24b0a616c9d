package dev.troupe.model;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

/** A tokenizer.json and the special tokens of the folder it lies in. Safe for use by several threads. */
public final class Tokenizer implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HuggingFaceTokenizer tokenizer;
    private final String sha256;
    private final Map<String, Integer> vocabulary;
    private final int size;
    private final int bosId;
    private final int eosId;
    private final int padId;

    private Tokenizer(Path folder) throws IOException {
        byte[] bytes = Files.readAllBytes(folder.resolve("tokenizer.json"));
        this.sha256 = sha256(bytes);
        this.vocabulary = vocabulary(JSON.readTree(bytes));
        this.size =
                vocabulary.values().stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
        JsonNode settings = json(folder.resolve("tokenizer_config.json"));
        JsonNode config = json(folder.resolve("config.json"));
        this.bosId = special(settings, config, "bos_token");
        this.eosId = special(settings, config, "eos_token");
        this.padId = special(settings, config, "pad_token");
        Libtorch.silence();
        this.tokenizer = HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(bytes), Map.of("truncation", "false", "padding", "false"));
    }

    /** Opens the tokenizer of a model folder; an error names the file and the reason. */
    public static Tokenizer open(Path folder) {
        try {
            return new Tokenizer(folder);
        } catch (NoSuchFileException e) {
            throw new ModelException(
                    "model folder " + folder + " has no " + Path.of(e.getFile()).getFileName(), e);
        } catch (IOException | RuntimeException e) {
            throw new ModelException("cannot read the tokenizer of " + folder + ": " + e.getMessage(), e);
        }
    }

    private static JsonNode json(Path file) throws IOException {
        return Files.exists(file) ? JSON.readTree(Files.readAllBytes(file)) : JSON.createObjectNode();
    }

    private static Map<String, Integer> vocabulary(JsonNode root) {
        Map<String, Integer> ids = new HashMap<>();
        JsonNode model = root.path("model").path("vocab");
        if (model.isObject()) {
            model.fields()
                    .forEachRemaining(e -> ids.put(e.getKey(), e.getValue().asInt()));
        } else {
            for (int i = 0; i < model.size(); i++) {
                ids.put(model.get(i).path(0).asText(), i);
            }
        }
        for (JsonNode added : root.path("added_tokens")) {
            ids.put(added.path("content").asText(), added.path("id").asInt());
        }
        return ids;
    }

    /** The id of a special token: named by tokenizer_config.json, otherwise numbered by config.json, otherwise -1. */
    private int special(JsonNode settings, JsonNode config, String key) {
        JsonNode named = settings.path(key);
        String text = named.isObject() ? named.path("content").asText() : named.asText("");
        Integer id = named.isNull() ? null : vocabulary.get(text);
        if (id != null) {
            return id;
        }
        JsonNode number = config.path(key + "_id");
        return (number.isArray() ? number.path(0) : number).asInt(-1);
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    /** Text to ids; {@code addSpecial} adds what the tokenizer puts around a text (bos, usually). */
    public int[] encode(String text, boolean addSpecial) {
        // A lone surrogate has no UTF-8 form, and the native side would die of it.
        String clean = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
        long[] ids = tokenizer.encode(clean, addSpecial, false).getIds();
        int[] out = new int[ids.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (int) ids[i];
        }
        return out;
    }

    /** Ids to text, special tokens left out. */
    public String decode(int[] ids) {
        return decode(ids, true);
    }

    /** Ids to text, with or without the special tokens. */
    public String decode(int[] ids, boolean skipSpecial) {
        long[] longs = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            longs[i] = ids[i];
        }
        return tokenizer.decode(longs, skipSpecial);
    }

    /** The id of a token by its text in the vocabulary, or -1. */
    public int id(String token) {
        return vocabulary.getOrDefault(token, -1);
    }

    /** The token a text begins with, or -1. */
    public int bosId() {
        return bosId;
    }

    /** The token that ends a text, or -1. */
    public int eosId() {
        return eosId;
    }

    /** The padding token, or -1. */
    public int padId() {
        return padId;
    }

    /** Number of tokens, added ones included. */
    public int vocabularySize() {
        return size;
    }

    /** SHA-256 of tokenizer.json in lower-case hex: equal tokenizers have equal ones. */
    public String sha256() {
        return sha256;
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
