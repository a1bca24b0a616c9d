package dev.troupe.train.algorithm;

/**
 * How the numbers of a mini-batch's tokens become its loss. Each is a weighted sum, so a mini-batch may be cut into
 * parts whose losses and gradients add up.
 *
 * @param kind which mean
 * @param length the constant length of {@link Kind#CONSTANT}, else not read
 */
public record Aggregation(Kind kind, int length) {
    /** The kinds, as TRL's {@code loss_type} chooses them. */
    public enum Kind {
        /** Over all tokens alike (DAPO, arXiv 2503.14476, eq. 8; PPO). */
        TOKENS,
        /** Over each completion's tokens, then over completions (GRPO, arXiv 2402.03300, eq. 3). */
        COMPLETIONS,
        /** Sum over tokens, over completions times a constant length (Dr. GRPO, arXiv 2503.20783). */
        CONSTANT,
        /** Sum over each completion's tokens, then the mean over completions (LUSPO, arXiv 2602.05261). */
        SUMS
    }

    /** The mean over all tokens. */
    public static final Aggregation TOKENS = new Aggregation(Kind.TOKENS, 0);

    /** The mean over completions of their means. */
    public static final Aggregation COMPLETIONS = new Aggregation(Kind.COMPLETIONS, 0);

    /** The mean over completions of their sums. */
    public static final Aggregation SUMS = new Aggregation(Kind.SUMS, 0);

    /**
     * What a token's number is multiplied by.
     *
     * @param length tokens of its completion
     * @param tokens of the mini-batch
     * @param rows completions of the mini-batch
     */
    public double share(int length, int tokens, int rows) {
        return switch (kind) {
            case TOKENS -> 1.0 / tokens;
            case COMPLETIONS -> 1.0 / ((double) length * rows);
            case CONSTANT -> 1.0 / ((double) this.length * rows);
            case SUMS -> 1.0 / rows;
        };
    }
}
