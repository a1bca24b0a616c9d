package dev.troupe.deploy.settings;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;

/** Finds the word that someone probably meant. */
final class Nearest {
    private Nearest() {}

    /** The candidate with the fewest edits to the word; the first of equals in their order. There must be one. */
    static String to(String word, Collection<String> candidates) {
        return candidates.stream()
                .min(Comparator.comparingInt(candidate -> distance(word, candidate)))
                .orElseThrow();
    }

    /**
     * A key without its group is compared with the last part of each key as well: "lr" should not need "optimizer.lr".
     */
    private static int distance(String word, String key) {
        int whole = edits(word, key);
        int dot = key.lastIndexOf('.');
        boolean bare = word.indexOf('.') < 0;
        return bare && dot >= 0 ? Math.min(whole, edits(word, key.substring(dot + 1)) + 1) : whole;
    }

    /** Levenshtein's distance, letters compared without case. */
    static int edits(String a, String b) {
        String x = a.toLowerCase(Locale.ROOT);
        String y = b.toLowerCase(Locale.ROOT);
        int[] row = new int[y.length() + 1];
        Arrays.setAll(row, i -> i);
        for (int i = 1; i <= x.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= y.length(); j++) {
                int swap = diagonal + (x.charAt(i - 1) == y.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(swap, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[y.length()];
    }
}
