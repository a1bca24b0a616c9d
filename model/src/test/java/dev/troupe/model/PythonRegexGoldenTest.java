package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Expressions over modules' names against Python's own re; python_regex.py writes the cases. */
class PythonRegexGoldenTest {

    private interface Question {
        boolean of(String pattern, String name);
    }

    @Test
    void expressionsMeanWhatPythonSays() {
        List<String> differences = new ArrayList<>();
        for (GoldenFolder.Case c : GoldenFolder.of("regex")) {
            assertThat(c.json().get("cases")).hasSizeGreaterThan(80);
            for (JsonNode each : c.json().get("cases")) {
                String pattern = each.get("pattern").asText();
                compare(
                        c,
                        each.get("fullmatch"),
                        pattern,
                        differences,
                        (p, n) -> PythonRegex.of(p).matchesAll(n));
                compare(
                        c,
                        each.get("key"),
                        pattern,
                        differences,
                        (p, n) -> PythonRegex.of("(.*\\.)?(" + p + ")$").matchesBeginning(n));
            }
        }
        assertThat(differences).isEmpty();
    }

    private static void compare(
            GoldenFolder.Case c, JsonNode expected, String pattern, List<String> differences, Question question) {
        for (int i = 0; i < c.json().get("names").size(); i++) {
            String name = c.json().get("names").get(i).asText();
            String right = expected == null ? "refused" : expected.get(i).asText();
            String got;
            try {
                got = String.valueOf(question.of(pattern, name));
            } catch (IllegalArgumentException e) {
                got = "refused";
            }
            if (!got.equals(right)) {
                differences.add(pattern + " on " + name + ": " + got + ", Python " + right);
            }
        }
    }

    @Test
    void anExpressionThatNeverEndsIsRefused() {
        String name = "model.layers.0.self_attn." + "a".repeat(60) + "!";
        for (String pattern : List.of("(.*a){9}c", ".*a.*a.*a.*a.*a.*a.*a.*ab")) {
            assertThatThrownBy(() -> PythonRegex.of(pattern).matchesAll(name))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("takes too many steps")
                    .hasMessageContaining(pattern);
        }
    }
}
