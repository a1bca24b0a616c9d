package dev.troupe.model.pieces;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;

/**
 * SentencePiece joins the two neighbours whose whole has the best score; byte-pair encoding goes down a list of merges.
 * The list that does the same, in the order of transformers' generate_merges: every split of every piece into two
 * pieces, the best whole first, of equal ones the longest left part.
 */
public final class SentencePieceMerges {
    /** What SentencePiece writes for a space. */
    public static final String SPACE = "\u2581";

    private static final int LONGEST_PIECE = 1024;

    /** A merge of two pieces, which makes one of this score. */
    public record Merge(String left, String right, float score, int leftId, int rightId) {}

    private SentencePieceMerges() {}

    /** The merges of all pieces. */
    public static List<Merge> of(List<String> pieces, float[] scores) {
        return of(pieces, scores, id -> true);
    }

    /** The merges of the pieces that text is made of: control symbols and bytes are never joined from others. */
    static List<Merge> of(List<String> pieces, float[] scores, IntPredicate ofText) {
        Map<String, Integer> ids = new HashMap<>();
        for (int i = 0; i < pieces.size(); i++) {
            if (ofText.test(i)) {
                ids.put(pieces.get(i), i);
            }
        }
        List<Merge> merges = new ArrayList<>();
        for (int i = 0; i < pieces.size(); i++) {
            String whole = pieces.get(i);
            if (!ofText.test(i)) {
                continue;
            }
            for (int at = 1; at < Math.min(whole.length(), LONGEST_PIECE); at++) {
                Integer left = ids.get(whole.substring(0, at));
                Integer right = ids.get(whole.substring(at));
                if (left != null && right != null) {
                    merges.add(new Merge(whole.substring(0, at), whole.substring(at), scores[i], left, right));
                }
            }
        }
        merges.sort(Comparator.comparingDouble((Merge m) -> -m.score)
                .thenComparingInt(m -> -m.left.length())
                .thenComparingInt(m -> -m.right.length())
                .thenComparingInt(Merge::leftId)
                .thenComparingInt(Merge::rightId));
        return merges;
    }
}
