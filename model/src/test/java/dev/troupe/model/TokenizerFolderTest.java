package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

/** Files beside a tokenizer.json that has {@code <s>}, {@code </s>}, a, b, c under the ids 0 to 4. */
class TokenizerFolderTest {
    private static final String NORMAL = "{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}},";
    private static final String TEXT = "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}";
    private static final String END = ",{\"SpecialToken\":{\"id\":\"</s>\",\"type_id\":0}}";

    @TempDir
    Path folder;

    private void tokenizer(String single) throws IOException {
        String processor = single.isEmpty()
                ? "null"
                : "{\"type\":\"TemplateProcessing\",\"single\":[" + single + "],\"pair\":[" + single
                        + ",{\"Sequence\":{\"id\":\"B\",\"type_id\":1}}],\"special_tokens\":{"
                        + "\"<s>\":{\"id\":\"<s>\",\"ids\":[0],\"tokens\":[\"<s>\"]},"
                        + "\"</s>\":{\"id\":\"</s>\",\"ids\":[1],\"tokens\":[\"</s>\"]}}}";
        Files.writeString(
                folder.resolve("tokenizer.json"),
                "{\"version\":\"1.0\",\"added_tokens\":[],\"normalizer\":null,\"pre_tokenizer\":null,"
                        + "\"post_processor\":" + processor
                        + ",\"decoder\":{\"type\":\"Fuse\"},\"model\":{\"type\":\"BPE\","
                        + "\"vocab\":{\"<s>\":0,\"</s>\":1,\"a\":2,\"b\":3,\"c\":4},\"merges\":[]}}");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"bos_token\":\"<s>\",\"eos_token\":\"</s>\"}");
        Files.writeString(folder.resolve("config.json"), "{\"vocab_size\":12}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "added_tokens.json | {\"a\":7} | token 'a' has id 7, in tokenizer.json it has 2",
                "added_tokens.json | {\"<x>\":2} | id 2 is '<x>', in tokenizer.json it is 'a'",
                "added_tokens.json | {\"<x>\":-1} | token '<x>' has id -1",
                "added_tokens.json | {\"<x>\":\"5\"} | '<x>' = \"5\": expected its id, an integer",
                "added_tokens.json | [1] | expected a JSON object",
                "tokenizer_config.json | {\"added_tokens_decoder\":{\"3\":{\"content\":\"a\"}}} | token 'a' has id 3",
                "tokenizer_config.json | {\"added_tokens_decoder\":{\"4\":{\"content\":\"d\"}}} | id 4 is 'd'",
                "tokenizer_config.json | {\"added_tokens_decoder\":{\"x\":{\"content\":\"d\"}}} | expected an id",
                "tokenizer_config.json | {\"split_special_tokens\":true} | split_special_tokens = true is not supported",
                "tokenizer_config.json | {\"fast_tokenizer_files\":[\"tokenizer.4.json\"]} | names \"tokenizer.4.json\"",
                "tokenizer_config.json | {\"chat_template\":[{\"name\":\"x\"}]} | expected a text, a list of objects",
            })
    void shouldRefuseFilesThatContradictByName(String file, String content, String reason) throws IOException {
        tokenizer("");
        Files.writeString(folder.resolve(file), content);
        assertThatThrownBy(() -> Tokenizer.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(folder.toString())
                .hasMessageContaining(file)
                .hasMessageContaining(reason);
    }

    @Test
    void shouldNameWhatIsNotUsedInTheLog() throws IOException {
        tokenizer(NORMAL + TEXT);
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"bos_token\":\"<s>\",\"eos_token\":\"</s>\",\"add_bos_token\":false,\"add_prefix_space\":true,"
                        + "\"foo_scale\":2,\"padding_side\":\"left\",\"bar\":null}");
        Logger log = (Logger) LoggerFactory.getLogger(TokenizerSettings.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        log.addAppender(lines);
        try {
            Tokenizer.open(folder).close();
            Tokenizer.open(folder).close();
        } finally {
            log.detachAppender(lines);
        }
        assertThat(lines.list.stream().map(ILoggingEvent::getFormattedMessage))
                .containsExactlyInAnyOrder(
                        folder.resolve("tokenizer_config.json") + ": the key foo_scale is not known and not used",
                        folder.resolve("tokenizer_config.json")
                                + ": add_bos_token = false is not used: the post_processor of tokenizer.json adds <s>",
                        folder.resolve("tokenizer_config.json")
                                + ": add_prefix_space = true is not used: tokenizer.json puts no space in front of a text");
    }

    @ParameterizedTest
    @CsvSource({"chat_template.jinja", "config.json"})
    void shouldNameAFileThatIsNotUtf8(String name) throws IOException {
        tokenizer(NORMAL + TEXT);
        Path file = Files.write(folder.resolve(name), new byte[] {'{', (byte) 0xe9, '}'});
        assertThatThrownBy(() -> {
                    if (name.equals("config.json")) {
                        ModelConfig.read(file);
                    }
                    Tokenizer.open(folder);
                })
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(file + ": not UTF-8 text");
    }

    @Test
    void shouldRefuseAnEndTokenThatHasNoRow() throws IOException {
        tokenizer("");
        Files.writeString(folder.resolve("config.json"), "{\"vocab_size\":5}");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\":\"<end>\"}");
        assertThatThrownBy(() -> Tokenizer.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("names '<end>' as bos_token or eos_token, which is no token");
    }

    @Test
    void shouldGiveAnAddedTokenTheIdOfItsFileEvenBehindAGap() throws IOException {
        tokenizer("");
        Files.writeString(folder.resolve("added_tokens.json"), "{\"<x>\":9,\"<y>\":11}");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.encode("a<y>b<x>", false)).containsExactly(2, 11, 3, 9);
            assertThat(tokenizer.vocabularySize()).isEqualTo(12);
        }
    }

    @Test
    void shouldNameTokensByTheNumbersOfTheModelWhereNoFileNamesThem() throws IOException {
        tokenizer("");
        Files.delete(folder.resolve("tokenizer_config.json"));
        Files.writeString(folder.resolve("config.json"), "{\"bos_token_id\":0,\"vocab_size\":5}");
        Files.writeString(folder.resolve("generation_config.json"), "{\"bos_token_id\":3,\"eos_token_id\":[1,4]}");
        Files.writeString(
                folder.resolve("chat_template.jinja"), "{{ bos_token }}{{ messages[0]['content'] }}{{ eos_token }}");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.bosId()).isEqualTo(0);
            assertThat(tokenizer.eosId()).isEqualTo(1);
            assertThat(tokenizer.chatTemplate().render(java.util.List.of(new ChatMessage("user", "hi")), false))
                    .isEqualTo("<s>hi</s>");
        }
    }

    /** Ids counted by hand: {@code <s>} is 0, {@code </s>} 1, a 2, b 3. */
    @Test
    void shouldPutBosInFrontOnceWhoeverWroteIt() throws IOException {
        tokenizer(NORMAL + TEXT);
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.encode("ab", true)).containsExactly(0, 2, 3);
            assertThat(tokenizer.encode("<s>ab", true)).containsExactly(0, 2, 3);
            assertThat(tokenizer.encode("<s><s>ab", true)).containsExactly(0, 2, 3);
            assertThat(tokenizer.encode("", true)).containsExactly(0);
            assertThat(tokenizer.encode("<s>", true)).containsExactly(0);
            assertThat(tokenizer.encode("a<s>b", true)).containsExactly(0, 2, 0, 3);
            assertThat(tokenizer.encode("<s><s>ab", false)).containsExactly(0, 2, 3);
            assertThat(tokenizer.encode("<s>ab", false)).containsExactly(0, 2, 3);
            assertThat(tokenizer.encode("ab", false)).containsExactly(2, 3);
        }
    }

    @Test
    void shouldPutBosOfATemplateInFrontOnce() throws IOException {
        tokenizer(NORMAL + TEXT);
        Files.writeString(
                folder.resolve("chat_template.jinja"),
                "{{ bos_token }}{% for m in messages %}{{ m['content'] }}{% endfor %}");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.encode(java.util.List.of(new ChatMessage("user", "ab")), true))
                    .containsExactly(0, 2, 3);
            assertThat(tokenizer.encode(java.util.List.of(new ChatMessage("user", "<s>ab")), true))
                    .containsExactly(0, 2, 3);
        }
    }

    @Test
    void shouldLeaveTheEndToWhoeverEndsATextAndNotDoubleIt() throws IOException {
        tokenizer(NORMAL + TEXT + END);
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.encode("ab", true)).containsExactly(0, 2, 3);
            assertThat(tokenizer.ended(tokenizer.encode("ab", true))).containsExactly(0, 2, 3, 1);
            assertThat(tokenizer.ended(tokenizer.encode("ab</s>", true))).containsExactly(0, 2, 3, 1);
            assertThat(tokenizer.ended(new int[0])).containsExactly(1);
        }
    }

    @Test
    void shouldTakeBosOffACompletion() throws IOException {
        tokenizer(NORMAL + TEXT);
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.continuation("<s><s>b")).isEqualTo("b");
            assertThat(tokenizer.continuation("b<s>")).isEqualTo("b<s>");
        }
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"bos_token\":\"<s>\",\"eos_token\":\"<s>\"}");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.continuation("<s>")).isEqualTo("<s>"); // it ends the completion
        }
        tokenizer(TEXT);
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"bos_token\":\"<s>\",\"eos_token\":\"</s>\"}");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.continuation("<s>b")).isEqualTo("<s>b"); // a turn begins with it, and no text does
        }
    }
}
