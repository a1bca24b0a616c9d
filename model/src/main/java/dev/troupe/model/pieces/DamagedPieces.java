package dev.troupe.model.pieces;

import org.jspecify.annotations.Nullable;

/** Bytes that are no SentencePiece model, or a damaged one. */
final class DamagedPieces extends RuntimeException {
    private static final long serialVersionUID = 1;

    DamagedPieces(String reason, @Nullable Throwable cause) {
        super(reason, cause);
    }
}
