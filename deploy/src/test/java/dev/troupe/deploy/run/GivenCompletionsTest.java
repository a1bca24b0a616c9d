package dev.troupe.deploy.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.Config;
import dev.troupe.data.DataException;
import dev.troupe.deploy.settings.Home;
import dev.troupe.deploy.settings.Settings;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.learner.ledger.LedgerActor;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Completions that the data gives a distillation, of texts and of dialogues. */
class GivenCompletionsTest {
    private static final String TEMPLATE = "{% for m in messages %}[{{ m.role }}] {{ m.content }}"
            + "{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}{{ '\\n' }}{% endfor %}"
            + "{% if add_generation_prompt %}[assistant]{% endif %}";
    private static final String USER = "{\"role\":\"user\",\"content\":\"Hi\"}";
    private static final String ANSWER = "{\"role\":\"assistant\",\"content\":\"He ran.\"}";

    @TempDir
    private Path folder;

    private Tokenizer tokenizer(String template) throws IOException {
        Path from = Home.find().model("stories");
        for (String name : List.of("tokenizer.json", "tokenizer_config.json", "config.json")) {
            Files.write(folder.resolve(name), Files.readAllBytes(from.resolve(name)));
        }
        Path config = folder.resolve("tokenizer_config.json");
        ObjectNode settings = (ObjectNode) new ObjectMapper().readTree(config.toFile());
        settings.put("chat_template", template);
        Files.writeString(config, settings.toString());
        return Tokenizer.open(folder);
    }

    private int[] given(String row, Tokenizer tokenizer) throws IOException {
        Path rows = Files.writeString(folder.resolve("rows.jsonl"), row + "\n");
        Config config = Settings.parse(
                        "test", "", List.of("algorithm=gkd", "lmbda=0", "num_generations=1", "data.prompts=" + rows))
                .config();
        LedgerActor.Prompts prompts = Learning.prompts(config, tokenizer, 128);
        return GivenCompletions.ofData(
                        config,
                        Learning.needs(config).teacher(),
                        prompts,
                        tokenizer,
                        ModelFolder.open(Home.find().model("stories")).config())
                .given(new TrajectoryId(0, 0));
    }

    private static int[] ended(int[] ids, int end) {
        int[] ended = Arrays.copyOf(ids, ids.length + 1);
        ended[ids.length] = end;
        return ended;
    }

    @Test
    void anAnswerIsWhatTheTemplateWritesUpToTheEndToken() throws IOException {
        try (Tokenizer tokenizer = tokenizer(TEMPLATE)) {
            int[] answer = ended(tokenizer.encode(" He ran.", false), tokenizer.eosId());
            assertThat(given("{\"messages\":[" + USER + "," + ANSWER + "]}", tokenizer))
                    .containsExactly(answer);
            assertThat(given("{\"prompt\":[" + USER + "],\"completion\":[" + ANSWER + "]}", tokenizer))
                    .containsExactly(answer);
            assertThat(given("{\"prompt\":[" + USER + "],\"completion\":\"He ran.\"}", tokenizer))
                    .containsExactly(answer);
            String begun = "{\"role\":\"assistant\",\"content\":\"He\"}";
            assertThat(given("{\"prompt\":[" + USER + "," + begun + "],\"completion\":\" ran.\"}", tokenizer))
                    .containsExactly(ended(tokenizer.encode(" ran.", false), tokenizer.eosId()));
        }
        try (Tokenizer tokenizer = tokenizer(TEMPLATE.replace("{{ eos_token }}", ""))) {
            assertThat(given("{\"messages\":[" + USER + "," + ANSWER + "]}", tokenizer))
                    .as("the end token is put after all of it")
                    .containsExactly(ended(tokenizer.encode(" He ran.\n", false), tokenizer.eosId()));
        }
    }

    @Test
    void aPromptThatIsWrittenOtherwiseBeforeItsAnswerIsRefused() throws IOException {
        String counting = "{{ messages | length }}" + TEMPLATE;
        try (Tokenizer tokenizer = tokenizer(counting)) {
            assertThatThrownBy(() -> given("{\"messages\":[" + USER + "," + ANSWER + "]}", tokenizer))
                    .isInstanceOf(DataException.class)
                    .hasMessageContaining("rows.jsonl:1: the chat template writes another prompt");
            assertThatThrownBy(() -> given("{\"messages\":[" + USER + "]}", tokenizer))
                    .isInstanceOf(DataException.class)
                    .hasMessageContaining("rows.jsonl:1: no text in the column \"completion\" of the prompt \"Hi\"");
        }
    }
}
