package dev.troupe.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.ModelInit;
import dev.troupe.model.Tokenizer;
import dev.troupe.model.TokenizerFiles;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A GGUF tokenizer of SentencePiece's kind against SentencePiece's own rule: join the neighbours of the best score. */
class SentencePieceTest {
    private static final List<String> PIECES = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    private static final int BYTES = 3;

    static {
        for (int i = 0; i < 256; i++) {
            PIECES.add(String.format("<0x%02X>", i));
        }
        PIECES.addAll(List.of(
                "\u2581t",
                "he",
                "\u2581a",
                "in",
                "\u2581the",
                "re",
                "on",
                "er",
                "\u2581an",
                "nd",
                "and",
                "\u2581and",
                "\u2581",
                "e",
                "t",
                "a",
                "h",
                "n",
                "d",
                "r",
                "i",
                "o"));
    }

    @TempDir
    Path folder;

    private static GgufBytes file() {
        GgufBytes file = new GgufBytes();
        float[] scores = new float[PIECES.size()];
        int[] types = new int[PIECES.size()];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = i < BYTES + 256 ? 0 : -(i - BYTES - 256);
            types[i] = i == 0 ? 2 : i < BYTES ? 3 : i < BYTES + 256 ? 6 : 1;
        }
        file.keys.text("general.architecture", "llama");
        file.keys.text(GgufTokenizer.MODEL, "llama");
        file.keys.texts(GgufTokenizer.TOKENS, PIECES);
        file.keys.floats(GgufTokenizer.SCORES, scores);
        file.keys.ints(GgufTokenizer.TYPES, types);
        file.keys.uint32("tokenizer.ggml.bos_token_id", 1);
        file.keys.uint32("tokenizer.ggml.eos_token_id", 2);
        file.keys.uint32("tokenizer.ggml.unknown_token_id", 0);
        return file;
    }

    /** SentencePiece's rule, with the pieces' places in the list as scores. */
    private static List<Integer> joined(String text) {
        List<String> parts = new ArrayList<>();
        ("\u2581" + text.replace(" ", "\u2581")).codePoints().forEach(c -> parts.add(Character.toString(c)));
        while (true) {
            int best = Integer.MAX_VALUE;
            int at = -1;
            for (int i = 0; i + 1 < parts.size(); i++) {
                int id = PIECES.indexOf(parts.get(i) + parts.get(i + 1));
                if (id >= 0 && id < best) {
                    best = id;
                    at = i;
                }
            }
            if (at < 0) {
                break;
            }
            parts.set(at, parts.get(at) + parts.remove(at + 1));
        }
        List<Integer> ids = new ArrayList<>(List.of(1));
        for (String part : parts) {
            if (PIECES.contains(part)) {
                ids.add(PIECES.indexOf(part));
            } else {
                for (byte b : part.getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
                    ids.add(BYTES + (b & 0xFF));
                }
            }
        }
        return ids;
    }

    @Test
    void shouldJoinAsSentencePieceDoes() throws Exception {
        GgufHeader header = GgufHeader.parse(ByteBuffer.wrap(file().header()), 1 << 20, "x");
        TokenizerFiles files = GgufTokenizer.read(header.metadata());
        Files.write(folder.resolve("tokenizer.json"), files.tokenizer());
        Files.writeString(
                folder.resolve("tokenizer_config.json"), files.settings().toString());
        Random random = new Random(5);
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            List<String> texts = new ArrayList<>(List.of("the and on", "then  an\u00e9 ", "\u65e5t", " hi", "<s>a"));
            for (int i = 0; i < 200; i++) {
                StringBuilder text = new StringBuilder();
                for (int k = 0; k < 12; k++) {
                    text.append("ethand nrio ".charAt(random.nextInt(12)));
                }
                texts.add(text.toString());
            }
            for (String text : texts.subList(0, 4)) {
                assertThat(tokenizer.encode(text, true)).as(text).containsExactly(ints(joined(text)));
                assertThat(tokenizer.decode(tokenizer.encode(text, true))).isEqualTo(text);
            }
            for (String text : texts.subList(5, texts.size())) {
                assertThat(tokenizer.encode(text, true)).as(text).containsExactly(ints(joined(text)));
            }
            assertThat(tokenizer.encode("<s>", false)).containsExactly(1);
            assertThat(Map.of("bos", tokenizer.bosId(), "eos", tokenizer.eosId(), "pad", tokenizer.padId()))
                    .isEqualTo(Map.of("bos", 1, "eos", 2, "pad", 2));
        }
    }

    @Test
    void shouldKeepTheMergesThroughWriting() throws Exception {
        GgufHeader header = GgufHeader.parse(ByteBuffer.wrap(file().header()), 1 << 20, "x");
        TokenizerFiles files = GgufTokenizer.read(header.metadata());
        ModelConfig config =
                ModelConfig.llama(PIECES.size(), 16, 16, 1, 2, 2, 32).withEosIds(List.of(2, 5, 7));
        ModelFolder.save(folder, config, ModelInit.random(config, 1), null);
        Files.write(folder.resolve("tokenizer.json"), files.tokenizer());
        Files.writeString(
                folder.resolve("tokenizer_config.json"), files.settings().toString());
        Path written = folder.resolve("x.gguf");
        GgufWriter.write(written, ModelFolder.open(folder), GgufWriter.Dtype.F16);
        assertThat(ModelFolder.open(written).config().eosIds()).containsExactly(2, 5, 7);
        try (Tokenizer tokenizer = Tokenizer.open(written)) {
            for (String text : List.of("the and on", "then  an\u00e9 ", "\u65e5t", "and the nerd")) {
                assertThat(tokenizer.encode(text, true)).as(text).containsExactly(ints(joined(text)));
            }
        }
    }

    private static int[] ints(List<Integer> ids) {
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }
}
