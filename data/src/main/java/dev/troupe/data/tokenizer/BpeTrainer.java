package dev.troupe.data.tokenizer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Learns byte-pair merges: the pair that stands most often in the texts becomes a token, again and again. Ties go to
 * the pair that sorts first, so the same texts always give the same tokenizer.
 */
public final class BpeTrainer {
    /** GPT-2's way to cut text into words, which the {@code ByteLevel} pre-tokenizer applies too. */
    private static final Pattern WORDS =
            Pattern.compile("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");

    private BpeTrainer() {}

    /** A merge of two tokens, in the alphabet of the tokenizer files. */
    public record Merge(String left, String right) implements Comparable<Merge> {
        private static final Comparator<Merge> ORDER =
                Comparator.comparing(Merge::left).thenComparing(Merge::right);

        @Override
        public int compareTo(Merge other) {
            return ORDER.compare(this, other);
        }

        /** The token that the merge makes. */
        public String token() {
            return left + right;
        }
    }

    private record Word(List<String> pieces, long count) {}

    /**
     * Learns merges from texts.
     *
     * @param most how many merges; fewer come back when every word is one token already
     */
    public static List<Merge> train(Iterable<String> texts, int most) {
        Map<String, Long> counts = new TreeMap<>();
        for (String text : texts) {
            Matcher words = WORDS.matcher(text);
            while (words.find()) {
                counts.merge(ByteAlphabet.spell(words.group()), 1L, Long::sum);
            }
        }
        List<Word> words = new ArrayList<>();
        counts.forEach((spelled, count) ->
                words.add(new Word(spelled.chars().mapToObj(Character::toString).toList(), count)));
        List<Merge> merges = new ArrayList<>();
        while (merges.size() < most) {
            Merge best = commonest(words);
            if (best == null) {
                break;
            }
            merges.add(best);
            words.replaceAll(word -> new Word(apply(best, word.pieces()), word.count()));
        }
        return merges;
    }

    private static @Nullable Merge commonest(List<Word> words) {
        Map<Merge, Long> pairs = new HashMap<>();
        for (Word word : words) {
            for (int i = 1; i < word.pieces().size(); i++) {
                Merge pair = new Merge(word.pieces().get(i - 1), word.pieces().get(i));
                pairs.merge(pair, word.count(), Long::sum);
            }
        }
        return pairs.entrySet().stream()
                .max(Map.Entry.<Merge, Long>comparingByValue()
                        .thenComparing(Map.Entry.comparingByKey(Comparator.reverseOrder())))
                .map(Map.Entry::getKey)
                .orElse(null);
    }

    private static List<String> apply(Merge merge, List<String> pieces) {
        List<String> merged = new ArrayList<>(pieces.size());
        for (int i = 0; i < pieces.size(); i++) {
            boolean joins = i + 1 < pieces.size()
                    && pieces.get(i).equals(merge.left())
                    && pieces.get(i + 1).equals(merge.right());
            merged.add(joins ? merge.token() : pieces.get(i));
            i += joins ? 1 : 0;
        }
        return merged;
    }
}
