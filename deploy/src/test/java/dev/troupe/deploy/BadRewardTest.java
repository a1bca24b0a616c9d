package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A rule that misbehaves costs its rows, by name; one that always does ends the run with its reason. */
class BadRewardTest extends RunsApart {
    private static Troupe run(String rule) {
        return Troupe.run(
                "r",
                "reward.kind=rule",
                "reward.rule=" + BadRules.class.getName() + "$" + rule,
                "reward.deadline=200ms",
                "reward.batch=4");
    }

    private JsonNode summary() throws IOException {
        return new ObjectMapper().readTree(runs.resolve("r/summary.json").toFile());
    }

    @Test
    void oneThatThrowsNowAndThenCostsItsRowsAndTheRunGoesOn() throws IOException {
        Troupe told = run("ThrowsNowAndThen");

        assertThat(told.code()).as(told.err()).isZero();
        JsonNode ledger = summary().get("ledger");
        assertThat(summary().get("error").isNull()).isTrue();
        assertThat(ledger.get("trained").asInt()).isEqualTo(8);
        assertThat(ledger.get("dropped").asInt()).isPositive();
        assertThat(ledger.get("issued").asInt())
                .isEqualTo(8 + ledger.get("dropped").asInt());
        assertThat(Files.readString(runs.resolve("r/run.log")))
                .containsPattern("dropped trajectory \\S+: reward at reward: rule_failed: .*out of ideas");
    }

    @Test
    void oneThatAlwaysThrowsEndsTheRunWithItsReason() throws IOException {
        Troupe told = run("Throws");

        assertThat(told.code()).isEqualTo(1);
        assertThat(told.err()).contains("step 1: ", "in a row got no score", "no opinion at all");
        JsonNode summary = summary();
        assertThat(summary.get("status").asText()).isEqualTo("failed");
        assertThat(summary.get("error").asText()).contains("in a row got no score", "no opinion at all");
        assertThat(summary.get("algorithm").asText()).isEqualTo("ppo");
        assertThat(summary.get("seconds").asDouble()).isPositive();
        for (String unknown : List.of("steps", "reward_after", "kl", "ledger", "parity", "weights_sha256")) {
            assertThat(summary.get(unknown).isNull()).as(unknown).isTrue();
        }
    }

    @Test
    void oneThatAnswersNaNEndsTheRunWithItsReason() {
        Troupe told = run("NotANumber");

        assertThat(told.code()).isEqualTo(1);
        assertThat(told.err()).contains("in a row got no score", "NaN");
    }

    @Test
    void oneThatHangsEndsTheRunWithItsReason() {
        Troupe told = run("Hangs");

        assertThat(told.code()).isEqualTo(1);
        assertThat(told.err()).contains("in a row got no score", "reward.deadline");
    }
}
