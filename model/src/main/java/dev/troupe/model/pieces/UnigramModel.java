package dev.troupe.model.pieces;

import dev.troupe.model.pieces.PieceModel.Kind;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The likeliest pieces of a text (Kudo 2018), by Viterbi over its characters, in single precision as SentencePiece
 * computes: ties then fall the same way.
 */
final class UnigramModel {
    /** How much less likely than the least likely piece an unknown character is, in nats. */
    private static final float UNKNOWN_PENALTY = 10;

    private static final float SYMBOL_PENALTY = 0.1f;

    private final PieceModel model;
    private final Map<String, Integer> ids = new HashMap<>();
    private final Set<String> beginnings = new HashSet<>();
    private final int[] bytes = new int[256];
    private final float unknownScore;
    private final float largest;

    UnigramModel(PieceModel model) {
        this.model = model;
        float least = Float.MAX_VALUE;
        float most = Float.MIN_NORMAL;
        for (int i = 0; i < model.pieces().size(); i++) {
            PieceModel.Piece piece = model.pieces().get(i);
            if (piece.kind() == Kind.NORMAL) {
                least = Math.min(least, piece.score());
                most = Math.max(most, piece.score());
            }
            if (piece.kind() == Kind.BYTE) {
                bytes[Integer.parseInt(piece.text().substring(3, 5), 16)] = i;
            }
            if (piece.ofText()) {
                ids.put(piece.text(), i);
                for (int end = 1; end <= piece.text().length(); end++) {
                    beginnings.add(piece.text().substring(0, end));
                }
            }
        }
        this.unknownScore = least - UNKNOWN_PENALTY;
        this.largest = most;
    }

    /** @param from where the last piece begins, -1 before one was found */
    private static final class Path {
        private final float[] score;
        private final int[] from;
        private final int[] id;

        Path(int size) {
            score = new float[size];
            from = new int[size];
            id = new int[size];
            Arrays.fill(from, -1);
        }

        void offer(int start, int end, int piece, float candidate) {
            if (from[end] < 0 || candidate > score[end]) {
                score[end] = candidate;
                from[end] = start;
                id[end] = piece;
            }
        }
    }

    /** The ids of a normalized text. */
    List<Integer> ids(String text) {
        Path path = new Path(text.length() + 1);
        int start = 0;
        while (start < text.length()) {
            int one = Character.charCount(text.codePointAt(start));
            boolean single = false;
            for (int end = start + 1; end <= text.length(); end++) {
                String part = text.substring(start, end);
                if (!beginnings.contains(part)) {
                    break;
                }
                Integer id = ids.get(part);
                if (id != null) {
                    path.offer(start, end, id, score(id, part) + path.score[start]);
                    single |= end == start + one;
                }
            }
            if (!single) {
                path.offer(start, start + one, model.trainer().unk(), unknownScore + path.score[start]);
            }
            start += one;
        }
        return backwards(text, path);
    }

    private float score(int id, String text) {
        PieceModel.Piece piece = model.pieces().get(id);
        return piece.kind() == Kind.USER_DEFINED
                ? text.getBytes(StandardCharsets.UTF_8).length * largest - SYMBOL_PENALTY
                : piece.score();
    }

    /** Neighbouring unknown characters are one unknown piece, or the bytes they are. */
    private List<Integer> backwards(String text, Path path) {
        List<Integer> reversed = new ArrayList<>();
        int unknown = model.trainer().unk();
        for (int end = text.length(); end > 0; end = path.from[end]) {
            boolean isUnknown = path.id[end] == unknown;
            if (isUnknown && model.trainer().byteFallback()) {
                byte[] utf8 = text.substring(path.from[end], end).getBytes(StandardCharsets.UTF_8);
                for (int i = utf8.length - 1; i >= 0; i--) {
                    reversed.add(bytes[utf8[i] & 0xff]);
                }
            } else if (!isUnknown || reversed.isEmpty() || reversed.get(reversed.size() - 1) != unknown) {
                reversed.add(path.id[end]);
            }
        }
        Collections.reverse(reversed);
        return reversed;
    }
}
