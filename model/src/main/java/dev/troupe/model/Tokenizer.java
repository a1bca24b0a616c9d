package dev.troupe.model;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A tokenizer.json and the special tokens of the folder it lies in. Safe for use by several threads. */
public final class Tokenizer implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Logger LOG = LoggerFactory.getLogger(Tokenizer.class);
    /** Of these it was said already: several actors open the tokenizer of one model. */
    private static final Set<String> PADDED_WITH_EOS = ConcurrentHashMap.newKeySet();

    private final HuggingFaceTokenizer tokenizer;
    private final String sha256;
    private final Map<String, Integer> vocabulary;
    private final int size;
    private final int bosId;
    private final int eosId;
    private final int padId;

    private final TokenizerFiles files;
    private final String source;
    private volatile @Nullable ChatTemplate chat;

    private Tokenizer(Path folder) throws IOException {
        this.files = TokenizerFiles.of(folder);
        this.source = folder.toString();
        byte[] bytes = files.tokenizer();
        this.sha256 = sha256(bytes);
        this.vocabulary = vocabulary(JSON.readTree(bytes));
        this.size =
                vocabulary.values().stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
        this.bosId = special("bos_token");
        this.eosId = special("eos_token");
        this.padId = padding(special("pad_token"));
        Libtorch.silence();
        this.tokenizer = HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(bytes), Map.of("truncation", "false", "padding", "false"));
    }

    /** A model without a padding token is padded with its end token, as TRL does. */
    private int padding(int named) {
        if (named < 0 && eosId >= 0 && PADDED_WITH_EOS.add(sha256)) {
            LOG.warn("{} names no padding token: its end token {} pads, as in TRL", source, eosId);
        }
        return named < 0 ? eosId : named;
    }

    /** Opens the tokenizer of a model folder or a GGUF file; an error names the file and the reason. */
    public static Tokenizer open(Path folder) {
        try {
            return new Tokenizer(folder);
        } catch (ModelException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw new ModelException("cannot read the tokenizer of " + folder + ": " + e.getMessage(), e);
        }
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
    private int special(String key) {
        Integer id = vocabulary.get(files.special(key));
        if (id != null) {
            return id;
        }
        JsonNode number = files.config().path(key + "_id");
        return (number.isArray() ? number.path(0) : number).asInt(-1);
    }

    /** How the model's makers write a dialogue as one text; an error when the tokenizer has no chat template. */
    public ChatTemplate chatTemplate() {
        ChatTemplate made = chat;
        if (made == null) {
            made = newChatTemplate();
            chat = made;
        }
        return made;
    }

    private ChatTemplate newChatTemplate() {
        String template = files.template();
        if (template == null || template.isBlank()) {
            throw new ModelException("the tokenizer of " + source + " has no chat template (chat_template in"
                    + " tokenizer_config.json, or chat_template.jinja): expected a model trained on dialogues, or plain"
                    + " prompts");
        }
        Map<String, String> specials = new HashMap<>();
        for (String key : List.of("bos_token", "eos_token", "pad_token", "unk_token")) {
            specials.put(key, files.special(key));
        }
        return new ChatTemplate(template, specials, source);
    }

    /**
     * Whether an answer in the chat template ends with the end token: where it does not, a model that learns from
     * rendered dialogues never learns to stop.
     */
    public boolean templateEndsAnswers() {
        return chatTemplate().endsAnswersWith(files.special("eos_token"));
    }

    /**
     * A dialogue as the token ids that the model was trained on: special tokens in the rendered text are read as such,
     * and none is added around it.
     */
    public int[] encode(List<ChatMessage> messages, boolean addGenerationPrompt) {
        return encode(new Dialogue(messages), addGenerationPrompt);
    }

    /** As of turns alone, with tools and what else the template reads. */
    public int[] encode(Dialogue dialogue, boolean addGenerationPrompt) {
        return encode(chatTemplate().render(dialogue, addGenerationPrompt), false);
    }

    /** A prompt up to where the model writes, as {@link ChatTemplate#prompt} says. */
    public int[] encodePrompt(Dialogue dialogue) {
        return encode(chatTemplate().prompt(dialogue), false);
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

    /** The padding token; the end token where the tokenizer names none; or -1. */
    public int padId() {
        return padId;
    }

    /** Number of tokens, added ones included. */
    public int vocabularySize() {
        return size;
    }

    /**
     * Whether token ids mean the same to both: the same texts under the same ids. Their files may differ, as those of a
     * folder and of a GGUF file made from it do.
     */
    public boolean sameTokens(Tokenizer other) {
        return vocabulary.equals(other.vocabulary);
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
