package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Templates chosen by hand against the texts that jinja2 rendered, in the environment of transformers. */
class JinjaTest {
    private static final Path CHOSEN = Path.of("src/test/resources/jinja/chosen.jsonl");

    @TestFactory
    Stream<DynamicTest> shouldRenderAsJinja2Does() {
        List<DynamicTest> tests = new ArrayList<>();
        JinjaCase.forEach(
                CHOSEN,
                null,
                c -> tests.add(DynamicTest.dynamicTest(tests.size() + " " + c.id(), () -> {
                    JinjaCase.Compared compared = c.compare();
                    assertThat(compared.outcome())
                            .as(compared.said())
                            .isEqualTo(c.failed() == null ? JinjaCase.Outcome.SAME : JinjaCase.Outcome.BOTH_FAIL);
                })));
        return tests.stream();
    }

    @Test
    void shouldHaveCasesOfBothKinds() {
        Map<JinjaCase.Outcome, Integer> counts = new EnumMap<>(JinjaCase.Outcome.class);
        JinjaCase.forEach(CHOSEN, null, c -> counts.merge(c.compare().outcome(), 1, Integer::sum));
        assertThat(counts.get(JinjaCase.Outcome.SAME)).isGreaterThan(70);
        assertThat(counts.get(JinjaCase.Outcome.BOTH_FAIL)).isGreaterThan(50);
    }
}
