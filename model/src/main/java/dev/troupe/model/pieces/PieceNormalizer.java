package dev.troupe.model.pieces;

import dev.troupe.model.pieces.PieceModel.Kind;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What SentencePiece does to a text before it looks for pieces. User-defined symbols stay as they are. */
final class PieceNormalizer {
    private final Charsmap charsmap;
    private final PieceModel.Normalizer rules;
    private final boolean spaceBehind;
    private final String space;
    private final Map<String, Integer> symbols = new HashMap<>();
    private final int longestSymbol;

    PieceNormalizer(PieceModel model, PieceModel.Normalizer rules) {
        this.charsmap = new Charsmap(rules.charsmap());
        this.rules = rules;
        this.spaceBehind = model.trainer().spaceBehind();
        this.space = rules.escaped() ? SentencePieceMerges.SPACE : " ";
        List<PieceModel.Piece> pieces = model.pieces();
        for (int i = 0; i < pieces.size(); i++) {
            if (pieces.get(i).kind() == Kind.USER_DEFINED) {
                symbols.put(pieces.get(i).text(), i);
            }
        }
        this.longestSymbol =
                symbols.keySet().stream().mapToInt(String::length).max().orElse(0);
    }

    /** @param prefix whether a space belongs in front of this text, if the model has one there at all */
    String normalize(String text, boolean prefix) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int at = 0; // in characters
        int byteAt = 0;
        StringBuilder out = new StringBuilder(text.length() + 1);
        boolean spaceBefore = rules.fewSpaces();
        while (at < text.length()) {
            int length = symbolAt(text, at);
            String next = text.substring(at, at + length);
            if (length == 0) {
                Charsmap.Match rule = charsmap.match(bytes, byteAt);
                length = Math.max(characters(text, at, rule.length()), Character.charCount(text.codePointAt(at)));
                next = rule.length() > 0 ? rule.replacement() : text.substring(at, at + length);
            }
            while (spaceBefore && next.startsWith(" ")) {
                next = next.substring(1);
            }
            for (int end = at + length; at < end; at += Character.charCount(text.codePointAt(at))) {
                byteAt += utf8(text.codePointAt(at));
            }
            if (!next.isEmpty()) {
                out.append(rules.escaped() ? next.replace(" ", space) : next);
                spaceBefore = rules.fewSpaces() && next.endsWith(" ");
            }
        }
        return surrounded(out, prefix, text);
    }

    /** How many characters so many bytes are. */
    private static int characters(String text, int from, int bytes) {
        int at = from;
        for (int left = bytes; left > 0 && at < text.length(); at += Character.charCount(text.codePointAt(at))) {
            left -= utf8(text.codePointAt(at));
        }
        return at - from;
    }

    private static int utf8(int character) {
        return character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    }

    private String surrounded(StringBuilder out, boolean prefix, String text) {
        boolean nothing = text.isEmpty() || rules.fewSpaces() && out.isEmpty() && onlySpaces(text);
        if (nothing) {
            return "";
        }
        boolean spaced = prefix && rules.prefix();
        if (spaced && !spaceBehind) {
            out.insert(0, space);
        }
        while (rules.fewSpaces()
                && out.length() >= space.length()
                && out.lastIndexOf(space) == out.length() - space.length()) {
            out.setLength(out.length() - space.length());
        }
        return spaced && spaceBehind ? out.append(space).toString() : out.toString();
    }

    /** Whether every character of a text becomes a space. */
    private boolean onlySpaces(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int at = 0;
        while (at < bytes.length) {
            Charsmap.Match rule = charsmap.match(bytes, at);
            boolean space = rule.length() > 0 ? rule.replacement().equals(" ") : bytes[at] == ' ';
            if (!space) {
                return false;
            }
            at += Math.max(1, rule.length());
        }
        return true;
    }

    /** Characters of the longest user-defined symbol at a place, or 0. */
    private int symbolAt(String text, int at) {
        for (int length = Math.min(longestSymbol, text.length() - at); length > 0; length--) {
            if (symbols.containsKey(text.substring(at, at + length))) {
                return length;
            }
        }
        return 0;
    }
}
