package dev.troupe.model;

import java.util.Arrays;

/**
 * What a tokenizer puts around a text, and where bos would be there twice.
 *
 * @param before ids in front of a text, usually bos
 * @param after ids behind a text that do not end it; an end token is left to whoever knows that the text ends
 * @param begin the token that stands in front of a text once at most, or -1
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Surrounding(int[] before, int[] after, int begin) {
    private static final int NONE = -1;

    /**
     * Found by comparing.
     *
     * @param whole a text's ids with what is put around it
     * @param bare the same text's without
     */
    static Surrounding of(int[] whole, int[] bare, int bos, int eos) {
        if (bare.length == 0) {
            int[] all =
                    Arrays.stream(whole).filter(id -> id != eos || id == bos).toArray();
            return new Surrounding(all, new int[0], all.length > 0 ? all[all.length - 1] : bos == eos ? NONE : bos);
        }
        int from = 0;
        while (from + bare.length < whole.length
                && !Arrays.equals(Arrays.copyOfRange(whole, from, from + bare.length), bare)) {
            from++;
        }
        int[] before = Arrays.copyOf(whole, from);
        int[] after = Arrays.stream(whole, Math.min(whole.length, from + bare.length), whole.length)
                .filter(id -> id != eos)
                .toArray();
        int begin = from > 0 ? before[from - 1] : bos == eos ? NONE : bos;
        return new Surrounding(before, after, begin);
    }

    /** Whether a token is put in front of a text. */
    boolean beginsWith(int id) {
        return Arrays.stream(before).anyMatch(each -> each == id);
    }

    /** The ids of a text with what belongs around it; a bos that the text has itself is not doubled. */
    int[] around(int[] text) {
        int skipped = 0;
        while (before.length > 0 && skipped < text.length && text[skipped] == begin) {
            skipped++;
        }
        int[] out = Arrays.copyOf(before, before.length + text.length - skipped + after.length);
        System.arraycopy(text, skipped, out, before.length, text.length - skipped);
        System.arraycopy(after, 0, out, out.length - after.length, after.length);
        return out;
    }

    /** The ids of a text that has its bos already, once. */
    int[] once(int[] text) {
        int skipped = 0;
        while (skipped + 1 < text.length && text[skipped] == begin && text[skipped + 1] == begin) {
            skipped++;
        }
        return Arrays.copyOfRange(text, skipped, text.length);
    }
}
