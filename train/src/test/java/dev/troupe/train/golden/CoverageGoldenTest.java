package dev.troupe.train.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** No case lies in the project without a test that reads it. */
class CoverageGoldenTest {
    private static final Set<String> KINDS = Set.of(
            "loss/ppo",
            "loss/rloo",
            "loss/grpo",
            "loss/grpo-advantage",
            "loss/grpo-is",
            "loss/decoupled-ppo",
            "loss/prox-loglinear",
            "loss/vtrace",
            "loss/soft-overlong",
            "loss/sft",
            "loss/reward",
            "schedule");
    private static final Set<String> END_TO_END = Set.of("ppo", "rloo", "grpo", "gkd", "sft", "reward");

    @Test
    void everyKindHasATest() {
        List<Golden.Case> cases = Golden.all();
        assertThat(cases).as("golden cases").isNotEmpty();
        List<String> unknown = cases.stream()
                .filter(c -> !(KINDS.contains(c.kind())
                        || c.kind().equals("e2e")
                                && END_TO_END.contains(
                                        c.json().path("algorithm").asText())))
                .map(c -> c + " of kind " + c.kind())
                .toList();
        if (Golden.own()) {
            assertThat(unknown).isEmpty();
        } else {
            System.out.println("train: " + unknown.size() + " golden cases not covered: " + unknown);
        }
    }
}
