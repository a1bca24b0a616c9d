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
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What makes a tokenizer: the text of tokenizer.json, and what stands beside it.
 *
 * @param tokenizer tokenizer.json, in UTF-8
 * @param settings tokenizer_config.json, empty when there is none
 * @param config config.json, for the numbers of special tokens that the settings do not name
 * @param template the chat template in Jinja, or null
 */
@SuppressWarnings("ArrayRecordComponent") // read once, never compared
public record TokenizerFiles(
        byte[] tokenizer,
        JsonNode settings,
        JsonNode config,
        @Nullable String template) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String TOKENIZER = "tokenizer.json";
    private static final String SETTINGS = "tokenizer_config.json";
    private static final String TEMPLATE = "chat_template.jinja";
    private static final List<String> ALL =
            List.of(TOKENIZER, SETTINGS, "special_tokens_map.json", "generation_config.json", TEMPLATE);

    /** {@link #read}, with an error that names the folder and the reason. */
    public static TokenizerFiles of(Path folder) {
        try {
            return read(folder);
        } catch (NoSuchFileException e) {
            throw new ModelException(
                    "model folder " + folder + " has no " + Path.of(e.getFile()).getFileName(), e);
        } catch (IOException e) {
            throw new ModelException("cannot read the tokenizer of " + folder + ": " + e.getMessage(), e);
        }
    }

    /** Reads them from a model folder or a GGUF file. */
    private static TokenizerFiles read(Path folder) throws IOException {
        if (GgufModel.isGguf(folder)) {
            return GgufModel.open(folder).tokenizer();
        }
        byte[] tokenizer = Files.readAllBytes(folder.resolve(TOKENIZER));
        JsonNode settings = json(folder.resolve(SETTINGS));
        Path file = folder.resolve(TEMPLATE);
        String template = Files.exists(file) ? Files.readString(file) : template(settings.path("chat_template"));
        return new TokenizerFiles(tokenizer, settings, json(folder.resolve("config.json")), template);
    }

    /** One template, or of several by name the one called default. */
    private static @Nullable String template(JsonNode node) {
        if (node.isTextual()) {
            return node.asText();
        }
        for (JsonNode named : node) {
            if (named.path("name").asText().equals("default")) {
                return named.path("template").asText();
            }
        }
        return null;
    }

    private static JsonNode json(Path file) throws IOException {
        JsonNode read = Files.exists(file) ? JSON.readTree(Files.readAllBytes(file)) : null;
        return read == null ? JSON.createObjectNode() : read;
    }

    /** The text of a special token by its key in the settings, such as {@code bos_token}; empty when it has none. */
    public String special(String key) {
        JsonNode named = settings.path(key);
        return named.isObject() ? named.path("content").asText("") : named.asText("");
    }

    /** Puts the tokenizer of a folder or GGUF file into a folder: its files as they stand, or written anew. */
    static void copy(Path from, Path to) throws IOException {
        if (GgufModel.isGguf(from)) {
            GgufModel.open(from).tokenizer().write(to);
        } else if (!Files.isSameFile(from, to)) {
            for (String name : ALL) {
                if (Files.exists(from.resolve(name))) {
                    Files.copy(from.resolve(name), to.resolve(name), StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }

    private void write(Path folder) throws IOException {
        Files.write(folder.resolve(TOKENIZER), tokenizer);
        ObjectNode written = settings.deepCopy();
        if (template != null) {
            written.put("chat_template", template);
        }
        Files.writeString(folder.resolve(SETTINGS), written.toPrettyString() + "\n", StandardCharsets.UTF_8);
    }
}
