package dev.troupe.deploy.select;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * What came of the prompts so far.
 *
 * @param prompts done
 * @param rows of the data set
 * @param unscored completions without a reward
 * @param judged prompts with a completion that has a reward
 * @param means sum over these of the mean reward
 * @param bests sum over these of the best one
 */
public record Totals(int prompts, int rows, int unscored, int judged, double means, double bests) {
    static final Totals NONE = new Totals(0, 0, 0, 0, 0, 0);

    /** With one more prompt, by its line in the file. */
    Totals plus(JsonNode line) {
        boolean scored = line.path("mean").isNumber();
        return new Totals(
                prompts + 1,
                rows + line.path("rows").size(),
                unscored + line.path("unscored").asInt(),
                judged + (scored ? 1 : 0),
                means + line.path("mean").asDouble(),
                bests + line.path("best").asDouble());
    }

    /** Mean reward of a completion, NaN when none has one. */
    public double mean() {
        return means / judged;
    }

    /** Mean over the prompts of their best completion's reward. */
    public double best() {
        return bests / judged;
    }
}
