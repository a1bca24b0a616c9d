package dev.troupe.deploy.select;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.data.sources.Message;
import dev.troupe.data.sources.Prompt;
import dev.troupe.deploy.eval.Verdict;
import dev.troupe.deploy.report.Json;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChoiceTest {
    private static final Prompt TEXT = new Prompt(0, "Once");
    private static final Prompt DIALOGUE =
            new Prompt(0, "Hi", List.of(new Message("system", "Be brief."), new Message("user", "Hi")));

    private static Scored scored(String text, double reward) {
        return new Scored(text, new Verdict(reward, Map.of("a", (float) reward), null));
    }

    private static List<String> rows(Choice choice, Prompt prompt, Scored... completions) {
        return choice.rows(prompt, List.of(completions)).stream()
                .map(Json::line)
                .toList();
    }

    @Test
    void ofEqualsTheFirstIsTheBest() {
        assertThat(rows(new Choice.Best(), TEXT, scored("a", 0), scored("b", 1), scored("c", 1)))
                .containsExactly("{\"prompt\":\"Once\",\"completion\":\"b\",\"reward\":1.0}");
    }

    @Test
    void equalCompletionsAreOneRow() {
        assertThat(rows(new Choice.AtLeast(1), TEXT, scored("a", 1), scored("b", 0.5), scored("a", 1), scored("c", 2)))
                .containsExactly(
                        "{\"prompt\":\"Once\",\"completion\":\"a\",\"reward\":1.0}",
                        "{\"prompt\":\"Once\",\"completion\":\"c\",\"reward\":2.0}");
    }

    @Test
    void equalRewardsMakeNoPair() {
        assertThat(rows(new Choice.Pairs(), TEXT, scored("a", 1), scored("b", 1)))
                .isEmpty();
        assertThat(rows(new Choice.Pairs(), TEXT, scored("a", 1), scored("b", -1), scored("c", 3)))
                .containsExactly("{\"prompt\":\"Once\",\"chosen\":\"c\",\"rejected\":\"b\",\"score_chosen\":3.0,"
                        + "\"score_rejected\":-1.0,\"margin\":4.0}");
    }

    @Test
    void rowsOfDialoguesAreDialogues() {
        String prompt = "{\"prompt\":[{\"role\":\"system\",\"content\":\"Be brief.\"},{\"role\":\"user\","
                + "\"content\":\"Hi\"}],";
        assertThat(rows(new Choice.Best(), DIALOGUE, scored("Hello", 1)))
                .containsExactly(
                        prompt + "\"completion\":[{\"role\":\"assistant\",\"content\":\"Hello\"}],\"reward\":1.0}");
        assertThat(rows(new Choice.Pairs(), DIALOGUE, scored("Yes", 1), scored("No", 0))
                        .get(0))
                .startsWith(prompt + "\"chosen\":[{\"role\":\"assistant\",\"content\":\"Yes\"}],\"rejected\":[{");
    }

    @Test
    void severalRewardsAreTold() {
        Verdict verdict = new Verdict(1.5, Map.of("a", 1f), null);
        assertThat(rows(new Choice.Best(), TEXT, new Scored("x", verdict)).get(0))
                .doesNotContain("rewards");
        Verdict both = new Verdict(1.5, new java.util.TreeMap<>(Map.of("a", 1f, "b", 0.5f)), null);
        assertThat(rows(new Choice.Best(), TEXT, new Scored("x", both)).get(0))
                .endsWith("\"reward\":1.5,\"rewards\":{\"a\":1.0,\"b\":0.5}}");
    }
}
