package dev.troupe.train.loss;

/** Scaling of a batch's numbers to variance 1, over all tokens of all rows alike. */
public final class Whitening {
    private static final double EPSILON = 1e-8;

    private Whitening() {}

    /**
     * {@code (x - mean) / sqrt(var + 1e-8)}, with the unbiased variance; the rows hold real tokens only. Fewer than two
     * numbers have no variance and come back unscaled.
     *
     * @param keepMean add the mean again afterwards
     * @return new rows of the same lengths
     */
    public static double[][] whiten(double[][] rows, boolean keepMean) {
        long count = 0;
        double sum = 0;
        for (double[] row : rows) {
            count += row.length;
            for (double x : row) {
                sum += x;
            }
        }
        double mean = sum / Math.max(1, count);
        double squares = 0;
        for (double[] row : rows) {
            for (double x : row) {
                squares += (x - mean) * (x - mean);
            }
        }
        double scale = count < 2 ? 1 : 1 / Math.sqrt(squares / (count - 1) + EPSILON);
        double[][] out = new double[rows.length][];
        for (int r = 0; r < rows.length; r++) {
            out[r] = new double[rows[r].length];
            for (int t = 0; t < rows[r].length; t++) {
                out[r][t] = (rows[r][t] - mean) * scale + (keepMean ? mean : 0);
            }
        }
        return out;
    }
}
