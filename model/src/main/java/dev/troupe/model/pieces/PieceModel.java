package dev.troupe.model.pieces;

import dev.troupe.model.ModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A SentencePiece model as its file has it.
 *
 * @param pieces in the order of their ids
 * @param trainer how text becomes pieces
 * @param normalizer what happens to a text before
 */
public record PieceModel(List<Piece> pieces, Trainer trainer, Normalizer normalizer) {
    /** The file's name in a model folder. */
    public static final String FILE = "tokenizer.model";

    private static final long LONGEST = 256L << 20;
    private static final int UNIGRAM = 1;
    private static final int BPE = 2;

    private static final Normalizer NONE = new Normalizer(ByteBuffer.allocate(0), true, true, true);

    /** What a piece is for. */
    public enum Kind {
        NORMAL,
        UNKNOWN,
        CONTROL,
        USER_DEFINED,
        UNUSED,
        BYTE
    }

    /** A piece of text, its score (a log-probability, or minus its rank) and its kind. */
    public record Piece(String text, float score, Kind kind) {
        /** Whether text is made of it: joined from others or found in a text. */
        boolean ofText() {
            return kind == Kind.NORMAL || kind == Kind.USER_DEFINED;
        }
    }

    /** Ids are -1 for roles that are not filled. */
    public record Trainer(
            boolean unigram, int unk, int bos, int eos, int pad, boolean byteFallback, boolean spaceBehind) {}

    /**
     * @param charsmap rules that replace characters, empty for none
     * @param prefix whether a space is put in front of a text
     * @param fewSpaces whether spaces at the ends and doubled ones are dropped
     * @param escaped whether spaces become {@link SentencePieceMerges#SPACE}
     */
    public record Normalizer(ByteBuffer charsmap, boolean prefix, boolean fewSpaces, boolean escaped) {
        /** With another word on the space in front. */
        Normalizer withPrefix(boolean other) {
            return new Normalizer(charsmap, other, fewSpaces, escaped);
        }
    }

    /** Reads the file; an error names it and says what is wrong. */
    public static PieceModel read(Path file) {
        try {
            if (Files.size(file) > LONGEST) {
                throw new ModelException(file + " has " + Files.size(file) + " bytes; expected at most " + LONGEST);
            }
            return parse(Files.readAllBytes(file), file.toString());
        } catch (IOException e) {
            throw new ModelException("cannot read " + file + ": " + e, e);
        }
    }

    /** @param source for errors */
    static PieceModel parse(byte[] bytes, String source) {
        try {
            return read(new ProtoFields(ByteBuffer.wrap(bytes))).checked();
        } catch (DamagedPieces e) {
            throw new ModelException(
                    source + " is no SentencePiece model that can be read (" + e.getMessage() + "): tiktoken files are"
                            + " not supported; expected a tokenizer.json beside it",
                    e);
        } catch (ModelException e) {
            throw new ModelException(source + ": " + e.getMessage(), e);
        }
    }

    private static PieceModel read(ProtoFields fields) {
        List<Piece> pieces = new ArrayList<>();
        Trainer trainer = new Trainer(true, 0, 1, 2, -1, false, false);
        Normalizer normalizer = NONE;
        while (fields.next()) {
            switch (fields.field()) {
                case 1 -> pieces.add(piece(new ProtoFields(fields.bytes())));
                case 2 -> trainer = trainer(new ProtoFields(fields.bytes()), trainer);
                case 3 -> normalizer = normalizer(new ProtoFields(fields.bytes()), normalizer);
                case 5 -> {
                    if (normalizer(new ProtoFields(fields.bytes()), NONE)
                            .charsmap()
                            .hasRemaining()) {
                        throw new ModelException(
                                "denormalizer_spec replaces characters of decoded texts, which is not" + " supported");
                    }
                }
                default -> {} // test data, extensions
            }
        }
        return new PieceModel(List.copyOf(pieces), trainer, normalizer);
    }

    private static Piece piece(ProtoFields fields) {
        String text = "";
        float score = 0;
        Kind kind = Kind.NORMAL;
        while (fields.next()) {
            switch (fields.field()) {
                case 1 -> text = fields.text();
                case 2 -> score = fields.real();
                case 3 -> {
                    int number = fields.number();
                    if (number < 1 || number > Kind.values().length) {
                        throw new DamagedPieces("piece '" + text + "' is of the kind " + number, null);
                    }
                    kind = Kind.values()[number - 1];
                }
                default -> {}
            }
        }
        return new Piece(text, score, kind);
    }

    /** A message that comes a second time adds to the first, as protobuf has it. */
    private static Trainer trainer(ProtoFields fields, Trainer before) {
        int type = before.unigram() ? UNIGRAM : BPE;
        boolean bytes = before.byteFallback();
        boolean behind = before.spaceBehind();
        int[] roles = {before.unk(), before.bos(), before.eos(), before.pad()};
        while (fields.next()) {
            switch (fields.field()) {
                case 3 -> type = fields.number();
                case 24 -> behind = fields.flag();
                case 35 -> bytes = fields.flag();
                case 40, 41, 42, 43 -> roles[fields.field() - 40] = fields.number();
                default -> {}
            }
        }
        if (type != UNIGRAM && type != BPE) {
            throw new ModelException("model_type = " + type + " is not supported; expected unigram (1) or bpe (2)");
        }
        return new Trainer(type == UNIGRAM, roles[0], roles[1], roles[2], roles[3], bytes, behind);
    }

    private static Normalizer normalizer(ProtoFields fields, Normalizer before) {
        ByteBuffer charsmap = before.charsmap();
        boolean[] flags = {before.prefix(), before.fewSpaces(), before.escaped()};
        while (fields.next()) {
            switch (fields.field()) {
                case 2 -> charsmap = fields.bytes();
                case 3, 4, 5 -> flags[fields.field() - 3] = fields.flag();
                default -> {}
            }
        }
        return new Normalizer(charsmap, flags[0], flags[1], flags[2]);
    }

    private PieceModel checked() {
        if (pieces.isEmpty()) {
            throw new DamagedPieces("it has no pieces", null);
        }
        Set<String> texts = new HashSet<>();
        for (int i = 0; i < pieces.size(); i++) {
            Piece piece = pieces.get(i);
            if (piece.text().isEmpty() || !texts.add(piece.text())) {
                throw new ModelException(
                        "piece " + i + " is '" + piece.text() + "'; expected a text that no other piece has");
            }
            if (!Float.isFinite(piece.score())) {
                throw new ModelException("piece " + i + " '" + piece.text() + "' has the score " + piece.score());
            }
            if (piece.kind() == Kind.UNUSED && !trainer.unigram()) {
                throw new ModelException("piece " + i + " '" + piece.text() + "' is of the kind UNUSED, which is not"
                        + " supported with byte pairs");
            }
        }
        if (trainer.unk() < 0 || trainer.unk() >= pieces.size()) {
            throw new ModelException("unk_id = " + trainer.unk() + "; expected the id of one of " + pieces.size());
        }
        for (int b = 0; trainer.byteFallback() && b < 256; b++) {
            if (!texts.contains(String.format("<0x%02X>", b))) {
                throw new ModelException("byte_fallback without the piece " + String.format("<0x%02X>", b));
            }
        }
        return this;
    }
}
