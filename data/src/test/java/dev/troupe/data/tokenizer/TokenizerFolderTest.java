package dev.troupe.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TokenizerFolderTest {
    @TempDir
    Path folder;

    @Test
    void learnsTheCommonestPairFirst() {
        // Counts by hand: "ab" stands 3 times, then " ab" (" " + "ab") twice; in "bc" and the rest nothing is commoner.
        List<BpeTrainer.Merge> merges = BpeTrainer.train(List.of("ab ab ab", "bc"), 2);
        assertThat(merges).containsExactly(new BpeTrainer.Merge("a", "b"), new BpeTrainer.Merge("Ġ", "ab"));
        assertThat(BpeTrainer.train(List.of("ab"), 10)).hasSize(1);
    }

    @Test
    void storiesTokenizerIsCompleteAndAlwaysTheSame() throws IOException {
        TokenizerFolder.writeStories(folder.resolve("a"), 512);
        TokenizerFolder.writeStories(folder.resolve("b"), 512);
        for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
            assertThat(folder.resolve("a").resolve(name))
                    .hasSameBinaryContentAs(folder.resolve("b").resolve(name));
        }
        JsonNode model = new ObjectMapper()
                .readTree(Files.readString(folder.resolve("a/tokenizer.json")))
                .get("model");
        JsonNode vocabulary = model.get("vocab");
        Set<Integer> ids = new HashSet<>();
        vocabulary.forEach(id -> ids.add(id.intValue()));
        assertThat(ids).hasSize(512).contains(0, 511);
        assertThat(vocabulary.get("<pad>").intValue()).isZero();
        assertThat(vocabulary.get("<s>").intValue()).isEqualTo(1);
        assertThat(vocabulary.get("</s>").intValue()).isEqualTo(2);
        model.get("merges").forEach(merge -> {
            String[] halves = merge.textValue().split(" ", -1);
            assertThat(halves).hasSize(2).allMatch(vocabulary::has);
            assertThat(vocabulary.has(halves[0] + halves[1])).isTrue();
        });
        assertThat(vocabulary.has("Ġlovely") && vocabulary.has("ĠShe") && vocabulary.has("Ġwent"))
                .isTrue();
    }
}
