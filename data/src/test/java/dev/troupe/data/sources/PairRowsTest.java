package dev.troupe.data.sources;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.data.DataException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Preference pairs in the field's shapes: texts, lists of turns, whole dialogues, hh-rlhf's texts. */
final class PairRowsTest {
    private static final String HI = "{'role':'user','content':'Hi'}";
    private static final String YO = "{'role':'assistant','content':'yo'}";
    private static final String NO = "{'role':'assistant','content':'no'}";
    private static final Message USER = new Message("user", "Hi");
    private static final Message CHOSEN = new Message("assistant", "yo");
    private static final Message REJECTED = new Message("assistant", "no");

    @TempDir
    Path folder;

    /** Rows with single quotes for double ones. */
    private Rows<PreferencePair> read(String... rows) throws IOException {
        return RowFiles.pairs(Files.writeString(
                folder.resolve("d.jsonl"), String.join("\n", rows).replace('\'', '"')));
    }

    private void is(List<Message> prompt, List<Message> chosen, List<Message> rejected, String row) throws IOException {
        PreferencePair pair = read(row).rows().get(0);
        assertThat(pair.prompt().messages()).as(row).isEqualTo(prompt);
        assertThat(pair.chosen().messages()).as(row).isEqualTo(chosen);
        assertThat(pair.rejected().messages()).as(row).isEqualTo(rejected);
    }

    private void refused(String row, String message) {
        assertThatThrownBy(() -> read("{'prompt':'q','chosen':'c','rejected':'r'}", row))
                .isInstanceOf(DataException.class)
                .hasMessageContaining(folder.resolve("d.jsonl") + ":2: ")
                .hasMessageContaining(message.replace('\'', '"'));
    }

    @Test
    void answersToADialogue() throws IOException {
        for (String row : List.of(
                "{'prompt':[" + HI + "],'chosen':[" + YO + "],'rejected':[" + NO + "]}",
                "{'prompt':[" + HI + "],'chosen':" + YO + ",'rejected':" + NO + "}",
                "{'prompt':[" + HI + "],'chosen':'yo','rejected':'no'}",
                "{'prompt':'Hi','chosen':[" + YO + "],'rejected':[" + NO + "]}",
                "{'prompt':'Hi','chosen':[" + HI + "," + YO + "],'rejected':[" + HI + "," + NO + "]}",
                "{'prompt':[" + HI + "],'chosen':[" + HI + "," + YO + "],'rejected':[" + HI + "," + NO + "]}",
                "{'chosen':[" + HI + "," + YO + "],'rejected':[" + HI + "," + NO + "]}",
                "{'messages':[" + HI + "],'chosen':[" + YO + "],'rejected':[" + NO + "]}",
                "{'instruction':'Hi','input':'','chosen':'yo','rejected':'no'}",
                "{'conversations':[{'from':'human','value':'Hi'}],'chosen':{'from':'gpt','value':'yo'},"
                        + "'rejected':{'from':'gpt','value':'no'}}",
                "{'context':[{'role':'human','text':'Hi'}],'chosen':{'role':'assistant','text':'yo'},"
                        + "'rejected':{'role':'assistant','text':'no'}}",
                "{'chosen':'\\n\\nHuman: Hi\\n\\nAssistant: yo','rejected':'\\n\\nHuman: Hi\\n\\nAssistant: no'}",
                "{'chosen':'Human: Hi \\n\\nAssistant:yo\\n','rejected':'Human:Hi\\n\\nAssistant: no'}")) {
            is(List.of(USER), List.of(CHOSEN), List.of(REJECTED), row);
        }
    }

    @Test
    void whatShapesThePromptIsInIt() throws IOException {
        String answers = "'chosen':[" + YO + "],'rejected':[" + NO + "]}";
        List<Message> asked = List.of(new Message("system", "Be brief."), USER);
        is(asked, List.of(CHOSEN), List.of(REJECTED), "{'prompt':[" + HI + "],'system':'Be brief.'," + answers);
        is(asked, List.of(CHOSEN), List.of(REJECTED), "{'prompt':'Hi','system':'Be brief.'," + answers);
        is(
                asked,
                List.of(CHOSEN),
                List.of(REJECTED),
                "{'system':'Be brief.','question':'Hi','chosen':'yo','rejected':'no'}");
        is(
                asked,
                List.of(CHOSEN),
                List.of(REJECTED),
                "{'system':'Be brief.','chosen':[" + HI + "," + YO + "],'rejected':[" + HI + "," + NO + "]}");
        is(
                asked,
                List.of(CHOSEN),
                List.of(REJECTED),
                "{'prompt':'Hi','system':'Be brief.','chosen':[" + HI + "," + YO + "],'rejected':[" + HI + "," + NO
                        + "]}");
        PreferencePair pair = read("{'prompt':[" + HI + "],'tools':[{'name':'f'}],'chat_template_kwargs':{'a':1},"
                        + answers)
                .rows()
                .get(0);
        assertThat(pair.prompt().dialogue().tools()).hasSize(1);
        assertThat(pair.prompt().dialogue().arguments()).containsEntry("a", 1);
    }

    @Test
    void theSharedBeginningEndsWhereTheModelAnswers() throws IOException {
        // Both say the same once more after they differ, and the longer one goes on.
        String chosen = "[" + HI + "," + YO + "," + HI + "," + YO + "]";
        is(
                List.of(USER, CHOSEN, USER),
                List.of(CHOSEN),
                List.of(REJECTED),
                "{'chosen':" + chosen + ",'rejected':[" + HI + "," + YO + "," + HI + "," + NO + "]}");
        is(
                List.of(USER),
                List.of(CHOSEN, USER, CHOSEN),
                List.of(REJECTED),
                "{'chosen':" + chosen + ",'rejected':[" + HI + "," + NO + "]}");
        // One is the beginning of the other.
        is(
                List.of(USER),
                List.of(CHOSEN, USER, CHOSEN),
                List.of(CHOSEN),
                "{'chosen':" + chosen + ",'rejected':[" + HI + "," + YO + "]}");
        // They differ in what the user says.
        is(
                List.of(USER),
                List.of(CHOSEN, USER, CHOSEN),
                List.of(CHOSEN, new Message("user", "Ho"), REJECTED),
                "{'chosen':" + chosen + ",'rejected':[" + HI + "," + YO + ",{'role':'user','content':'Ho'}," + NO
                        + "]}");
        refused(
                "{'chosen':[" + HI + "," + YO + "],'rejected':[{'role':'user','content':'Ho'}," + NO + "]}",
                "'chosen' and 'rejected' have no beginning in common");
    }

    @Test
    void aPromptOfHhRlhfIsTheSharedBeginning() throws IOException {
        Path file = Files.writeString(folder.resolve("hh.jsonl"), """
                {"chosen":"\\n\\nHuman: Hi\\n\\nAssistant: yo","rejected":"\\n\\nHuman: Hi\\n\\nAssistant: no"}
                """);
        Prompt prompt = RowFiles.prompts(file).rows().get(0);
        assertThat(prompt.messages()).containsExactly(USER);
        assertThat(RowFiles.prompts(file).unread()).isEmpty();
    }

    @Test
    void anAnswerMayCallOrThinkInPlaceOfSpeaking() throws IOException {
        String call = "{'role':'assistant','content':null,'tool_calls':[{'function':{'name':'f','arguments':{}}}]}";
        String thought = "{'role':'assistant','content':null,'reasoning_content':'Hm.'}";
        for (String row : List.of(
                "{'chosen':[" + HI + "," + call + "],'rejected':[" + HI + "," + thought + "]}",
                "{'prompt':[" + HI + "],'chosen':[" + call + "],'rejected':" + thought + "}")) {
            PreferencePair pair = read(row).rows().get(0);
            assertThat(pair.prompt().messages()).containsExactly(USER);
            assertThat(pair.chosen().messages().get(0).values()).containsOnlyKeys("role", "tool_calls");
            assertThat(pair.rejected().messages().get(0).values())
                    .containsEntry("reasoning_content", "Hm.")
                    .hasSize(2);
        }
    }

    @Test
    void aTextThatAsksMayBeATurnOfTheSharedBeginning() throws IOException {
        String system = "{'role':'system','content':'Be brief.'}";
        String begin = "[" + system + "," + HI + "," + YO + ",{'role':'user','content':' Ho\\n'},";
        is(
                List.of(new Message("system", "Be brief."), USER, CHOSEN, new Message("user", " Ho\n")),
                List.of(CHOSEN),
                List.of(REJECTED),
                "{'prompt':'Ho','chosen':" + begin + YO + "],'rejected':" + begin + NO + "]}");
        is(
                List.of(new Message("system", "Be brief."), USER),
                List.of(CHOSEN),
                List.of(REJECTED),
                "{'prompt':'Hi','chosen':[" + system + "," + HI + "," + YO + "],'rejected':[" + system + "," + HI + ","
                        + NO + "]}");
        refused(
                "{'prompt':'Be','chosen':" + begin + YO + "],'rejected':" + begin + NO + "]}",
                "or a whole dialogue that begins with the prompt");
    }

    @Test
    void pairsOfOrcaAskWithInput() throws IOException {
        is(
                List.of(new Message("system", "Be brief."), USER),
                List.of(CHOSEN),
                List.of(REJECTED),
                "{'system':'Be brief.','input':'Hi','chosen':'yo','rejected':'no'}");
        assertThat(read("{'input':'Hi','chosen':'yo','rejected':'no'}")
                        .rows()
                        .get(0)
                        .prompt()
                        .text())
                .isEqualTo("Hi");
    }

    @Test
    void hhRlhfMayHaveOtherLineEnds() throws IOException {
        String begin = "\\r\\n\\r\\nHuman: Hi\\r\\n\\r\\nAssistant: ";
        is(
                List.of(USER),
                List.of(CHOSEN),
                List.of(REJECTED),
                "{'chosen':'" + begin + "yo','rejected':'" + begin + "no'}");
    }

    @Test
    void pairsThatSayNothingAreLeftOutAndCounted() throws IOException {
        String hi = "\\n\\nHuman: Hi\\n\\nAssistant:";
        Rows<PreferencePair> read = read(
                "{'prompt':'q','chosen':'c','rejected':'r'}",
                "{'prompt':'q','chosen':'c','rejected':'c'}",
                "{'chosen':[" + HI + "," + YO + "],'rejected':[" + HI + "," + YO + "]}",
                "{'chosen':'" + hi + " yo','rejected':'" + hi + "'}");
        assertThat(read.rows()).hasSize(1);
        assertThat(read.notes())
                .contains(
                        folder.resolve("d.jsonl")
                                + ": 1 of 4 rows have an empty last turn in \"chosen\" or \"rejected\" and are left out (the"
                                + " first: line 4)",
                        folder.resolve("d.jsonl")
                                + ": 2 of 4 rows have equal \"chosen\" and \"rejected\" and are left out (the first: line 2)");
        assertThatThrownBy(() -> read("{'prompt':'q','chosen':'c','rejected':'c'}"))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("d.jsonl: no row is left: ")
                .hasMessageContaining("1 of 1 rows have equal");
    }

    @Test
    void whatIsNoPairIsRefused() {
        refused("{'prompt':'q','chosen':'','rejected':'r'}", "the chosen is empty");
        refused("{'prompt':[" + HI + "],'chosen':'','rejected':'r'}", "the chosen is empty");
        refused("{'prompt':[" + HI + "],'chosen':[],'rejected':[" + NO + "]}", "column 'chosen' has no turns");
        refused("{'prompt':'q','chosen':'c'}", "no column 'rejected'");
        refused(
                "{'prompt':'q','chosen':'c','rejected':[" + NO + "]}",
                "'chosen' is a string and 'rejected' is a list; expected two of a kind");
        refused("{'chosen':'c','rejected':'r'}", "no column that asks, and 'chosen' is no dialogue");
        refused("{'prompt':'q','chosen':'c','rejected':'r','margin':'wide'}", "column 'margin' is a string");
        refused("{'prompt':'q','chosen':3,'rejected':4}", "column 'chosen' is number");
        refused(
                "{'prompt':[" + HI + "],'chosen':[" + HI + "],'rejected':[" + NO + "]}",
                "turns, or a whole dialogue that begins with the prompt");
        refused(
                "{'messages':[" + HI + "," + YO + "],'chosen':[" + YO + "],'rejected':[" + NO + "]}",
                "ends with an answer; expected a turn to answer");
        refused(
                "{'prompt':'Ho','chosen':[" + HI + "," + YO + "],'rejected':[" + HI + "," + NO + "]}",
                "or a whole dialogue that begins with the prompt");
        refused("{'prompt':'q','completion':'c','label':true}", "no column 'chosen'");
    }
}
