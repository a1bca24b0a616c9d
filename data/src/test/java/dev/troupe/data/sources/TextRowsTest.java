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

/** Texts to learn from in the field's shapes. */
final class TextRowsTest {
    private static final String HI = "{'role':'user','content':'Hi'}";
    private static final String YO = "{'role':'assistant','content':'yo'}";
    private static final List<Message> TURNS = List.of(new Message("user", "Hi"), new Message("assistant", "yo"));

    @TempDir
    Path folder;

    /** Rows with single quotes for double ones. */
    private Rows<TrainingText> read(String... rows) throws IOException {
        return RowFiles.texts(Files.writeString(
                folder.resolve("t.jsonl"), String.join("\n", rows).replace('\'', '"')));
    }

    private TrainingText one(String row) throws IOException {
        return read(row).rows().get(0);
    }

    private void refused(String row, String message) {
        assertThatThrownBy(() -> read("{'text':'a'}", row))
                .isInstanceOf(DataException.class)
                .hasMessageContaining(folder.resolve("t.jsonl") + ":2: ")
                .hasMessageContaining(message.replace('\'', '"'));
    }

    @Test
    void dialoguesAreWholeWithTheirAnswers() throws IOException {
        for (String row : List.of(
                "{'messages':[" + HI + "," + YO + "]}",
                "{'prompt':'Hi','messages':[" + HI + "," + YO + "]}",
                "{'conversations':[{'from':'human','value':'Hi'},{'from':'gpt','value':'yo'}]}",
                "{'prompt':[" + HI + "],'completion':[" + YO + "]}",
                "{'prompt':[" + HI + "],'completion':" + YO + "}",
                "{'prompt':[" + HI + "],'completion':'yo'}",
                "{'prompt':[" + HI + ",{'role':'assistant','content':'y'}],'completion':'o'}",
                "{'instruction':'Hi','input':'','output':'yo'}",
                "{'instruction':'Hi','context':'','response':'yo','category':'x'}",
                "{'question':'Hi','answer':'yo'}",
                "{'problem':'Hi','solution':'yo','answer':'7'}",
                "{'query':'Hi','response':'yo'}",
                "{'prompt':[" + HI + "],'response':'yo'}",
                "{'instruction':'Hi','output':'yo','label':1,'kto_tag':true}",
                "{'input':'Hi','output':'yo'}")) {
            TrainingText text = one(row);
            assertThat(text.dialogue().messages()).as(row).isEqualTo(TURNS);
            assertThat(text.text()).isEmpty();
        }
        assertThat(one("{'messages':[" + HI + "," + YO + "],'tools':[{'name':'f'}],'chat_template_kwargs':{'a':1}}")
                        .dialogue())
                .satisfies(d -> assertThat(d.tools()).hasSize(1))
                .satisfies(d -> assertThat(d.arguments()).containsEntry("a", 1));
        assertThat(one("{'prompt':'Hi','completion':'yo','system':'Be brief.'}")
                        .dialogue()
                        .messages())
                .hasSize(3)
                .endsWith(TURNS.get(0), TURNS.get(1));
    }

    @Test
    void textsAreWhatTheySay() throws IOException {
        assertThat(one("{'text':'a','label':0}").text()).isEqualTo("a");
        assertThat(one("{'prompt':'a','completion':' b','text':'c'}").text()).isEqualTo("a b");
        assertThat(one("{'prompt':'a','completion':' b','label':true}").text()).isEqualTo("a b");
        assertThat(one("{'prompt':'a','response':' b'}").text()).isEqualTo("a b");
        Rows<TrainingText> read = read("{'text':'a'}", "{'text':''}", "{'text':'b','meta':1}");
        assertThat(read.rows()).extracting(TrainingText::text).containsExactly("a", "b");
        assertThat(read.notes())
                .containsExactly(folder.resolve("t.jsonl")
                        + ": 1 of 3 rows have an empty \"text\" and are left out (the first: line 2)");
        assertThat(read.unread()).containsExactly("meta");
    }

    @Test
    void whatShapesADialogueIsNotedWhereNothingReadsIt() throws IOException {
        assertThat(read(
                                "{'text':'a','system':'Be brief.','tools':[{'name':'f'}],'input':''}",
                                "{'text':'a','system':''}",
                                "{'messages':[" + HI + "," + YO + "],'context':'c','enable_thinking':false}")
                        .notes())
                .contains(
                        note(1, "have a \"context\" that is no part of the text", 3),
                        note(1, "have a \"enable_thinking\" that is no part of the text", 3),
                        note(1, "have a \"system\" that is no part of the text", 1),
                        note(1, "have a \"tools\" that is no part of the text", 1))
                .hasSize(5);
    }

    private String note(int rows, String what, int line) {
        return folder.resolve("t.jsonl") + ": " + rows + " of 3 rows " + what + " (the first: line " + line + ")";
    }

    @Test
    void anAnswerThatIsSaidToBeBadIsRefused() {
        for (String label : List.of(
                "'label':false",
                "'label':0",
                "'label':0.0",
                "'label':'false'",
                "'label':'False'",
                "'label':'0'",
                "'kto_tag':false")) {
            String column = label.substring(0, label.indexOf(':'));
            for (String row : List.of(
                    "{'prompt':'a','completion':'b',",
                    "{'prompt':'a','response':'b',",
                    "{'messages':[" + HI + "," + YO + "],",
                    "{'conversations':[{'from':'human','value':'Hi'},{'from':'gpt','value':'yo'}],",
                    "{'instruction':'a','output':'b',",
                    "{'question':'a','answer':'b',")) {
                refused(row + label + "}", "column " + column + " is ");
            }
        }
        refused("{'text':'a','kto_tag':false}", "column 'kto_tag' is false: the answer is a bad one; leave such rows");
    }

    @Test
    void anAnswerIsAStringOrTurns() {
        refused("{'question':'2+2','answer':4}", "column 'answer' is number, expected a string, or turns of the model");
        refused("{'instruction':'a','output':true}", "column 'output' is boolean, expected a string, or turns");
        refused("{'question':'a','answer':['4']}", "column 'answer', turn 1: found a string, expected an object with");
    }

    @Test
    void whatIsNoTextIsRefused() {
        refused("{'prompt':'a','completion':''}", "the completion is empty");
        refused("{'prompt':[" + HI + "],'completion':''}", "the completion is empty");
        refused("{'prompt':[" + HI + "],'completion':[]}", "column 'completion': expected a turn of the model first");
        refused("{'prompt':[" + HI + "],'completion':[" + HI + "]}", "expected a turn of the model first");
        refused("{'prompt':'a','completion':'b','label':false}", "column 'label' is false");
        refused("{'messages':[" + HI + "]}", "column 'messages' has no turn of the model to learn from");
        refused("{'prompt':'a'}", "expected 'messages', 'conversations', 'prompt' with 'completion'");
        refused("{'instruction':'a'}", "expected 'messages', 'conversations', 'prompt' with 'completion'");
        refused("{'instruction':'a','output':''}", "the output is empty");
        refused("{'chosen':'a','rejected':'b'}", "expected 'messages', 'conversations', 'prompt' with 'completion'");
        refused("{'text':3}", "column 'text' is number");
    }
}
