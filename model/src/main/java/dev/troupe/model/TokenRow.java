package dev.troupe.model;

import java.util.Arrays;

/**
 * A prompt and its completion as token ids.
 *
 * @param ids prompt and completion joined; not copied, so not to be changed
 * @param promptLength how many of them belong to the prompt, at least 1
 */
public record TokenRow(int[] ids, int promptLength) {
    /** Checks that the prompt lies within the ids. */
    public TokenRow {
        if (promptLength < 1 || promptLength > ids.length) {
            throw new IllegalArgumentException(
                    "prompt length " + promptLength + " does not fit a row of " + ids.length + " tokens (at least 1)");
        }
    }

    /** The row of a prompt and a completion. */
    public static TokenRow of(int[] prompt, int[] completion) {
        int[] ids = Arrays.copyOf(prompt, prompt.length + completion.length);
        System.arraycopy(completion, 0, ids, prompt.length, completion.length);
        return new TokenRow(ids, prompt.length);
    }

    /** All tokens. */
    public int length() {
        return ids.length;
    }

    /** Tokens after the prompt. */
    public int completionLength() {
        return ids.length - promptLength;
    }

    /** The tokens after the prompt, a copy. */
    public int[] completion() {
        return Arrays.copyOfRange(ids, promptLength, ids.length);
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof TokenRow r && r.promptLength == promptLength && Arrays.equals(r.ids, ids);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(ids) + promptLength;
    }

    @Override
    public String toString() {
        return "TokenRow[prompt=" + promptLength + ", ids=" + Arrays.toString(ids) + "]";
    }
}
