package dev.troupe.rollout;

import dev.troupe.model.Tokenizer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Knows by its tokens when a completion is over: an end token, or a text that contains a stop string. */
public final class EndOfText {
    private static final int EXTRA_TOKENS = 8;

    private final Set<Integer> endTokens;
    private final List<String> stops;
    private final @Nullable Tokenizer tokenizer;
    private final int window;

    /**
     * @param endTokens ids that end a text
     * @param stops texts that end a completion, maybe none
     * @param tokenizer needed for stops only
     */
    public EndOfText(List<Integer> endTokens, List<String> stops, @Nullable Tokenizer tokenizer) {
        if (!stops.isEmpty() && tokenizer == null) {
            throw new IllegalArgumentException("stop = " + stops + " needs a tokenizer to see texts");
        }
        if (stops.stream().anyMatch(String::isEmpty)) {
            throw new IllegalArgumentException("stop = " + stops + ": an empty text would end every completion");
        }
        this.endTokens = new HashSet<>(endTokens);
        this.stops = List.copyOf(stops);
        this.tokenizer = tokenizer;
        // A stop string is spelled by at most one token a byte; some more, because pieces at the seam may look
        // different.
        this.window = stops.stream()
                        .mapToInt(s -> s.getBytes(java.nio.charset.StandardCharsets.UTF_8).length)
                        .max()
                        .orElse(0)
                + EXTRA_TOKENS;
    }

    /** Only these tokens end a text. */
    public static EndOfText at(List<Integer> endTokens) {
        return new EndOfText(endTokens, List.of(), null);
    }

    boolean isEnd(int token) {
        return endTokens.contains(token);
    }

    /** Whether the last of these first {@code length} tokens completed a stop string. */
    boolean isStop(int[] ids, int length) {
        if (tokenizer == null || stops.isEmpty()) {
            return false;
        }
        String tail = tokenizer.decode(Arrays.copyOfRange(ids, Math.max(0, length - window), length));
        return stops.stream().anyMatch(tail::contains);
    }
}
