package dev.troupe.data.tokenizer;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.data.stories.Split;
import dev.troupe.data.stories.StoryDraws;
import dev.troupe.data.stories.StoryGrammar;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Writes a byte-level BPE as the two files of a Hugging Face tokenizer: {@code tokenizer.json} and
 * {@code tokenizer_config.json}. Every text can be encoded and comes back exactly. Ids: 0 {@code <pad>}, 1 {@code <s>}
 * (put before every text), 2 {@code </s>}, then the 256 bytes, then the merges.
 */
public final class TokenizerFolder {
    /** Tokens that no text spells: padding, beginning, end. */
    public static final List<String> SPECIALS = List.of("<pad>", "<s>", "</s>");

    /** The vocabulary of the stories tokenizer. */
    public static final int STORIES_VOCABULARY = 512;

    private static final int STORIES_TEXTS = 20_000;
    private static final long STORIES_SEED = 1;
    private static final int BYTES = 256;
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private TokenizerFolder() {}

    /** Writes the tokenizer of the built-in stories; the bytes are always the same. */
    public static void writeStories(Path folder, int longestText) throws IOException {
        StoryDraws draws = new StoryDraws(StoryGrammar.stories(), STORIES_SEED, Split.TRAIN);
        Iterable<String> texts = () -> LongStream.range(0, STORIES_TEXTS)
                .mapToObj(n -> draws.story(n).text())
                .iterator();
        write(folder, texts, STORIES_VOCABULARY, longestText);
    }

    /**
     * Trains on texts and writes the two files.
     *
     * @param vocabulary ids in all, above 259
     * @param longestText the context of the model, in tokens
     */
    public static void write(Path folder, Iterable<String> texts, int vocabulary, int longestText) throws IOException {
        int most = vocabulary - SPECIALS.size() - BYTES;
        if (most < 0) {
            throw new IllegalArgumentException(
                    "vocabulary " + vocabulary + ": expected at least " + (SPECIALS.size() + BYTES));
        }
        Files.createDirectories(folder);
        String json = JSON.writeValueAsString(tokenizer(BpeTrainer.train(texts, most)));
        Files.writeString(folder.resolve("tokenizer.json"), json + "\n", StandardCharsets.UTF_8);
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                JSON.writeValueAsString(config(longestText)) + "\n",
                StandardCharsets.UTF_8);
    }

    private static ObjectNode tokenizer(List<BpeTrainer.Merge> merges) {
        ObjectNode root = JSON.createObjectNode();
        root.put("version", "1.0");
        root.putNull("truncation").putNull("padding");
        ArrayNode added = root.putArray("added_tokens");
        for (int id = 0; id < SPECIALS.size(); id++) {
            added.addObject()
                    .put("id", id)
                    .put("content", SPECIALS.get(id))
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", true);
        }
        root.putNull("normalizer");
        byteLevel(root.putObject("pre_tokenizer"), false);
        root.set("post_processor", beginning());
        byteLevel(root.putObject("decoder"), true);
        root.set("model", model(merges));
        return root;
    }

    private static void byteLevel(ObjectNode node, boolean prefixSpace) {
        node.put("type", "ByteLevel")
                .put("add_prefix_space", prefixSpace)
                .put("trim_offsets", true)
                .put("use_regex", true);
    }

    /** The post-processor that puts {@code <s>} before a text. */
    private static ObjectNode beginning() {
        ObjectNode node = JSON.createObjectNode().put("type", "TemplateProcessing");
        special(node.putArray("single"), "A");
        ArrayNode pair = node.putArray("pair");
        special(pair, "A");
        pair.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
        ObjectNode bos = node.putObject("special_tokens").putObject("<s>").put("id", "<s>");
        bos.putArray("ids").add(SPECIALS.indexOf("<s>"));
        bos.putArray("tokens").add("<s>");
        return node;
    }

    private static void special(ArrayNode template, String sequence) {
        template.addObject().putObject("SpecialToken").put("id", "<s>").put("type_id", 0);
        template.addObject().putObject("Sequence").put("id", sequence).put("type_id", 0);
    }

    private static ObjectNode model(List<BpeTrainer.Merge> merges) {
        ObjectNode model = JSON.createObjectNode().put("type", "BPE");
        model.putNull("dropout")
                .putNull("unk_token")
                .putNull("continuing_subword_prefix")
                .putNull("end_of_word_suffix")
                .put("fuse_unk", false)
                .put("byte_fallback", false)
                .put("ignore_merges", false);
        ObjectNode vocabulary = model.putObject("vocab");
        int id = 0;
        for (String special : SPECIALS) {
            vocabulary.put(special, id++);
        }
        for (int b = 0; b < BYTES; b++) {
            vocabulary.put(String.valueOf(ByteAlphabet.of(b)), id++);
        }
        ArrayNode rules = model.putArray("merges");
        for (BpeTrainer.Merge merge : merges) {
            vocabulary.put(merge.token(), id++);
            rules.add(merge.left() + " " + merge.right());
        }
        return model;
    }

    private static ObjectNode config(int longestText) {
        return JSON.createObjectNode()
                .put("tokenizer_class", "PreTrainedTokenizerFast")
                .put("pad_token", SPECIALS.get(0))
                .put("bos_token", SPECIALS.get(1))
                .put("eos_token", SPECIALS.get(2))
                .put("clean_up_tokenization_spaces", false)
                .put("model_max_length", longestText);
    }
}
