package dev.troupe.model;

import java.nio.file.Path;

/** A tokenizer.json and the special tokens of the folder it lies in. Safe for use by several threads. */
public final class Tokenizer implements AutoCloseable {
    private Tokenizer() {}

    /** Opens the tokenizer of a model folder. */
    public static Tokenizer open(Path folder) {
        throw new UnsupportedOperationException();
    }

    /** Text to ids; {@code addSpecial} adds what the tokenizer puts around a text (bos, usually). */
    public int[] encode(String text, boolean addSpecial) {
        throw new UnsupportedOperationException();
    }

    /** Ids to text, special tokens left out. */
    public String decode(int[] ids) {
        throw new UnsupportedOperationException();
    }

    /** The token a text begins with, or -1. */
    public int bosId() {
        throw new UnsupportedOperationException();
    }

    /** The token that ends a text, or -1. */
    public int eosId() {
        throw new UnsupportedOperationException();
    }

    /** The padding token, or -1. */
    public int padId() {
        throw new UnsupportedOperationException();
    }

    /** Number of tokens, added ones included. */
    public int vocabularySize() {
        throw new UnsupportedOperationException();
    }

    /** SHA-256 of tokenizer.json in lower-case hex: equal tokenizers have equal ones. */
    public String sha256() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
