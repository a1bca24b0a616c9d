package dev.troupe.train.algorithm;

import java.util.Locale;

/** What settings may hold; the error names the key. */
public final class Check {
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

    /** Reads a constant's name in lower case; the error names key and choices. */
    public static <E extends Enum<E>> E oneOf(Class<E> type, String key, String name) {
        StringBuilder choices = new StringBuilder();
        for (E e : type.getEnumConstants()) {
            if (lower(e).equals(name)) {
                return e;
            }
            choices.append(choices.length() == 0 ? "" : ", ").append(lower(e));
        }
        throw new IllegalArgumentException(key + " = " + name + ": expected one of " + choices);
    }

    static String lower(Enum<?> e) {
        return e.name().toLowerCase(Locale.ROOT);
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
