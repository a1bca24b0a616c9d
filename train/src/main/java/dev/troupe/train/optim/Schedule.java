package dev.troupe.train.optim;

import java.util.Locale;

/**
 * How the learning rate changes over a run, as in transformers: {@code warmup = ceil(steps * ratio)} steps rise from 0,
 * so that the first of them runs at rate 0; linear and cosine fall so that 0 would be reached one step after the last.
 *
 * @param kind the shape; {@code constant} ignores the warm-up
 * @param warmupRatio share of the steps that warm up, 0 to 1
 * @param steps of the whole run, at least 1
 */
public record Schedule(Kind kind, double warmupRatio, int steps) {
    /** The shapes, named as {@code lr_scheduler_type} names them. */
    public enum Kind {
        CONSTANT,
        CONSTANT_WITH_WARMUP,
        LINEAR,
        COSINE;

        /** Reads a name in lower case. */
        public static Kind of(String name) {
            for (Kind k : values()) {
                if (k.name().toLowerCase(Locale.ROOT).equals(name)) {
                    return k;
                }
            }
            throw new IllegalArgumentException(
                    "lr_scheduler_type = " + name + ": expected constant, constant_with_warmup, linear or cosine");
        }
    }

    /** Checks the ranges; the error names the key. */
    public Schedule {
        if (!(warmupRatio >= 0 && warmupRatio <= 1)) {
            throw new IllegalArgumentException("warmup_ratio = " + warmupRatio + ": expected 0 to 1");
        }
        if (steps < 1) {
            throw new IllegalArgumentException("steps = " + steps + ": expected at least 1");
        }
    }

    /** Steps that warm up. */
    public int warmupSteps() {
        return (int) Math.ceil(steps * warmupRatio);
    }

    /** What the learning rate is multiplied by in step {@code step}, counted from 0. */
    public double factor(long step) {
        if (kind == Kind.CONSTANT) {
            return 1;
        }
        int warmup = warmupSteps();
        if (step < warmup) {
            return (double) step / warmup;
        }
        double past = step - warmup;
        double length = Math.max(1, steps - warmup);
        return switch (kind) {
            case LINEAR -> Math.max(0, (steps - step) / length);
            case COSINE -> Math.max(0, 0.5 * (1 + Math.cos(Math.PI * past / length)));
            default -> 1;
        };
    }
}
