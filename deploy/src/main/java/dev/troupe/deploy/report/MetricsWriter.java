package dev.troupe.deploy.report;

import java.util.Map;

/** {@code metrics.jsonl}: one object a step, with {@code step} among its keys. */
public final class MetricsWriter implements AutoCloseable {
    private final LinesFile file;

    /** Opens the file; {@code lastStep} is the last step done before this process, 0 for a new run. */
    public MetricsWriter(RunFolder folder, long lastStep) {
        file = LinesFile.after(folder.metrics(), lastStep);
    }

    /** What the steps before this process add up to. */
    public double sum(String metric) {
        return file.lines().stream()
                .mapToDouble(line -> line.path(metric).asDouble())
                .sum();
    }

    /** Writes a step's line; numbers that are not finite become null. */
    public void write(Map<String, ?> metrics) {
        if (!metrics.containsKey("step")) {
            throw new IllegalArgumentException("a line of metrics needs its step: " + metrics.keySet());
        }
        file.append(metrics);
    }

    @Override
    public void close() {
        file.close();
    }
}
