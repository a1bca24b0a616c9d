package dev.troupe.model.pieces;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * SentencePiece's rules that replace characters: a double array of units (a trie over UTF-8 bytes) and the
 * replacements, each ended by a zero byte. Of several rules that fit at a place the longest counts.
 */
final class Charsmap {
    private static final int LEAF = 1 << 8;
    private static final int VALUE = Integer.MAX_VALUE;
    private static final int LABEL = Integer.MIN_VALUE | 0xff;
    private static final int WIDE = 1 << 9;

    private final int[] units;
    private final byte[] replacements;

    Charsmap(ByteBuffer blob) {
        ByteBuffer in = blob.slice().order(ByteOrder.LITTLE_ENDIAN);
        if (!in.hasRemaining()) {
            units = new int[0];
            replacements = new byte[0];
            return;
        }
        int size = in.remaining() < Integer.BYTES ? -1 : in.getInt();
        if (size <= 0 || size > in.remaining() || size % Integer.BYTES != 0) {
            throw new DamagedPieces("precompiled_charsmap says that its trie has " + size + " bytes", null);
        }
        units = new int[size / Integer.BYTES];
        in.asIntBuffer().get(units);
        in.position(in.position() + size);
        replacements = new byte[in.remaining()];
        in.get(replacements);
    }

    /** The rule for the beginning of a text: bytes that it takes and what they become. */
    record Match(int length, String replacement) {}

    /** The longest rule that fits at a place in UTF-8 bytes; of length 0 when there is none. */
    Match match(byte[] text, int from) {
        int length = 0;
        int value = 0;
        int node = units.length == 0 ? 0 : offset(units[0]);
        for (int i = from; i < text.length && node < units.length; i++) {
            int label = text[i] & 0xff;
            node ^= label;
            if (node < 0 || node >= units.length || (units[node] & LABEL) != label) {
                break;
            }
            boolean leaf = (units[node] & LEAF) != 0;
            node ^= offset(units[node]);
            if (leaf && node >= 0 && node < units.length) {
                length = i + 1 - from;
                value = units[node] & VALUE;
            }
        }
        return new Match(length, length == 0 ? "" : replacement(value));
    }

    private static int offset(int unit) {
        return (unit >>> 10) << ((unit & WIDE) >>> 6);
    }

    private String replacement(int from) {
        int end = from;
        while (end < replacements.length && replacements[end] != 0) {
            end++;
        }
        return end <= from ? "" : new String(replacements, from, end - from, StandardCharsets.UTF_8);
    }
}
