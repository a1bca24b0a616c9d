package dev.troupe.model.pieces;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A text as SentencePiece's ids. Special tokens in it are found first; what is between them is normalized and cut into
 * pieces by itself, as if it were a text of its own.
 */
public final class PieceText {
    /**
     * A token that is found in a text as it stands.
     *
     * @param lstrip whether white space before it belongs to it
     * @param rstrip whether white space behind it belongs to it
     */
    public record Special(String text, int id, boolean lstrip, boolean rstrip) {}

    private final PieceNormalizer normalizer;
    private final @Nullable UnigramModel unigram;
    private final Map<Character, List<Special>> specials;
    private final boolean prefixOnce;

    /**
     * @param specials what is found first; of several at one place the longest counts
     * @param prefixOnce whether only the beginning of the whole text gets a space in front, not what follows a special
     *     token ({@code legacy = false})
     */
    public PieceText(PieceModel model, PieceTokenizer form, List<Special> specials, boolean prefixOnce) {
        this.normalizer = new PieceNormalizer(model, form.rules());
        this.unigram = model.trainer().unigram() ? new UnigramModel(model) : null;
        this.specials = specials.stream()
                .sorted((a, b) -> b.text().length() - a.text().length())
                .collect(Collectors.groupingBy(s -> s.text().charAt(0)));
        this.prefixOnce = prefixOnce;
    }

    /**
     * The ids of a text.
     *
     * @param bytePairs cuts a text that is normalized already and finds the special tokens in it
     */
    public int[] ids(String text, Function<String, int[]> bytePairs) {
        IntStream.Builder ids = IntStream.builder();
        StringBuilder whole = new StringBuilder();
        int from = 0;
        boolean strip = false;
        while (from <= text.length()) {
            Found found = next(text, from);
            String part = between(text.substring(from, found.at), strip, found.special);
            String normal = normalizer.normalize(part, !prefixOnce || from == 0);
            if (unigram != null) {
                unigram.ids(normal).forEach(ids::add);
            } else {
                whole.append(normal);
            }
            if (found.special == null) {
                break;
            }
            ids.add(found.special.id());
            whole.append(found.special.text());
            strip = found.special.rstrip();
            from = found.at + found.special.text().length();
        }
        return unigram == null ? bytePairs.apply(whole.toString()) : ids.build().toArray();
    }

    private record Found(int at, @Nullable Special special) {}

    private Found next(String text, int from) {
        for (int at = from; at < text.length(); at++) {
            for (Special special : specials.getOrDefault(text.charAt(at), List.of())) {
                if (text.startsWith(special.text(), at)) {
                    return new Found(at, special);
                }
            }
        }
        return new Found(text.length(), null);
    }

    private static String between(String part, boolean stripStart, @Nullable Special following) {
        String start = stripStart ? part.stripLeading() : part;
        return following != null && following.lstrip() ? start.stripTrailing() : start;
    }
}
