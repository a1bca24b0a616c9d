package dev.troupe.learner.algorithm;

/** Bounds of settings; the error names the key. */
final class Check {
    private Check() {}

    static void atLeast(String key, double value, double least) {
        require(value >= least && value < Double.POSITIVE_INFINITY, key, value, "at least " + plain(least));
    }

    static void above(String key, double value, double bound) {
        require(value > bound && value < Double.POSITIVE_INFINITY, key, value, "above " + plain(bound));
    }

    static void between(String key, double value, double least, double most) {
        require(value >= least && value <= most, key, value, plain(least) + " to " + plain(most));
    }

    private static void require(boolean ok, String key, double value, String expected) {
        if (!ok) {
            throw new IllegalArgumentException(key + " = " + plain(value) + ": expected " + expected);
        }
    }

    private static String plain(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e9
                ? Long.toString((long) value)
                : Double.toString(value);
    }
}
