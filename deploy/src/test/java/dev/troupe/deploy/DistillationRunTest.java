package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whole runs of GKD, small, through the actors. */
class DistillationRunTest extends RunsApart {
    private static Troupe gkd(String name, String... settings) {
        List<String> all = new ArrayList<>(
                List.of("algorithm=gkd", "model.teacher=stories-teacher", "num_generations=1", "batch.prompts=8"));
        all.addAll(List.of(settings));
        return Troupe.run(name, all.toArray(new String[0]));
    }

    @Test
    void theSamplesAndTheDataLeadToTheTeacher() throws IOException {
        Troupe told = gkd("mixed", "steps=6", "learning_rate=2e-3", "max_new_tokens=24");

        assertThat(told.code()).as(told.err()).isZero();
        assertThat(runs.resolve("mixed").resolve("evaluation.md")).content().contains("KL to the teacher, nats");
        JsonNode s = summary("mixed");
        assertThat(s.get("ledger").get("trained").asInt()).isEqualTo(48);
        assertThat(s.get("teacher_kl_after").asDouble())
                .isLessThan(s.get("teacher_kl_before").asDouble());
        for (JsonNode step : metrics("mixed")) {
            // Half of the rows are given, keyed by seed and draw; they are trained but nobody sampled them.
            assertThat(step.get("tokens/generated").asInt())
                    .isBetween(1, step.get("tokens/trained").asInt() - 1);
            assertThat(step.get("staleness/max").asInt()).isZero();
        }
    }

    /** At eta 0 a run repeats itself, whoever wrote what and however the teacher's answers were cut. */
    @Test
    void repeatsItselfWithATeacherThatWritesAndSaysLittle() throws IOException {
        for (String name : List.of("once", "again")) {
            Troupe told = gkd(name, "seq_kd=true", "lmbda=0.3", "teacher.top_k=8", "beta=1");
            assertThat(told.code()).as(told.err()).isZero();
        }
        assertThat(summary("again").get("weights_sha256"))
                .isEqualTo(summary("once").get("weights_sha256"));
    }

    @Test
    void withLmbdaOneEveryTokenIsSampled() throws IOException {
        Troupe told = gkd("own", "lmbda=1", "beta=0", "steps=1");

        assertThat(told.code()).as(told.err()).isZero();
        JsonNode step = metrics("own").get(0);
        assertThat(step.get("tokens/generated").asInt())
                .isEqualTo(step.get("tokens/trained").asInt());
    }
}
