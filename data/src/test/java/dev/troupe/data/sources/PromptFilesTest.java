package dev.troupe.data.sources;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.troupe.data.DataException;
import dev.troupe.data.DataSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prompts in the shapes that the field's files have, and the split of one file for training and evaluation. */
final class PromptFilesTest {
    private static final String SYSTEM = "{'role':'system','content':'Be brief.'}";
    private static final String USER = "{'role':'user','content':'Name a colour.'}";
    private static final String ANSWER = "{'role':'assistant','content':'Red.'}";

    @TempDir
    Path folder;

    @Test
    void dialoguesEndWhereTheModelAnswers() throws IOException {
        Message system = new Message("system", "Be brief.");
        Message user = new Message("user", "Name a colour.");
        List<Message> asked = List.of(system, user);

        assertThat(read("{'prompt':[" + SYSTEM + "," + USER + "]}")).isEqualTo(new Prompt(0, "Name a colour.", asked));
        assertThat(read("{'messages':[" + SYSTEM + "," + USER + "," + ANSWER + "]}")
                        .messages())
                .isEqualTo(asked);
        assertThat(read("{'conversations':[{'from':'system','value':'Be brief.'},"
                                + "{'from':'human','value':'Name a colour.'},{'from':'gpt','value':'Red.'}]}")
                        .messages())
                .isEqualTo(asked);
        assertThat(read("{'messages':[" + USER + "," + ANSWER + "," + USER + "]}")
                        .messages())
                .containsExactly(user, new Message("assistant", "Red."), user);
    }

    @Test
    void instructionsAreWhatAUserSays() throws IOException {
        assertThat(user(read("{'instruction':'Add.','input':'1 2','output':'3'}")))
                .isEqualTo("Add.\n\n1 2");
        assertThat(user(read("{'instruction':'Sing.','input':'','output':'La'}")))
                .isEqualTo("Sing.");
        assertThat(user(read("{'id':'seed_task_9','instruction':'Add.','instances':[{'input':'1 2','output':'3'}]}")))
                .isEqualTo("Add.\n\n1 2");
        assertThat(user(read("{'instruction':'Sing.'}"))).isEqualTo("Sing.");
    }

    @Test
    void namesWhatIsWrongWithADialogue() throws IOException {
        refused("{'messages':[" + ANSWER + "]}", "p.jsonl:1: column \"messages\": the dialogue has no turn to answer");
        refused("{'messages':[]}", "p.jsonl:1: column \"messages\": the dialogue has no turn to answer");
        refused(
                "{'messages':['hello']}",
                "p.jsonl:1: column \"messages\", turn 1: found a string, expected an object with \"role\"");
        refused(
                "{'conversations':[{'from':'human'}]}",
                "p.jsonl:1: column \"conversations\", turn 1: it has no content");
        refused("{'instruction':' '}", "p.jsonl:1: the instruction is empty");
        refused("{'instruction':'Add.','instances':[]}", "p.jsonl:1: column \"instances\": expected a list");
        refused("{'answer':'?'}", "p.jsonl:1: no column that asks: expected one of [prompt, messages, ");
    }

    @Test
    void heldOutPromptsAreNeverTrainedNotEvenUnderAnotherRow() throws IOException {
        List<String> rows = new ArrayList<>();
        IntStream.range(0, 40).forEach(i -> rows.add("{'instruction':'Tell " + i % 35 + "'}"));
        DataSettings settings = settings(file(rows), "eval.prompts = held-out, eval.count = 12");

        List<Prompt> heldOut = Sources.evaluation(settings);
        Source<Prompt> training = Sources.prompts(settings, 3);

        assertThat(heldOut).hasSize(12).isEqualTo(Sources.evaluation(settings));
        assertThat(heldOut)
                .extracting(Prompt::draw)
                .containsExactlyElementsOf(LongStream.range(0, 12).boxed().toList());
        assertThat(training.size()).isEqualTo(23);
        List<String> seen =
                LongStream.range(0, 46).mapToObj(n -> user(training.draw(n))).toList();
        assertThat(seen.stream().distinct()).hasSize(23);
        assertThat(seen)
                .doesNotContainAnyElementsOf(
                        heldOut.stream().map(PromptFilesTest::user).toList());
        assertThat(Sources.prompts(settings, 4).size()).isEqualTo(23);
    }

    @Test
    void longPromptsAreLeftOutOfBoth() throws IOException {
        String rows = file(List.of("{'prompt':'four'}", "{'prompt':'longer'}", "{'instruction':'ab','input':'c'}"));

        DataSettings settings = settings(rows, "data.max_prompt_characters = 5, eval.prompts = \"" + rows + "\"");

        assertThat(Sources.evaluation(settings)).extracting(Prompt::text).containsExactly("four", "ab\n\nc");
        assertThat(Sources.prompts(settings, 1).size()).isEqualTo(2);
        assertThatThrownBy(() -> Sources.prompts(settings(rows, "data.max_prompt_characters = 3"), 1))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith("data.max_prompt_characters = 3: no prompt of data.prompts = " + rows);
    }

    @Test
    void aSplitNeedsAFileWithEnoughPrompts() throws IOException {
        String rows = file(List.of("{'prompt':'a'}", "{'prompt':'b'}", "{'prompt':'b'}", "{'prompt':'c'}"));

        assertThatThrownBy(() -> Sources.evaluation(settings(rows, "eval.prompts = held-out, eval.count = 2")))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("has 3 different prompts, of which at most half are held out");
        assertThatThrownBy(() -> Sources.evaluation(settings("stories", "eval.prompts = held-out")))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith("eval.prompts = held-out: data.prompts = stories");
    }

    private static String user(Prompt prompt) {
        assertThat(prompt.messages()).hasSize(1);
        assertThat(prompt.messages().get(0).role()).isEqualTo("user");
        return prompt.messages().get(0).content();
    }

    private Prompt read(String row) throws IOException {
        return RowFiles.prompts(Path.of(file(List.of(row)))).rows().get(0);
    }

    private void refused(String row, String message) throws IOException {
        Path file = Path.of(file(List.of(row)));
        assertThatThrownBy(() -> RowFiles.prompts(file))
                .isInstanceOf(DataException.class)
                .hasMessageContaining(message);
    }

    /** Rows with single quotes for double ones. */
    private String file(List<String> rows) throws IOException {
        return Files.writeString(
                        folder.resolve("p.jsonl"), String.join("\n", rows).replace('\'', '"'))
                .toString();
    }

    private static DataSettings settings(String prompts, String... more) {
        String all = "data.prompts = \"" + prompts + "\"\n" + String.join("\n", Arrays.asList(more));
        return DataSettings.from(ConfigFactory.parseString(all)
                .withFallback(ConfigFactory.parseResources("troupe/data.conf"))
                .resolve());
    }
}
