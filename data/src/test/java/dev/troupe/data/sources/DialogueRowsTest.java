package dev.troupe.data.sources;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.data.DataException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rows as prompts in the field's shapes: what shapes a prompt is in it, and what cannot be is refused by name. */
final class DialogueRowsTest {
    private static final String HI = "{'role':'user','content':'Hi'}";
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    /** Rows with single quotes for double ones. */
    private Rows<Prompt> read(String... rows) throws IOException {
        return RowFiles.prompts(Files.writeString(
                folder.resolve("p.jsonl"), String.join("\n", rows).replace('\'', '"')));
    }

    private Prompt one(String row) throws IOException {
        return read(row).rows().get(0);
    }

    /** The turns as JSON, with single quotes for double ones. */
    private String turns(String row) throws IOException {
        try {
            return JSON.writeValueAsString(one(row).messages()).replace('"', '\'');
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    private void refused(String row, String message) {
        assertThatThrownBy(() -> read(HI.replace("role", "prompt"), row))
                .isInstanceOf(DataException.class)
                .hasMessageContaining(folder.resolve("p.jsonl") + ":2: ")
                .hasMessageContaining(message.replace('\'', '"'));
    }

    @Test
    void toolsAndArgumentsTravelInTheirOrder() throws IOException {
        Prompt prompt = one("{'prompt':[" + HI + "],'tools':[{'z':1,'a':{'y':[1.5,true,null]}}],"
                + "'chat_template_kwargs':{'b':false,'a':'x'},'documents':[{'title':'t'}]}");
        assertThat(JSON.writeValueAsString(prompt.dialogue().tools()))
                .isEqualTo("[{\"z\":1,\"a\":{\"y\":[1.5,true,null]}}]");
        assertThat(JSON.writeValueAsString(prompt.dialogue().arguments()))
                .isEqualTo("{\"documents\":[{\"title\":\"t\"}],\"b\":false,\"a\":\"x\"}");
        assertThat(one("{'prompt':[" + HI + "],'tools':null,'chat_template_kwargs':{}}")
                        .dialogue())
                .isEqualTo(new Dialogue(List.of(new Message("user", "Hi"))));
        assertThat(one("{'prompt':'Hi','tools':'[]'}".replace("'[]'", "[]")).isDialogue())
                .isFalse();
        assertThat(one("{'prompt':'Hi','chat_template_kwargs':{'a':1}}").messages())
                .containsExactly(new Message("user", "Hi"));
    }

    @Test
    void toolsAndArgumentsArePartOfWhatAPromptAsks() throws IOException {
        List<Prompt> prompts = read(
                        "{'prompt':[" + HI + "]}",
                        "{'prompt':[" + HI + "],'tools':[{'name':'add'}]}",
                        "{'prompt':[" + HI + "],'chat_template_kwargs':{'a':1}}",
                        "{'prompt':[" + HI + "],'id':7}",
                        "{'prompt':'Hi'}",
                        "{'messages':[" + HI + "]}")
                .rows();
        assertThat(prompts.stream().map(Prompt::asked).distinct()).hasSize(4);
        assertThat(prompts.get(0).asked())
                .isEqualTo(prompts.get(3).asked())
                .isEqualTo(prompts.get(5).asked());
        assertThat(prompts.get(1).characters()).isEqualTo(2 + 3);
        assertThat(prompts.get(0).characters()).isEqualTo(2);
        assertThat(prompts.get(4).place()).isEqualTo(new Place(folder.resolve("p.jsonl"), 5));
    }

    @Test
    void systemAndHistoryComeBefore() throws IOException {
        String asked = "{'role':'system','content':'Be brief.'},{'role':'user','content':'One?'},"
                + "{'role':'assistant','content':'Two.'},{'role':'user','content':'Hi'}]";
        String history = "'history':[['One?','Two.']]";
        assertThat(turns("{'prompt':'Hi','system':'Be brief.'," + history + "}"))
                .isEqualTo("[" + asked);
        assertThat(turns("{'prompt':[" + HI + "],'system_prompt':'Be brief.'," + history + "}"))
                .isEqualTo("[" + asked);
        assertThat(turns("{'messages':[{'role':'system','content':'Be brief.'}," + HI + "]," + history + "}"))
                .isEqualTo("[" + asked);
        assertThat(turns("{'question':'Hi','system':'Be brief.','history':[{'role':'user','content':'One?'},"
                        + "{'role':'assistant','content':'Two.'}]}"))
                .isEqualTo("[" + asked);
        assertThat(turns("{'instruction':'Hi','system':'','history':[]}")).isEqualTo("[" + HI + "]");
        refused("{'prompt':'Hi','system':3}", "column 'system' is number, expected a string");
        refused("{'prompt':'Hi','history':['One?','Two.']}", "column 'history': expected a list of pairs");
        refused("{'prompt':'Hi','history':[['One?']]}", "column 'history': expected a list of pairs");
        refused("{'prompt':'Hi','history':[['','Two.']]}", "column 'history', pair 1: an empty turn");
        refused("{'prompt':'Hi','history':[['One?','Two.'],['Three?','']]}", "column 'history', pair 2: an empty turn");
        refused(
                "{'messages':[{'role':'system','content':'x'}," + HI + "],'system':'y'}",
                "a system text in a column and another one in its turns");
        refused("{'prompt':'Hi','system':'x','system_prompt':'y'}", "differ; expected one of them");
    }

    @Test
    void dollysContextFollowsTheInstruction() throws IOException {
        assertThat(turns("{'instruction':'Who?','context':'Zoe is here.'}"))
                .isEqualTo("[{'role':'user','content':'Who?\\n\\nZoe is here.'}]");
        assertThat(turns("{'instruction':'Who?','context':''}")).isEqualTo("[{'role':'user','content':'Who?'}]");
        refused("{'instruction':'Who?','context':['a']}", "column 'context' is a list, expected a string");
        for (String column : List.of("context", "documents", "functions", "tool_choice", "response_format", "input")) {
            assertThat(read("{'question':'Who?','" + column + "':'Zoe'}").notes())
                    .containsExactly(folder.resolve("p.jsonl") + ": 1 of 1 rows have a \"" + column
                            + "\" that is no part of the prompt (the first: line 1)");
        }
        assertThat(read("{'question':'Who?','documents':[{'text':'Zoe'}]}").notes())
                .hasSize(1);
        assertThat(read("{'instruction':'Who?','input':'Zoe','context':'is here'}")
                        .notes())
                .isEmpty();
    }

    @Test
    void theFieldsQuestionsAreTexts() throws IOException {
        for (String row : List.of(
                "{'question':'Hi'}",
                "{'problem':'Hi','solution':'Yo'}",
                "{'query':'Hi','response':'Yo'}",
                "{'input':'Hi','output':'Yo'}",
                "{'prompt':'Hi','question':'Ho'}")) {
            assertThat(one(row).asked()).as(row).isEqualTo("Hi");
        }
        assertThat(one("{'problem':'Hi','solution':'Yo'}").columns()).isEqualTo(Map.of("solution", "Yo"));
        refused("{'input':'Hi'}", "no column that asks");
        refused("{'prompt':null}", "no column that asks");
    }

    @Test
    void theGroundTruthOfVerlIsTheAnswer() throws IOException {
        String row =
                "{'prompt':[" + HI + "],'extra_info':{'index':3},'reward_model':{'style':'rule','ground_truth':'72'}";
        assertThat(one(row + "}").columns())
                .containsEntry("answer", "72")
                .containsEntry("extra_info", Map.of("index", 3));
        assertThat(one(row + ",'answer':'7'}").columns()).containsEntry("answer", "7");
        assertThat(one(row.replace("'72'", "72") + "}").columns()).containsEntry("answer", 72);
        assertThat(one(row.replace("'72'", "null") + "}").columns()).doesNotContainKey("answer");
    }

    @Test
    void everyKeyOfATurnTravels() throws IOException {
        assertThat(turns("{'prompt':[{'content':'Hi','weight':0,'role':'user','name':'Z','none':null}]}"))
                .isEqualTo("[{'content':'Hi','weight':0,'role':'user','name':'Z'}]");
        String call =
                "{'role':'assistant','content':null,'tool_calls':[{'id':'1','function':{'name':'f','arguments':'{}'}}]}";
        String result = "{'role':'tool','content':'','tool_call_id':'1'}";
        assertThat(turns("{'prompt':[" + HI + "," + call + "," + result + "]}"))
                .isEqualTo("[" + HI + "," + call.replace("'content':null,", "") + "," + result + "]");
        assertThat(turns("{'prompt':[" + HI + "," + call.replace("'content':null,", "") + "," + result + "]}"))
                .isEqualTo("[" + HI + "," + call.replace("'content':null,", "") + "," + result + "]");
        String thought = "{'role':'assistant','content':'','reasoning_content':'Hm.'}";
        assertThat(turns("{'prompt':[" + HI + "," + thought + "," + HI + "]}")).contains(thought);
    }

    @Test
    void partsAreJoinedWhenAllAreTexts() throws IOException {
        String parts =
                "{'prompt':[{'role':'user','content':[{'type':'text','text':'Hi'},'  ',{'text':'you','image':null},"
                        + "{'type':'input_text','text':'!'}]}]}";
        assertThat(one(parts).text()).isEqualTo("Hi  you!");
        for (String kind : List.of("image", "image_url", "input_audio", "video", "tool_use")) {
            refused(
                    "{'prompt':[{'role':'user','content':[{'type':'text','text':'Hi'},{'type':'" + kind + "'}]}]}",
                    "column 'prompt', turn 1: part 2 of its content is '" + kind
                            + "'; only parts of type 'text' are read");
        }
        refused("{'prompt':[{'role':'user','content':[{'type':'text'}]}]}", "part 1 of its content has no text");
        refused("{'prompt':[{'role':'user','content':{'text':'Hi'}}]}", "its content is an object, expected a string");
        refused("{'prompt':[{'role':'user','content':[]}]}", "turn 1: its content is empty");
    }

    @Test
    void onlyAPromptThatEndsWithTheModelsTurnIsGoneOnWith() throws IOException {
        String begun = HI + ",{'role':'assistant','content':'So'}";
        assertThat(turns("{'prompt':[" + begun + "]}")).isEqualTo("[" + begun + "]");
        assertThat(read("{'prompt':[" + begun + "]}").notes()).isEmpty();
        Rows<Prompt> whole = read(
                "{'messages':[" + HI + "]}",
                "",
                "{'messages':[" + begun + "]}",
                "{'conversations':["
                        + "{'from':'human','value':'Hi'},{'from':'gpt','value':'So'},{'from':'gpt','value':'and so'}]}");
        assertThat(whole.rows()).extracting(Prompt::messages).containsOnly(List.of(new Message("user", "Hi")));
        assertThat(whole.notes())
                .containsExactly(
                        folder.resolve("p.jsonl") + ": 2 of 3 rows end with an answer, which is left to the model:"
                                + " only a \"prompt\" that ends so is gone on with (the first: line 3)");
        assertThat(whole.rows().get(1).columns())
                .isEqualTo(Map.of("completion", List.of(Map.of("role", "assistant", "content", "So"))));
        refused("{'prompt':[" + HI + ",{'role':'assistant','content':''}]}", "turn 2: its content is empty");
        refused(
                "{'prompt':[" + HI + ",{'role':'assistant','tool_calls':[{}]}]}",
                "and has no text to go on from; leave it out");
        refused(
                "{'prompt':[" + HI + ",{'role':'assistant','content':'So','tool_calls':[{}]}]}",
                "and calls a tool, which nothing goes on from");
    }

    @ParameterizedTest
    @CsvSource({
        "human, user",
        "user, user",
        "Human, user",
        "gpt, assistant",
        "GPT, assistant",
        "chatgpt, assistant",
        "bing, assistant",
        "bard, assistant",
        "assistant, assistant",
        "model, assistant",
        "system, system",
        "tool, tool",
        "function, tool",
        "observation, tool",
        "function_response, tool",
    })
    void shareGptsSpeakersAreKnownByATable(String word, String role) throws IOException {
        String row = "{'conversations':[{'from':'" + word + "','value':'x'},{'from':'human','value':'Hi'}]}";
        assertThat(one(row).messages().get(0).role()).isEqualTo(role);
        assertThat(one(row.replace("conversations", "conversation").replace("from", "role"))
                        .messages())
                .hasSize(2);
    }

    @Test
    void anUnknownSpeakerIsRefused() throws IOException {
        refused(
                "{'conversations':[{'from':'human','value':'x'},{'from':'narrator','value':'y'}]}",
                "column 'conversations', turn 2: unknown speaker 'narrator'; expected one of [assistant, bard, bing, ");
        refused("{'conversations':[{'from':3,'value':'x'}]}", "turn 1: 'from' is number, expected a string");
        // A role may be the template's own word.
        assertThat(one("{'prompt':[{'role':'observation','content':'x'}]}")
                        .messages()
                        .get(0)
                        .role())
                .isEqualTo("observation");
    }

    @Test
    void aCallOfShareGptIsOneThatTemplatesRead() throws IOException {
        String call = "{'conversations':[{'from':'human','value':'x'},{'from':'function_call','value':VALUE},"
                + "{'from':'observation','value':'y'}]}";
        String made = "{'role':'assistant','content':'','tool_calls':[{'type':'function',"
                + "'function':{'name':'f','arguments':{'a':1}}}]}";
        assertThat(turns(call.replace("VALUE", "{'name':'f','arguments':{'a':1}}")))
                .contains(made);
        Path file = Files.writeString(
                folder.resolve("p.jsonl"),
                call.replace('\'', '"')
                        .replace("VALUE", "\"[{\\\"name\\\":\\\"f\\\",\\\"arguments\\\":{\\\"a\\\":1}}]\""));
        assertThat(JSON.writeValueAsString(RowFiles.prompts(file).rows().get(0).messages()))
                .contains(made.replace('\'', '"'));
        refused(call.replace("VALUE", "'f(1)'"), "turn 2: its call: not JSON");
        refused(call.replace("VALUE", "{'name':'f'}"), "turn 2: its call is {'name':'f'}; expected {'name': ...,");
    }

    @Test
    void callsOfShareGptStandInAListOrOneALine() throws IOException {
        String f = "{'name':'f','arguments':{'a':1}}";
        String openAi = "{'id':'1','type':'function','function':{'name':'g','arguments':'{}'}}";
        String made = "'tool_calls':[{'type':'function','function':" + f + "}," + openAi + "]}";
        assertThat(turns(calling("[" + f + "," + openAi + "]"))).contains(made);
        assertThat(JSON.writeValueAsString(
                        one(calling(quoted(f + "\n" + openAi + "\n"))).messages()))
                .contains(made.replace('\'', '"'));
        assertThat(JSON.writeValueAsString(
                        one(calling(quoted("[" + f + "," + openAi + "]"))).messages()))
                .contains(made.replace('\'', '"'));
    }

    private static String calling(String value) {
        return "{'conversations':[{'from':'human','value':'x'},{'from':'function_call','value':" + value + "},"
                + "{'from':'observation','value':'y'}]}";
    }

    /** A text as JSON writes it, with double quotes inside for single ones. */
    private static String quoted(String text) throws IOException {
        return JSON.writeValueAsString(text.replace('\'', '"'));
    }

    @Test
    void jsonInATextIsReadAsStrictlyAsTheRow() throws IOException {
        String f = "{'name':'f','arguments':{'a':1}}";
        refused(calling(quoted(f + " x")), "turn 2: its call: not JSON: Unrecognized token");
        refused(calling(quoted(f + f)), "turn 2: its call: it goes on after the first value");
        refused(calling(quoted(f + "\nx")), "turn 2: its call: not JSON");
        refused(calling(quoted(f.replace("1", "1,'a':2"))), "turn 2: its call: Duplicate field");
        refused(calling(quoted(f.replace("1", "'\\ud83d'"))), "turn 2: its call: \\ud83d is half");
        refused(calling(quoted("")), "turn 2: its call is empty");
        String tools = "{'prompt':'Hi','tools':TEXT}";
        refused(tools.replace("TEXT", quoted("[{'name':'f'}] x")), "'tools': not JSON: Unrecognized token");
        refused(tools.replace("TEXT", quoted("[{'name':'f','name':'g'}]")), "'tools': Duplicate field");
        refused(tools.replace("TEXT", quoted("[{'name':'\\ud83d'}]")), "'tools': \\ud83d is half of a");
        for (String none : List.of("null", " ", "[]", "")) {
            Prompt prompt = one(tools.replace("TEXT", quoted(none)));
            assertThat(prompt.isDialogue() ? prompt.dialogue().tools() : List.of())
                    .as(none)
                    .isEmpty();
        }
    }

    @Test
    void whatAToolGivesBackMayBeJson() throws IOException {
        String call = "{'role':'assistant','tool_calls':[{'function':{'name':'f','arguments':{}}}]}";
        for (String content : List.of("{'degrees':21.5}", "[{'degrees':21.5},3]", "[1,2]")) {
            String turn = "{'role':'tool','content':" + content + "}";
            assertThat(turns("{'prompt':[" + HI + "," + call + "," + turn + "]}"))
                    .contains(turn);
        }
        assertThat(one("{'prompt':[" + HI + "," + call + ",{'role':'tool','content':[{'type':'text','text':'a'}]}]}")
                        .messages()
                        .get(2)
                        .content())
                .isEqualTo("a");
        refused(
                "{'prompt':[" + HI + "," + call + ",{'role':'tool','content':[{'type':'image'}]}]}",
                "turn 3: part 1 of its content is 'image'");
    }

    @Test
    void aPrefixIsGoneOnWithInEveryColumn() throws IOException {
        String begun = HI + ",{'role':'assistant','content':'So','prefix':true}";
        for (String column : List.of("prompt", "messages", "conversations")) {
            assertThat(turns("{'" + column + "':[" + begun + "]}")).isEqualTo("[" + begun + "]");
        }
        assertThat(one("{'messages':[" + begun.replace("true", "false") + "]}").messages())
                .hasSize(1);
    }

    @Test
    void whatCannotBePartOfThePromptIsRefusedByName() {
        refused("{'prompt':'Hi','images':['a.png']}", "column 'images': only text is read");
        refused("{'prompt':'Hi','video':'a.mp4'}", "column 'video': only text is read");
        refused("{'messages':[" + HI + "],'chat_template':'{{ x }}'}", "column 'chat_template': a row cannot bring");
        refused(
                "{'prompt':'Hi','chat_template_kwargs':[1]}",
                "column 'chat_template_kwargs' is a list, expected an object");
        refused("{'prompt':'Hi','chat_template_kwargs':{'tools':1}}", "column 'chat_template_kwargs' sets tools");
        refused(
                "{'prompt':'Hi','chat_template_kwargs':{'add_generation_prompt':false}}",
                "column 'chat_template_kwargs' sets add_generation_prompt");
        refused("{'prompt':'Hi','tools':{'name':'f'}}", "column 'tools': expected a list of objects");
        refused("{'prompt':'Hi','tools':['f']}", "column 'tools': expected a list of objects");
        refused("{'prompt':'Hi','tools':'f()'}", "the text in column 'tools': not JSON: ");
    }

    @Test
    void aTurnThatSaysNothingIsRefused() {
        refused("{'prompt':[{'role':'user','content':''}]}", "column 'prompt', turn 1: its content is empty");
        refused("{'prompt':[{'role':'user','content':null}]}", "turn 1: it has no content (none at all, or null)");
        refused("{'prompt':[{'role':'user'}]}", "turn 1: it has no content (none at all, or null)");
        refused("{'prompt':[" + HI + ",{'role':'assistant','content':null}," + HI + "]}", "and no 'tool_calls'");
        refused("{'prompt':[" + HI + ",{'role':'assistant','content':null,'tool_calls':[]}," + HI + "]}", "no content");
        refused(
                "{'prompt':[" + HI + ",{'role':'assistant','tool_calls':{'a':1}}," + HI + "]}",
                "'tool_calls' is no list");
        refused("{'prompt':[{'content':'Hi'}]}", "turn 1: no 'role' or 'from'; it has [content]");
        refused("{'messages':'Hi'}", "column 'messages' is a string, expected a list of turns");
        refused("{'prompt':[]}", "the dialogue has no turn to answer");
        refused("{'prompt':{'a':1}}", "column 'prompt' is an object, expected a string");
    }

    @Test
    void columnsThatNoPromptIsMadeOfAreKnown() throws IOException {
        assertThat(read("{'prompt':'Hi','id':1,'empty':''}", "{'question':'Hi','system':'x','answer':'y','n':null}")
                        .unread())
                .containsExactly("answer", "id");
        assertThat(read("{'prompt':'Hi'}", "{'question':'Hi','system':'x'}").notes())
                .containsExactly(
                        folder.resolve("p.jsonl") + ": 1 rows are texts (the first: line 1) and 1 are dialogues,"
                                + " which go through the chat template (the first: line 2)");
    }
}
