package dev.troupe.deploy.study;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.deploy.settings.SettingsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What came out of one run of a study.
 *
 * @param arm name of its arm
 * @param gold after training less before
 * @param goldBefore before training
 * @param teacherKl nats to the teacher of a distillation after training over those before; NaN without one
 * @param grammar share accepted after training less before
 * @param staleness mean
 * @param eta {@code staleness.max}
 */
public record StudyRow(
        String arm,
        long seed,
        double gold,
        double goldBefore,
        double teacherKl,
        double grammar,
        double distinct,
        double kl,
        double staleness,
        int eta,
        double seconds) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Of a run's folder; empty if the run is not done. */
    public static Optional<StudyRow> read(String arm, long seed, Path run) {
        Path summary = run.resolve("summary.json");
        if (!Files.isRegularFile(summary)) {
            return Optional.empty();
        }
        try {
            JsonNode s = JSON.readTree(summary.toFile());
            if (!s.path("status").asText().equals("done")) {
                return Optional.empty();
            }
            Config config = ConfigFactory.parseFile(run.resolve("config.conf").toFile());
            return Optional.of(new StudyRow(
                    arm,
                    seed,
                    s.path("gold_after").asDouble() - s.path("gold_before").asDouble(),
                    s.path("gold_before").asDouble(),
                    s.path("teacher_kl_after").asDouble(Double.NaN)
                            / s.path("teacher_kl_before").asDouble(Double.NaN),
                    s.path("grammar_after").asDouble()
                            - s.path("grammar_before").asDouble(),
                    s.path("distinct").asDouble(),
                    s.path("kl").asDouble(),
                    s.path("staleness").path("mean").asDouble(),
                    config.getInt("staleness.max"),
                    s.path("seconds").asDouble()));
        } catch (IOException e) {
            throw new SettingsException("cannot read " + summary + ": " + e.getMessage(), e);
        }
    }

    /** Rows of one arm. */
    static List<StudyRow> of(List<StudyRow> rows, String arm) {
        return rows.stream().filter(r -> r.arm.equals(arm)).toList();
    }
}
