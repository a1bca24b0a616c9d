package dev.troupe.model;

/**
 * How the next token is drawn. The filters act in transformers' order: repetition penalty, temperature, top-k, top-p,
 * min-p.
 *
 * @param temperature what logits are divided by; 0 is greedy
 * @param topK keep the k likeliest tokens; 0 is off
 * @param topP keep the likeliest tokens that together reach this probability; 1 is off
 * @param minP keep tokens at least this times as likely as the likeliest; 0 is off
 * @param repetitionPenalty divides (or, below zero, multiplies) the logits of tokens already in the row; 1 is off
 * @param suppressFirstEos whether a completion may not begin with an end token
 */
public record SamplingConfig(
        double temperature, int topK, double topP, double minP, double repetitionPenalty, boolean suppressFirstEos) {
    /** Checks each value; the error names the key. */
    public SamplingConfig {
        check(temperature >= 0 && temperature < Double.POSITIVE_INFINITY, "temperature", temperature, "at least 0");
        check(topK >= 0, "top_k", topK, "0 (off) or at least 1");
        check(topP > 0 && topP <= 1, "top_p", topP, "above 0 and at most 1 (off)");
        check(minP >= 0 && minP <= 1, "min_p", minP, "from 0 (off) to 1");
        check(
                repetitionPenalty > 0 && repetitionPenalty < Double.POSITIVE_INFINITY,
                "repetition_penalty",
                repetitionPenalty,
                "above 0 (1 is off)");
    }

    /** Plain sampling at a temperature. */
    public static SamplingConfig atTemperature(double temperature) {
        return new SamplingConfig(temperature, 0, 1.0, 0.0, 1.0, false);
    }

    /** The likeliest token each time. */
    public static SamplingConfig greedy() {
        return atTemperature(0);
    }

    /** Whether the likeliest token is taken. */
    public boolean isGreedy() {
        return temperature == 0;
    }

    private static void check(boolean ok, String key, double value, String expected) {
        if (!ok) {
            throw new IllegalArgumentException(key + " = " + value + ": expected " + expected);
        }
    }
}
