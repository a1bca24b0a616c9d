package dev.troupe.deploy.report;

import java.util.Arrays;
import java.util.List;

/**
 * A mean over completions with a standard error that does not take several completions of one prompt for independent
 * ones: clusters are prompts. With {@code r_p} the sum over prompt p of the values' distances from the mean, divided by
 * the number of values, the variance is {@code P / (P - 1) * sum r_p^2}; with as many values a prompt that is the
 * variance of the prompts' means over P.
 *
 * @param byPrompt the values of each prompt; those that are not finite are left out
 */
public record ClusteredMean(List<List<Double>> byPrompt) {
    /** Keeps the finite values. */
    public ClusteredMean {
        byPrompt = byPrompt.stream()
                .map(values -> values.stream().filter(Double::isFinite).toList())
                .toList();
    }

    /** The mean over all values; NaN without any. */
    public double mean() {
        return byPrompt.stream()
                .flatMap(List::stream)
                .mapToDouble(v -> v)
                .average()
                .orElse(Double.NaN);
    }

    /** Of the mean; NaN with fewer than two prompts. */
    public double standardError() {
        return error(residuals());
    }

    /** Of this mean minus another over the same prompts: prompts that are easy in both take no part. */
    public double standardErrorOfDifference(ClusteredMean other) {
        if (byPrompt.size() != other.byPrompt.size()) {
            throw new IllegalArgumentException(
                    "means over " + byPrompt.size() + " and " + other.byPrompt.size() + " prompts have no difference");
        }
        double[] ours = residuals();
        double[] theirs = other.residuals();
        for (int p = 0; p < ours.length; p++) {
            ours[p] -= theirs[p];
        }
        return error(ours);
    }

    private double[] residuals() {
        double mean = mean();
        long values = byPrompt.stream().mapToLong(List::size).sum();
        return byPrompt.stream()
                .mapToDouble(v -> v.stream().mapToDouble(x -> x - mean).sum() / values)
                .toArray();
    }

    private static double error(double[] residuals) {
        int prompts = residuals.length;
        double squares = Arrays.stream(residuals).map(r -> r * r).sum();
        return prompts < 2 ? Double.NaN : Math.sqrt(squares * prompts / (prompts - 1));
    }
}
