package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.data.rewards.SentimentRule;
import dev.troupe.data.sources.PreferencePair;
import dev.troupe.data.sources.RowFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BestOfNTest {
    private static final Offset<Double> FLOAT = Offset.offset(1e-6);

    @TempDir
    private Path folder;

    private Troupe best(String out, String... arguments) {
        List<String> all = new ArrayList<>(List.of("best-of-n", "max_new_tokens=12", "rollout.context=64", "--out"));
        all.add(folder.resolve(out).toString());
        all.addAll(List.of(arguments));
        Map.of("--reward", "sentiment", "-n", "4").forEach((option, value) -> {
            if (!all.contains(option)) {
                all.addAll(List.of(option, value));
            }
        });
        return Troupe.of(all.toArray(new String[0]));
    }

    private List<JsonNode> rows(String file) throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<JsonNode> rows = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve(file))) {
            rows.add(json.readTree(line));
        }
        return rows;
    }

    private static void done(Troupe told) {
        assertThat(told.code()).as(told.err()).isZero();
    }

    @Test
    void bestAndPairsAreThoseOfAllCompletions() throws IOException {
        done(best("all.jsonl", "--count", "6", "--threshold", "-2"));
        Map<String, List<String>> all = new LinkedHashMap<>();
        for (JsonNode row : rows("all.jsonl")) {
            String completion = row.get("completion").asText();
            assertThat(row.get("reward").asDouble())
                    .isEqualTo(SentimentRule.own().gold(completion), FLOAT);
            all.computeIfAbsent(row.get("prompt").asText(), p -> new ArrayList<>())
                    .add(completion);
        }
        assertThat(all).hasSize(6);

        Troupe told = best("best.jsonl", "--count", "6");
        done(told);
        assertThat(told.err()).contains("prompt 6/6").containsPattern("left 0:0\\d");
        assertThat(told.out()).contains("best.jsonl: 6 rows of 6 prompts x 4; mean reward ", "0 without a reward");
        assertThat(rows("best.jsonl")).hasSize(6).allSatisfy(row -> {
            List<String> completions = all.get(row.get("prompt").asText());
            assertThat(row.get("completion").asText())
                    .isEqualTo(completions.stream()
                            .max(Comparator.comparingDouble(BestOfNTest::gold))
                            .orElseThrow());
        });
        assertThat(RowFiles.texts(folder.resolve("best.jsonl")).rows()).hasSize(6);

        done(best("pairs.jsonl", "--count", "6", "--pairs"));
        List<PreferencePair> pairs =
                RowFiles.pairs(folder.resolve("pairs.jsonl")).rows();
        assertThat(pairs).isNotEmpty().allSatisfy(pair -> {
            double[] golds = all.get(pair.prompt().text()).stream()
                    .mapToDouble(BestOfNTest::gold)
                    .sorted()
                    .toArray();
            assertThat(gold(pair.chosen().text())).isEqualTo(golds[golds.length - 1]);
            assertThat(gold(pair.rejected().text())).isEqualTo(golds[0]);
            assertThat(pair.margin()).isPositive().isEqualTo(golds[golds.length - 1] - golds[0], FLOAT);
        });
        assertThat(pairs).hasSize((int) all.values().stream()
                .filter(c ->
                        c.stream().mapToDouble(BestOfNTest::gold).distinct().count() > 1)
                .count());
    }

    private static double gold(String completion) {
        return SentimentRule.own().gold(completion);
    }

    @Test
    void onlyWhatReachesTheThresholdIsKept() throws IOException {
        done(best("good.jsonl", "--count", "8", "--threshold", "0.2"));
        assertThat(rows("good.jsonl"))
                .allSatisfy(row -> assertThat(row.get("reward").asDouble()).isGreaterThanOrEqualTo(0.2));
        done(best("none.jsonl", "--count", "2", "--threshold", "2"));
        assertThat(rows("none.jsonl")).isEmpty();
    }

    /** Sixteen prompts of four are judged at once; the rule gives out in the third group. */
    @Test
    void anInterruptedOneGoesOnWhereItWas() throws IOException {
        String tires = BadRules.Tires.class.getName();
        BadRules.Tires.LEFT.set(1000);
        done(best("straight.jsonl", "--count", "40", "--reward", tires));
        BadRules.Tires.LEFT.set(150);
        Troupe failed = best("resumed.jsonl", "--count", "40", "--reward", tires);
        assertThat(failed.code()).isEqualTo(1);
        assertThat(failed.err())
                .contains("32 completions in a row got no reward", "tired")
                .doesNotContain("\tat ");
        Path part = folder.resolve("resumed.jsonl.part");
        assertThat(folder.resolve("resumed.jsonl")).doesNotExist();
        List<String> lines = Files.readAllLines(part);
        assertThat(lines).hasSize(1 + 32);
        Files.writeString(part, String.join("\n", lines.subList(0, 1 + 27)) + "\n{\"rows\":[{\"pro");

        Troupe other = best("resumed.jsonl", "--count", "41", "--reward", tires);
        assertThat(other.code()).isEqualTo(2);
        assertThat(other.err()).contains(part.toString(), "with other settings");

        BadRules.Tires.LEFT.set(1000);
        Troupe told = best("resumed.jsonl", "--count", "40", "--reward", tires);
        done(told);
        assertThat(BadRules.Tires.LEFT.get())
                .as("of the second group only whole ones are kept")
                .isEqualTo(1000 - 96);
        assertThat(Files.readString(folder.resolve("resumed.jsonl")))
                .isEqualTo(Files.readString(folder.resolve("straight.jsonl")));
        assertThat(part).doesNotExist();
    }

    private void refused(Troupe told, String... said) {
        assertThat(told.code()).as(told.err()).isEqualTo(2);
        assertThat(told.err()).contains(said).doesNotContain("\tat ");
    }

    @Test
    void whatWillNotDoIsToldInWords() throws IOException {
        Path there = Files.writeString(folder.resolve("there.jsonl"), "mine\n");
        Path prompts = Files.writeString(folder.resolve("p.jsonl"), "{\"prompt\":\"Once\"}\n");

        refused(best("there.jsonl", "--count", "1"), there.toString(), "the file exists");
        assertThat(there).hasContent("mine");
        refused(best("x.jsonl", "-n", "0"), "-n 0");
        refused(best("x.jsonl", "-n", "1", "--pairs"), "-n 1", "--pairs");
        refused(best("x.jsonl", "--pairs", "--threshold", "1"), "--pairs", "--threshold");
        refused(
                best("x.jsonl", "--prompts", prompts.toString(), "--count", "2"),
                "--count 2",
                "1 prompts of " + prompts);
        refused(best("x.jsonl", "--reward", "gsm8k", "--prompts", prompts.toString()), "no column \"answer\"");
        refused(best("x.jsonl", "--reward", "http://judge.example/"), "plain http leaves this machine");
        refused(best("x.jsonl", "--reward", "nowhere"), "model.reward = nowhere: no model there");
        refused(best("x.jsonl", "--model", "nowhere"), "model.policy = nowhere: no model there");
        assertThat(folder.resolve("x.jsonl")).doesNotExist();
    }
}
