package dev.troupe.deploy.report;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.jspecify.annotations.Nullable;

/**
 * {@code summary.json}, written once when a run ends. What does not apply is null.
 *
 * @param status done, interrupted or failed
 * @param error why it failed
 * @param steps done since the run's first start; null of a failed run, whose metrics tell
 * @param kl policy to reference over the final evaluation, summed over a completion, nats
 * @param teacherKlBefore the same to the teacher of a distillation, before training
 * @param teacherKlAfter after training
 * @param distinct share of different completions, 0 to 1
 * @param length mean tokens of a completion
 * @param overlap share of tokens sampled while a learner pass was under way
 */
@JsonPropertyOrder({
    "status",
    "error",
    "algorithm",
    "steps",
    "seconds",
    "tokens_generated",
    "tokens_trained",
    "reward_before",
    "reward_after",
    "gold_before",
    "gold_after",
    "grammar_before",
    "grammar_after",
    "kl",
    "teacher_kl_before",
    "teacher_kl_after",
    "distinct",
    "length",
    "ledger",
    "staleness",
    "parity",
    "overlap",
    "weights_sha256",
    "peak_rss_bytes"
})
public record Summary(
        String status,
        @Nullable String error,
        String algorithm,
        @Nullable Long steps,
        double seconds,
        @JsonProperty("tokens_generated") @Nullable Long tokensGenerated,
        @JsonProperty("tokens_trained") @Nullable Long tokensTrained,
        @JsonProperty("reward_before") @Nullable Double rewardBefore,
        @JsonProperty("reward_after") @Nullable Double rewardAfter,
        @JsonProperty("gold_before") @Nullable Double goldBefore,
        @JsonProperty("gold_after") @Nullable Double goldAfter,
        @JsonProperty("grammar_before") @Nullable Double grammarBefore,
        @JsonProperty("grammar_after") @Nullable Double grammarAfter,
        @Nullable Double kl,
        @JsonProperty("teacher_kl_before") @Nullable Double teacherKlBefore,
        @JsonProperty("teacher_kl_after") @Nullable Double teacherKlAfter,
        @Nullable Double distinct,
        @Nullable Double length,
        @Nullable Ledger ledger,
        @Nullable Staleness staleness,
        @Nullable Parity parity,
        @Nullable Double overlap,
        @JsonProperty("weights_sha256") @Nullable String weightsSha256,
        @JsonProperty("peak_rss_bytes") @Nullable Long peakRssBytes) {

    /** What became of every trajectory: {@code issued = running + finished + trained + dropped}. */
    public record Ledger(long issued, long running, long finished, long trained, long dropped) {}

    /** In policy versions. */
    public record Staleness(double mean, long max) {}

    /** Absolute differences of log-probabilities, and the share of ratios outside [0.9, 1.1]. */
    public record Parity(
            @Nullable Double p95,
            @Nullable Double max,
            @Nullable Double outside,
            long mixed) {}

    /** Of a run that failed: what it was, how long it took and why. What it got to is not known here. */
    public static Summary failed(String algorithm, double seconds, String error) {
        return unsampled("failed", error, algorithm, null, seconds, null, null);
    }

    /** Of an offline run, which samples nothing and evaluates by figures of its own. */
    public static Summary offline(
            String status, String algorithm, long steps, double seconds, long tokensTrained, String weightsSha256) {
        return unsampled(status, null, algorithm, steps, seconds, tokensTrained, weightsSha256);
    }

    private static Summary unsampled(
            String status,
            @Nullable String error,
            String algorithm,
            @Nullable Long steps,
            double seconds,
            @Nullable Long tokensTrained,
            @Nullable String weightsSha256) {
        return new Summary(
                status,
                error,
                algorithm,
                steps,
                seconds,
                null,
                tokensTrained,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                weightsSha256,
                PeakMemory.bytes());
    }

    /** Writes the file, whole or not at all. */
    public void write(RunFolder folder) {
        Path file = folder.summary();
        Path beside = file.resolveSibling("summary.json.new");
        try {
            Files.writeString(beside, Json.pretty(this));
            Files.move(beside, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file + ": " + e, e);
        }
    }
}
