package dev.troupe.deploy.report;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code samples.jsonl}: some of the completions trained on, to read. */
public final class SamplesWriter implements AutoCloseable {
    private final LinesFile file;

    /**
     * A line.
     *
     * @param kl summed log-ratio to the reference, nats; null without a reference
     * @param version policy version that sampled its first token
     */
    public record Sample(
            long step,
            String prompt,
            String completion,
            Map<String, Double> rewards,
            @Nullable Double kl,
            long version) {}

    /** Opens the file; {@code lastStep} is the last step done before this process, 0 for a new run. */
    public SamplesWriter(RunFolder folder, long lastStep) {
        file = LinesFile.after(folder.samples(), lastStep);
    }

    /** Writes a sample. */
    public void write(Sample sample) {
        file.append(sample);
    }

    @Override
    public void close() {
        file.close();
    }
}
