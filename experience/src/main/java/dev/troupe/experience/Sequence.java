package dev.troupe.experience;

import java.util.Arrays;

/**
 * Tokens, and which of them a loss counts.
 *
 * @param ids token ids, at least 2; not copied, so not to be changed
 * @param trained [ids] whether a token's log-probability is trained; never the first's, which nothing predicts
 */
@SuppressWarnings("ArrayRecordComponent") // compared by value below
public record Sequence(int[] ids, boolean[] trained) {
    /** Checks the lengths and the first token. */
    public Sequence {
        if (ids.length < 2 || trained.length != ids.length || trained[0]) {
            throw new IllegalArgumentException("a sequence of " + ids.length + " tokens with " + trained.length
                    + " marks; expected 2 at least, as many, and the first token unmarked");
        }
    }

    /** Every token that can be. */
    public static Sequence whole(int... ids) {
        return after(1, ids);
    }

    /**
     * What follows a prompt.
     *
     * @param prompt length of the prompt; with 0 everything is trained that can be
     */
    public static Sequence after(int prompt, int... ids) {
        boolean[] trained = new boolean[ids.length];
        Arrays.fill(trained, Math.min(ids.length, Math.max(1, prompt)), ids.length, true);
        return new Sequence(ids, trained);
    }

    /** Number of tokens. */
    public int length() {
        return ids.length;
    }

    /** Number of those that are trained. */
    public int trainedTokens() {
        int n = 0;
        for (boolean each : trained) {
            n += each ? 1 : 0;
        }
        return n;
    }

    /** The first tokens of it, or all if there are no more. */
    public Sequence cut(int length) {
        return length >= ids.length ? this : new Sequence(Arrays.copyOf(ids, length), Arrays.copyOf(trained, length));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Sequence s && Arrays.equals(ids, s.ids) && Arrays.equals(trained, s.trained);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(ids) + Arrays.hashCode(trained);
    }

    @Override
    public String toString() {
        StringBuilder said = new StringBuilder("Sequence[");
        for (int i = 0; i < ids.length; i++) {
            said.append(i == 0 ? "" : " ").append(ids[i]).append(trained[i] ? "*" : "");
        }
        return said.append(']').toString();
    }
}
