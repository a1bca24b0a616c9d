package dev.troupe.deploy.report;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;

/** A line a step for whoever watches: where the run stands, how it does, and how long it still takes. */
public final class ProgressLine {
    private final long steps;
    private final long firstStep;
    private final long startNanos;
    private long lastNanos;

    /**
     * @param firstStep the last step done before this process, 0 for a new run
     * @param steps of the whole run
     */
    public ProgressLine(long firstStep, long steps, long nowNanos) {
        this.firstStep = firstStep;
        this.steps = steps;
        this.startNanos = nowNanos;
        this.lastNanos = nowNanos;
    }

    /** The line of a step just done, from its metrics. */
    public String line(Map<String, ?> metrics, long nowNanos) {
        long step = (long) number(metrics, "step");
        double seconds = Math.max(1e-9, (nowNanos - lastNanos) / 1e9);
        double whole = (nowNanos - startNanos) / 1e9;
        double left = whole / Math.max(1, step - firstStep) * (steps - step);
        lastNanos = nowNanos;
        int width = Long.toString(steps).length();
        return String.format(
                Locale.ROOT,
                "step %" + width + "d/%d  reward %6.3f  %s  %6.0f tokens/s  stale %.2f  wait %3.0f%%  left %s",
                step,
                steps,
                number(metrics, "objective/scores"),
                metrics.containsKey("objective/kl")
                        ? String.format(Locale.ROOT, "kl %6.2f", number(metrics, "objective/kl"))
                        : String.format(Locale.ROOT, "loss %7.4f", number(metrics, "loss/policy_avg")),
                number(metrics, "tokens/generated") / seconds,
                number(metrics, "staleness/mean"),
                100 * Math.min(1, number(metrics, "time/wait") / seconds),
                clock(left));
    }

    /** Minutes and seconds, as in 1:05. */
    public static String clock(double seconds) {
        Duration d = Duration.ofSeconds(Math.round(seconds));
        return d.toHours() > 0
                ? String.format(Locale.ROOT, "%d:%02d:%02d", d.toHours(), d.toMinutesPart(), d.toSecondsPart())
                : String.format(Locale.ROOT, "%d:%02d", d.toMinutes(), d.toSecondsPart());
    }

    private static double number(Map<String, ?> metrics, String key) {
        return metrics.get(key) instanceof Number n ? n.doubleValue() : Double.NaN;
    }
}
