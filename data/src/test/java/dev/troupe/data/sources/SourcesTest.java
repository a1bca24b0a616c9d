package dev.troupe.data.sources;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.troupe.data.DataException;
import dev.troupe.data.DataSettings;
import dev.troupe.data.rewards.SentimentRule;
import dev.troupe.data.stories.StoryGrammar;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SourcesTest {
    @TempDir
    Path folder;

    @Test
    void evaluationPromptsAreDistinctFixedAndUnseenInTraining() {
        DataSettings settings = settings("");
        List<Prompt> evaluation = Sources.evaluation(settings);
        assertThat(evaluation).hasSize(32).isEqualTo(Sources.evaluation(settings));
        Set<String> texts = new HashSet<>();
        evaluation.forEach(prompt -> texts.add(prompt.text()));
        assertThat(texts).hasSize(32).allMatch(text -> StoryGrammar.stories().accepts(text, true));
        Source<Prompt> train = Sources.prompts(settings, 1);
        Source<TrainingText> sft = Sources.texts(settings, 1);
        Source<PreferencePair> pairs = Sources.pairs(settings, 1);
        for (int n = 0; n < 3_000; n++) {
            assertThat(texts)
                    .doesNotContain(train.draw(n).text(), pairs.draw(n).prompt().text());
            String story = sft.draw(n).text();
            assertThat(texts).noneMatch(story::startsWith);
        }
        assertThat(train.size()).isEqualTo(Source.ENDLESS);
        assertThat(train.draw(77)).isEqualTo(new Prompt(77, train.draw(77).text()));
    }

    @Test
    void completionsBelongToThePromptsOfTheSameDraws() throws IOException {
        Source<CompletedPrompt> stories = Sources.completions(settings(""), 5);
        Source<Prompt> openings = Sources.prompts(settings(""), 5);
        for (int n = 0; n < 200; n++) {
            CompletedPrompt story = stories.draw(n);
            assertThat(story.prompt()).isEqualTo(openings.draw(n));
            assertThat(StoryGrammar.stories()
                            .accepts(story.prompt().text() + story.completion().text(), false))
                    .isTrue();
        }
        Path file = folder.resolve("completed.jsonl");
        Files.writeString(
                file,
                IntStream.range(0, 9)
                        .mapToObj(i -> "{\"prompt\":\"p" + i + "\",\"completion\":\" c" + i + "\"}\n")
                        .collect(java.util.stream.Collectors.joining()));
        Source<CompletedPrompt> rows = Sources.completions(settings("data.prompts = \"" + file + "\""), 5);
        Source<Prompt> prompts = Sources.prompts(settings("data.prompts = \"" + file + "\""), 5);
        for (int n = 0; n < 27; n++) {
            String number = prompts.draw(n).text().substring(1);
            assertThat(rows.draw(n).prompt()).isEqualTo(prompts.draw(n));
            assertThat(rows.draw(n).completion()).isEqualTo(new Reply(" c" + number));
        }
        Files.writeString(file, "{\"prompt\":\"p\"}\n");
        assertThatThrownBy(() -> Sources.completions(settings("data.prompts = \"" + file + "\""), 5))
                .isInstanceOf(DataException.class)
                .hasMessageContaining(
                        "data.prompts = " + file + ":1: no text in the column \"completion\" of the prompt \"p\"");
    }

    @Test
    void storyPairsAreRankedByTheRuleWithAMargin() {
        DataSettings settings = settings("data.pairs_margin = 0.4, data.held_out = 100");
        Source<PreferencePair> pairs = Sources.pairs(settings, 3);
        List<PreferencePair> some =
                new ArrayList<>(LongStream.range(0, 500).mapToObj(pairs::draw).toList());
        some.addAll(Sources.heldOutPairs(settings));
        assertThat(some).hasSize(600).allSatisfy(pair -> {
            double lead = SentimentRule.own().gold(pair.chosen().text())
                    - SentimentRule.own().gold(pair.rejected().text());
            assertThat(lead).isGreaterThanOrEqualTo(0.4);
            assertThat(StoryGrammar.stories()
                            .accepts(pair.prompt().text() + pair.chosen().text(), false))
                    .isTrue();
            assertThat(StoryGrammar.stories()
                            .accepts(pair.prompt().text() + pair.rejected().text(), false))
                    .isTrue();
        });
        assertThat(Sources.heldOutTexts(settings)).hasSize(100);
    }

    @Test
    void aFileIsReadInShuffledEpochsThatAnyDrawCanJoin() throws IOException {
        Path file = write(
                "p.jsonl",
                IntStream.range(0, 50)
                        .mapToObj(i -> "{\"prompt\":\"p" + i + "\"}")
                        .toList());
        Source<Prompt> source = Sources.prompts(settings("data.prompts = \"" + file + "\""), 8);
        assertThat(source.size()).isEqualTo(50);
        List<String> first =
                LongStream.range(0, 50).mapToObj(n -> source.draw(n).text()).toList();
        List<String> second =
                LongStream.range(50, 100).mapToObj(n -> source.draw(n).text()).toList();
        assertThat(first).doesNotHaveDuplicates().hasSize(50);
        assertThat(second).containsExactlyInAnyOrderElementsOf(first).isNotEqualTo(first);
        Source<Prompt> resumed = Sources.prompts(settings("data.prompts = \"" + file + "\""), 8);
        assertThat(resumed.draw(63).text()).isEqualTo(second.get(13));
        Source<Prompt> other = Sources.prompts(settings("data.prompts = \"" + file + "\""), 9);
        assertThat(LongStream.range(0, 50).mapToObj(n -> other.draw(n).text()).toList())
                .containsExactlyInAnyOrderElementsOf(first)
                .isNotEqualTo(first);
    }

    @Test
    void readsGzipAndToldApartShapes() throws IOException {
        Path zipped = folder.resolve("p.jsonl.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(zipped))) {
            out.write("{\"prompt\":\"a\",\"id\":1}\n\n{\"prompt\":\"b\"}\n".getBytes(StandardCharsets.UTF_8));
        }
        assertThat(RowFiles.prompts(zipped).rows()).extracting(Prompt::text).containsExactly("a", "b");
        Path texts = write("t.jsonl", List.of("{\"text\":\"x\"}", "{\"prompt\":\"y\",\"completion\":\" z\"}"));
        assertThat(RowFiles.texts(texts).rows()).extracting(TrainingText::text).containsExactly("x", "y z");
        Path pairs = write("d.jsonl", List.of("{\"prompt\":\"q\",\"chosen\":\"c\",\"rejected\":\"r\",\"margin\":0.5}"));
        assertThat(RowFiles.pairs(pairs).rows()).containsExactly(new PreferencePair("q", "c", "r", 0.5));
        assertThat(Sources.evaluation(settings("eval.count = 1, eval.prompts = \"" + zipped + "\"")))
                .containsExactly(new Prompt(0, "a", List.of(), Map.of("id", 1)));
    }

    @Test
    void aPromptBringsTheOtherColumnsOfItsRow() throws IOException {
        Path file = write(
                "gsm.jsonl",
                List.of(
                        "{\"question\":\"How many?\",\"answer\":\"48/2 = 24\\n#### 72\"}",
                        "{\"prompt\":\"q\",\"question\":\"kept\",\"answer\":7,\"tags\":[\"a\"],\"none\":null}"));
        assertThat(RowFiles.prompts(file).rows())
                .containsExactly(
                        new Prompt(0, "How many?", List.of(), Map.of("answer", "48/2 = 24\n#### 72")),
                        new Prompt(0, "q", List.of(), Map.of("question", "kept", "answer", 7, "tags", List.of("a"))));
        Source<Prompt> source = Sources.prompts(settings("data.prompts = \"" + file + "\""), 8);
        for (long n = 0; n < 6; n++) {
            Prompt prompt = source.draw(n);
            assertThat(prompt.columns().get("answer"))
                    .isEqualTo(prompt.text().equals("q") ? (Object) 7 : "48/2 = 24\n#### 72");
        }
        refused("q.jsonl", List.of("{\"answer\":\"a\"}"), "q.jsonl:1: no column that asks: expected one of [prompt, ");
        refused("r.jsonl", List.of("{\"question\":\"\",\"answer\":1}"), "r.jsonl:1: the question is empty");
    }

    @Test
    void heldOutRowsOfAFileAreNotTrainedOn() throws IOException {
        Path file = write(
                "t.jsonl",
                IntStream.range(0, 40)
                        .mapToObj(i -> "{\"text\":\"t" + i + "\"}")
                        .toList());
        DataSettings settings = settings("data.held_out = 100, data.texts = \"" + file + "\"");
        List<TrainingText> heldOut = Sources.heldOutTexts(settings);
        Source<TrainingText> train = Sources.texts(settings, 2);
        assertThat(heldOut).hasSize(4);
        assertThat(train.size()).isEqualTo(36);
        assertThat(LongStream.range(0, 36).mapToObj(train::draw).toList())
                .doesNotHaveDuplicates()
                .doesNotContainAnyElementsOf(heldOut);
    }

    @Test
    void namesFileLineAndReasonOfBadInput() throws IOException {
        refused("a.jsonl", List.of("{\"prompt\":\"a\"}", "{\"prompt\":"), "a.jsonl:2: not JSON: ");
        refused(
                "b.jsonl",
                List.of("", "[1]"),
                "b.jsonl:2: expected a JSON object, found a list; a file that is one JSON list becomes JSONL with jq");
        refused("c.jsonl", List.of("{\"text\":\"a\"}"), "c.jsonl:1: no column that asks: expected one of [prompt, ");
        refused("d.jsonl", List.of("{\"prompt\":3}"), "d.jsonl:1: column \"prompt\" is number, expected a string");
        refused("e.jsonl", List.of("{\"prompt\":\"\"}"), "e.jsonl:1: the prompt is empty");
        refused("f.jsonl", List.of(), "f.jsonl: the file is empty");
        refused("g.jsonl", List.of("{\"prompt\":\"a\"} {}"), "g.jsonl:1: the line goes on after its JSON object");
        assertThatThrownBy(() -> RowFiles.prompts(folder.resolve("none.jsonl")))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("none.jsonl: no such file");
        assertThatThrownBy(() -> RowFiles.prompts(folder)).hasMessageContaining("is a folder");
        Path latin = folder.resolve("latin.jsonl");
        Files.write(latin, "{\"prompt\":\"caf\u00e9\"}".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> RowFiles.prompts(latin)).hasMessageContaining("latin.jsonl:1: not UTF-8 text");
        Path texts = write("h.jsonl", List.of("{\"chosen\":\"a\"}"));
        assertThatThrownBy(() -> RowFiles.texts(texts))
                .hasMessageContaining(
                        "h.jsonl:1: expected \"messages\", \"conversations\", \"prompt\" with \"completion\"");
    }

    @Test
    void asksForNoMoreEvaluationPromptsThanThereAre() {
        assertThatThrownBy(() -> Sources.evaluation(settings("eval.count = 100000")))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("eval.count = 100000: the stories keep only ");
    }

    @Test
    void settingsOutOfRangeNameTheirKey() {
        assertThatThrownBy(() -> settings("eval.count = 0")).hasMessage("eval.count = 0: expected at least 1");
        assertThatThrownBy(() -> settings("data.pairs_margin = 0")).hasMessageStartingWith("data.pairs_margin = 0.0");
        assertThatThrownBy(() -> settings("eval.samples = many"))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("eval.samples");
    }

    private void refused(String name, List<String> lines, String message) throws IOException {
        Path file = write(name, lines);
        assertThatThrownBy(() -> RowFiles.prompts(file))
                .isInstanceOf(DataException.class)
                .hasMessageContaining(folder.resolve(message.substring(0, message.indexOf(':'))) + ":")
                .hasMessageContaining(message);
    }

    private Path write(String name, List<String> lines) throws IOException {
        return Files.write(folder.resolve(name), lines);
    }

    private static DataSettings settings(String overrides) {
        return DataSettings.from(ConfigFactory.parseString(overrides)
                .withFallback(ConfigFactory.parseResources("troupe/data.conf"))
                .resolve());
    }
}
