package dev.troupe.train.loss;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * Numbers of trajectories that belong together in groups, which stand side by side. NaN marks a trajectory without a
 * number: it takes no part in its group's statistics, and what is made of it is NaN.
 */
public final class Groups {
    private Groups() {}

    /** First row of each group and, last, the number of rows; rows with the same number are one group. */
    public static int[] starts(long[] group) {
        List<Integer> starts = new ArrayList<>();
        for (int r = 0; r < group.length; r++) {
            if (r == 0 || group[r] != group[r - 1]) {
                starts.add(r);
            }
        }
        starts.add(group.length);
        return starts.stream().mapToInt(Integer::intValue).toArray();
    }

    /** {@code x - mean of the group}. */
    public static double[] centred(double[] x, int[] starts) {
        return each(x, starts, group -> {
            double mean = mean(group);
            return v -> v - mean;
        });
    }

    /**
     * {@code x_i - mean of the others} (RLOO, Ahmadian et al. 2024, arXiv 2402.14740, eq. 5); NaN where there are no
     * others.
     */
    public static double[] leaveOneOut(double[] x, int[] starts) {
        return each(x, starts, group -> {
            double[] known = known(group);
            double sum = Arrays.stream(known).sum();
            return v -> known.length < 2 ? Double.NaN : v - (sum - v) / (known.length - 1);
        });
    }

    /** {@code (x - mean) / (std + epsilon)} of the group, std with divisor n - 1 (GRPO, arXiv 2402.03300). */
    public static double[] standardised(double[] x, int[] starts, double epsilon) {
        return each(x, starts, group -> {
            double mean = mean(group);
            double scale = std(group) + epsilon;
            return v -> (v - mean) / scale;
        });
    }

    /** The mean of the numbers that are there. */
    public static double mean(double[] x) {
        double[] known = known(x);
        return Arrays.stream(known).sum() / known.length;
    }

    /** Their standard deviation with divisor n - 1; 0 of fewer than two. */
    public static double std(double[] x) {
        double[] known = known(x);
        double mean = mean(known);
        double squares = 0;
        for (double v : known) {
            squares += (v - mean) * (v - mean);
        }
        return known.length < 2 ? 0 : Math.sqrt(squares / (known.length - 1));
    }

    /** Share of the groups whose numbers are all equal: they teach nothing. */
    public static double equalShare(double[] x, int[] starts) {
        int equal = 0;
        for (int g = 0; g + 1 < starts.length; g++) {
            double[] known = known(Arrays.copyOfRange(x, starts[g], starts[g + 1]));
            equal += Arrays.stream(known).distinct().count() < 2 ? 1 : 0;
        }
        return (double) equal / (starts.length - 1);
    }

    private static double[] known(double[] x) {
        return Arrays.stream(x).filter(v -> !Double.isNaN(v)).toArray();
    }

    private interface Rule {
        DoubleUnaryOperator of(double[] group);
    }

    private static double[] each(double[] x, int[] starts, Rule rule) {
        double[] out = new double[x.length];
        for (int g = 0; g + 1 < starts.length; g++) {
            DoubleUnaryOperator f = rule.of(Arrays.copyOfRange(x, starts[g], starts[g + 1]));
            for (int r = starts[g]; r < starts[g + 1]; r++) {
                out[r] = f.applyAsDouble(x[r]);
            }
        }
        return out;
    }
}
