package dev.troupe.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.gguf.GgufModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What makes a tokenizer: the text of tokenizer.json, and what stands beside it.
 *
 * @param tokenizer tokenizer.json in UTF-8, with the added tokens that the files beside it name
 * @param settings tokenizer_config.json, empty when there is none
 * @param specials which tokens have a role
 * @param templates the chat templates
 * @param vocabulary the tokens of the tokenizer
 * @param cleans whether decoded texts lose the spaces before punctuation
 */
@SuppressWarnings("ArrayRecordComponent") // read once, never compared
public record TokenizerFiles(
        byte[] tokenizer,
        JsonNode settings,
        SpecialTokens specials,
        ChatTemplates templates,
        Vocabulary vocabulary,
        boolean cleans) {
    static final String TOKENIZER = "tokenizer.json";
    static final String SETTINGS = "tokenizer_config.json";

    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Those of a GGUF file.
     *
     * @param template the chat template in Jinja, or null
     */
    public static TokenizerFiles of(byte[] tokenizer, JsonNode settings, @Nullable String template) {
        Vocabulary vocabulary = Vocabulary.of(tokenizer);
        SpecialTokens specials = SpecialTokens.named(settings, JSON.createObjectNode());
        return new TokenizerFiles(tokenizer, settings, specials, ChatTemplates.of(template), vocabulary, false);
    }

    /** Those of a model folder or a GGUF file, or an error that names the folder and the reason. */
    public static TokenizerFiles of(Path folder) {
        try {
            return GgufModel.isGguf(folder) ? GgufModel.open(folder).tokenizer() : read(folder);
        } catch (NoSuchFileException e) {
            throw new ModelException(
                    "model folder " + folder + " has no " + Path.of(e.getFile()).getFileName(), e);
        } catch (IOException e) {
            throw new ModelException("cannot read the tokenizer of " + folder + ": " + e.getMessage(), e);
        }
    }

    private static TokenizerFiles read(Path folder) throws IOException {
        JsonNode settings = json(folder.resolve(SETTINGS));
        JsonNode config = json(folder.resolve("config.json"));
        byte[] bytes = Files.readAllBytes(folder.resolve(TOKENIZER));
        if (!(JSON.readTree(bytes) instanceof ObjectNode root)) {
            throw new ModelException(folder.resolve(TOKENIZER) + ": expected a JSON object");
        }
        TokenizerSettings.check(settings, folder);
        SpecialTokens specials = SpecialTokens.named(settings, json(folder.resolve("special_tokens_map.json")));
        AddedTokens added = new AddedTokens(root, folder.toString());
        added.complete(settings, json(folder.resolve("added_tokens.json")), specials.texts());
        added.special(specials, config.path("vocab_size").asInt(-1));
        boolean changed = added.write();
        Vocabulary vocabulary = Vocabulary.of(root);
        return new TokenizerFiles(
                changed ? JSON.writeValueAsBytes(root) : bytes,
                settings,
                specials.numbered(List.of(config, json(folder.resolve("generation_config.json"))), vocabulary),
                ChatTemplates.read(folder, settings),
                vocabulary,
                TokenizerSettings.cleans(settings, root));
    }

    private static JsonNode json(Path file) throws IOException {
        JsonNode read = Files.exists(file) ? JSON.readTree(Files.readAllBytes(file)) : null;
        if (read != null && !read.isMissingNode() && !read.isObject()) {
            throw new ModelException(file + ": expected a JSON object");
        }
        return read == null ? JSON.createObjectNode() : read;
    }

    /** The text of a special token by its key in the settings, such as {@code bos_token}; empty when it has none. */
    public String special(String key) {
        return specials.text(key);
    }

    /** The chat template for dialogues without tools, or null. */
    public @Nullable String template() {
        return templates.named(ChatTemplates.DEFAULT);
    }

    /** Puts the tokenizer of a folder or GGUF file into a folder: its files as they are, or written anew. */
    static void copy(Path from, Path to) throws IOException {
        if (GgufModel.isGguf(from)) {
            GgufModel.open(from).tokenizer().write(to);
        } else if (!Files.isSameFile(from, to)) {
            TokenizerCopy.copy(from, to);
        }
    }

    private void write(Path folder) throws IOException {
        Files.write(folder.resolve(TOKENIZER), tokenizer);
        ObjectNode written = settings.deepCopy();
        String template = template();
        if (template != null) {
            written.put("chat_template", template);
        }
        Files.writeString(folder.resolve(SETTINGS), written.toPrettyString() + "\n", StandardCharsets.UTF_8);
    }
}
