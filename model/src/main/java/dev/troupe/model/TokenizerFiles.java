package dev.troupe.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.gguf.GgufModel;
import dev.troupe.model.pieces.PieceModel;
import dev.troupe.model.pieces.PieceText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What makes a tokenizer: the text of tokenizer.json, and what stands beside it.
 *
 * @param tokenizer tokenizer.json in UTF-8, with the added tokens that the files beside it name
 * @param settings tokenizer_config.json, empty when there is none
 * @param specials which tokens have a role
 * @param templates the chat templates
 * @param vocabulary the tokens of the tokenizer
 * @param pieces what tokenizer.json cannot do by itself for a SentencePiece model; null for others
 * @param cleans whether decoded texts lose the spaces before punctuation
 */
@SuppressWarnings("ArrayRecordComponent") // read once, never compared
public record TokenizerFiles(
        byte[] tokenizer,
        JsonNode settings,
        SpecialTokens specials,
        ChatTemplates templates,
        Vocabulary vocabulary,
        @Nullable PieceText pieces,
        boolean cleans) {
    static final String TOKENIZER = "tokenizer.json";
    static final String SETTINGS = "tokenizer_config.json";

    /** Forms of tokenizers that are not read. */
    private static final Pattern OTHER_FORMS =
            Pattern.compile(".*\\.tiktoken|tiktoken\\.model|tekken\\.json|vocab\\.(json|txt)|merges\\.txt|.*\\.spm"
                    + "|(spiece|sentencepiece|source|target).*\\.model|tokenizer\\.model\\.v\\d.*");

    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Those of a GGUF file.
     *
     * @param templates the chat templates in Jinja by name; the one without a name is {@code default}
     */
    public static TokenizerFiles of(byte[] tokenizer, JsonNode settings, Map<String, String> templates) {
        Vocabulary vocabulary = Vocabulary.of(tokenizer);
        SpecialTokens specials = SpecialTokens.named(settings, JSON.createObjectNode());
        return new TokenizerFiles(tokenizer, settings, specials, ChatTemplates.of(templates), vocabulary, null, false);
    }

    /** Those of a model folder or a GGUF file, or an error that names the folder and the reason. */
    public static TokenizerFiles of(Path folder) {
        try {
            return GgufModel.isGguf(folder) ? GgufModel.tokenizer(folder) : read(folder);
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
        JsonNode addedTokens = json(folder.resolve("added_tokens.json"));
        boolean written = Files.exists(folder.resolve(TOKENIZER));
        PieceFiles pieces = written || !Files.exists(folder.resolve(PieceModel.FILE))
                ? null
                : new PieceFiles(folder, settings, addedTokens);
        byte[] bytes = pieces == null ? Files.readAllBytes(found(folder)) : new byte[0];
        if (!((pieces == null ? JSON.readTree(bytes) : pieces.json()) instanceof ObjectNode root)) {
            throw new ModelException(folder.resolve(TOKENIZER) + ": expected a JSON object");
        }
        TokenizerSettings.check(settings, root, written, folder);
        SpecialTokens specials = SpecialTokens.named(settings, json(folder.resolve("special_tokens_map.json")));
        AddedTokens added = new AddedTokens(root, folder.toString());
        added.complete(settings, addedTokens, specials.texts());
        added.special(specials, config.path("vocab_size").asInt(-1));
        boolean changed = added.write();
        Vocabulary vocabulary = Vocabulary.of(root);
        List<JsonNode> numbers = new ArrayList<>(List.of(config, json(folder.resolve("generation_config.json"))));
        if (pieces != null) {
            numbers.add(0, pieces.numbers());
        }
        SpecialTokens filled = specials.numbered(numbers, vocabulary);
        if (pieces != null) {
            pieces.surround(filled, vocabulary);
        }
        return new TokenizerFiles(
                pieces != null || changed ? JSON.writeValueAsBytes(root) : bytes,
                settings,
                filled,
                ChatTemplates.read(folder, settings),
                vocabulary,
                pieces == null ? null : pieces.text(),
                TokenizerSettings.cleans(settings, root));
    }

    /** The tokenizer.json of a folder; where there is none, an error that says what there is in its place. */
    private static Path found(Path folder) throws IOException {
        Path file = folder.resolve(TOKENIZER);
        if (!Files.exists(file) && Files.isDirectory(folder)) {
            try (Stream<Path> files = Files.list(folder)) {
                List<String> others = files.map(f -> String.valueOf(f.getFileName()))
                        .filter(name -> OTHER_FORMS.matcher(name).matches())
                        .sorted()
                        .toList();
                if (!others.isEmpty()) {
                    throw new ModelException("model folder " + folder + " has no " + TOKENIZER + " and no "
                            + PieceModel.FILE + ", only " + String.join(", ", others)
                            + ", which is not read: expected one of the two");
                }
            }
        }
        return file;
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

    /** The chat templates by name. */
    public Map<String, String> templatesByName() {
        return Map.copyOf(templates.byName());
    }

    /** The chat template for dialogues without tools, or null. */
    public @Nullable String template() {
        return templates.named(ChatTemplates.DEFAULT);
    }

    /** Puts the tokenizer of a folder or GGUF file into a folder: its files as they are, or written anew. */
    static void copy(Path from, Path to) throws IOException {
        if (GgufModel.isGguf(from)) {
            GgufModel.tokenizer(from).write(to);
        } else if (!Files.isSameFile(from, to)) {
            TokenizerCopy.copy(from, to);
            if (!Files.exists(from.resolve(TOKENIZER)) && Files.exists(from.resolve(PieceModel.FILE))) {
                writeExact(of(from), to);
            }
        }
    }

    /** Where a tokenizer.json would give some texts other ids than the SentencePiece model, there is none. */
    private static void writeExact(TokenizerFiles files, Path to) throws IOException {
        if (files.pieces == null) {
            Files.write(to.resolve(TOKENIZER), files.tokenizer);
        }
    }

    private void write(Path folder) throws IOException {
        Files.write(folder.resolve(TOKENIZER), tokenizer);
        ObjectNode written = settings.deepCopy();
        String template = template();
        if (template != null && templates.byName().size() == 1) {
            written.put("chat_template", template);
        } else {
            templates
                    .byName()
                    .forEach((name, text) -> written.withArray("chat_template")
                            .addObject()
                            .put("name", name)
                            .put("template", text));
        }
        Files.writeString(folder.resolve(SETTINGS), written.toPrettyString() + "\n", StandardCharsets.UTF_8);
    }
}
