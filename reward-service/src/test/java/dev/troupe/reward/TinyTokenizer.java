package dev.troupe.reward;

import dev.troupe.model.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A tokenizer of whole words, written to a folder as Hugging Face would. */
final class TinyTokenizer {
    private TinyTokenizer() {}

    /** Ids: 0 unk, 1 bos, 2 eos, then the words in order. */
    static void write(Path folder, String... words) throws IOException {
        Files.createDirectories(folder);
        StringBuilder vocabulary = new StringBuilder("\"<unk>\":0,\"<s>\":1,\"</s>\":2");
        for (int i = 0; i < words.length; i++) {
            vocabulary.append(",\"").append(words[i]).append("\":").append(3 + i);
        }
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"version":"1.0","truncation":null,"padding":null,
                 "added_tokens":[%s,%s,%s],
                 "normalizer":null,"pre_tokenizer":{"type":"Whitespace"},"post_processor":null,"decoder":null,
                 "model":{"type":"WordLevel","vocab":{%s},"unk_token":"<unk>"}}
                """.formatted(
                        special(0, "<unk>"), special(1, "<s>"), special(2, "</s>"), vocabulary));
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"bos_token\":\"<s>\",\"eos_token\":\"</s>\",\"unk_token\":\"<unk>\"}");
    }

    static Tokenizer open(Path folder, String... words) throws IOException {
        write(folder, words);
        return Tokenizer.open(folder);
    }

    private static String special(int id, String text) {
        return "{\"id\":" + id + ",\"content\":\"" + text
                + "\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true}";
    }
}
