package dev.troupe.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The chat templates of a model by name. Of two with the same name counts the one of chat_template.jinja ({@code
 * default}) or additional_chat_templates/NAME.jinja, then that of tokenizer_config.json, then that of
 * chat_template.json, where processors keep theirs.
 */
final class ChatTemplates {
    static final String DEFAULT = "default";
    static final String TOOL_USE = "tool_use";
    static final String FILE = "chat_template.jinja";
    static final String FOLDER = "additional_chat_templates";
    static final String PROCESSORS = "chat_template.json";

    private static final String ENDING = ".jinja";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<String, String> byName = new TreeMap<>();

    private ChatTemplates() {}

    /** Those of a GGUF file by name. */
    static ChatTemplates of(Map<String, String> byName) {
        ChatTemplates templates = new ChatTemplates();
        byName.forEach(templates::put);
        return templates;
    }

    /** @param settings tokenizer_config.json of the folder */
    static ChatTemplates read(Path folder, JsonNode settings) throws IOException {
        ChatTemplates templates = new ChatTemplates();
        Path more = folder.resolve(FOLDER);
        if (Files.isDirectory(more)) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(more, "*" + ENDING)) {
                for (Path file : files) {
                    String name = file.getFileName().toString();
                    templates.put(name.substring(0, name.length() - ENDING.length()), Utf8File.read(file));
                }
            }
        }
        Path file = folder.resolve(FILE);
        if (Files.exists(file)) {
            templates.put(DEFAULT, Utf8File.read(file));
        }
        templates.read(settings.path("chat_template"), folder.resolve("tokenizer_config.json"));
        Path processors = folder.resolve(PROCESSORS);
        if (Files.exists(processors)) {
            templates.read(JSON.readTree(Files.readAllBytes(processors)).path("chat_template"), processors);
        }
        return templates;
    }

    /** A text; a list of objects with name and template; or an object of texts by name. */
    private void read(JsonNode node, Path file) {
        if (node.isTextual()) {
            put(DEFAULT, node.asText());
        } else if (node.isArray()) {
            for (JsonNode named : node) {
                put(text(named.path("name"), file), text(named.path("template"), file));
            }
        } else if (node.isObject()) {
            node.properties().forEach(e -> put(e.getKey(), text(e.getValue(), file)));
        } else if (!node.isMissingNode() && !node.isNull()) {
            throw unreadable(file);
        }
    }

    private static String text(JsonNode node, Path file) {
        if (!node.isTextual()) {
            throw unreadable(file);
        }
        return node.asText();
    }

    private static ModelException unreadable(Path file) {
        return new ModelException(file + ": chat_template: expected a text, a list of objects with name and template,"
                + " or an object of texts by name");
    }

    private void put(String name, @Nullable String template) {
        if (template != null && !template.isBlank()) {
            byName.putIfAbsent(name, template);
        }
    }

    /** The template of that name, or null. */
    @Nullable
    String named(String name) {
        return byName.get(name);
    }

    /**
     * What a dialogue is written with when none is named, as in transformers; null when there is none.
     *
     * @param tools whether the dialogue comes with tools
     */
    @Nullable
    String chosen(boolean tools, String source) {
        String template = tools && byName.containsKey(TOOL_USE) ? byName.get(TOOL_USE) : byName.get(DEFAULT);
        if (template == null && !byName.isEmpty()) {
            throw new ModelException("the tokenizer of " + source + " has chat templates " + byName.keySet()
                    + " and none called default: expected template = NAME, one of these");
        }
        return template;
    }

    Map<String, String> byName() {
        return byName;
    }
}
