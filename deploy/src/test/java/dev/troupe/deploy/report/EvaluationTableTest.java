package dev.troupe.deploy.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EvaluationTableTest {
    private static final List<String> PROMPTS = List.of("a", "b", "c", "d", "e", "f");

    private static EvaluationReport report(double gold, String text) {
        return new EvaluationReport(
                new ClusteredMean(PROMPTS.stream().map(p -> List.of(-1.0)).toList()),
                Map.of("gsm8k", 0.25, "format", gold),
                gold,
                2.0,
                null,
                40,
                0.75,
                0.5,
                PROMPTS,
                PROMPTS.stream().map(p -> List.of(text + p, "other")).toList());
    }

    @Test
    void showsFiguresAndFivePromptsSideBySide() {
        EvaluationTable table = new EvaluationTable(report(0.1, "sad "), report(0.6, "glad "));

        assertThat(table.text())
                .containsPattern("gold score \\(sentiment rule\\) +0\\.100 +0\\.600 +\\+0\\.500")
                .containsPattern("reward: gsm8k +0\\.250 +0\\.250 +\\+0\\.000")
                .containsPattern("reward: format +0\\.100 +0\\.600 +\\+0\\.500")
                .containsPattern("distinct completions, % +75\\.0 +75\\.0 +\\+0\\.0")
                .containsPattern("sad a +\\| glad a")
                .containsPattern("sad e +\\| glad e")
                .doesNotContain("sad f");
    }

    @Test
    void markdownHasTheSameRowsAndEscapesBars() {
        String markdown = new EvaluationTable(report(0.1, "x|y "), report(0.6, "z ")).markdown();

        assertThat(markdown)
                .contains("| gold score (sentiment rule) | 0.100 | 0.600 | +0.500 |")
                .contains("| a | x\\|y a | z a |");
    }

    @Test
    void whatDoesNotApplyIsLeftOut() {
        EvaluationReport bare =
                new EvaluationReport(null, Map.of(), 0, 0, null, 1, 1, null, List.of("a"), List.of(List.of("one")));

        assertThat(new EvaluationTable(bare, bare).text())
                .doesNotContain("reward-model")
                .doesNotContain("grammar");
    }

    @Test
    void showsTheDistanceToATeacher() {
        EvaluationReport far =
                new EvaluationReport(null, Map.of(), 0, 0, 12.5, 1, 1, null, List.of("a"), List.of(List.of("one")));
        EvaluationReport near =
                new EvaluationReport(null, Map.of(), 0, 0, 2.5, 1, 1, null, List.of("a"), List.of(List.of("one")));

        assertThat(new EvaluationTable(far, near).text())
                .containsPattern("KL to the teacher, nats +12\\.50 +2\\.50 +-10");
    }

    @Test
    void differentPromptsAreNotCompared() {
        EvaluationReport other =
                new EvaluationReport(null, Map.of(), 0, 0, null, 1, 1, null, List.of("z"), List.of(List.of("one")));

        assertThatThrownBy(() -> new EvaluationTable(report(0, ""), other))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
