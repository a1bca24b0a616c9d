package dev.troupe.model;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Text files of a model folder. */
final class Utf8File {
    private Utf8File() {}

    /**
     * The whole text.
     *
     * @throws ModelException naming the file when it is not UTF-8
     * @throws IOException when it cannot be read
     */
    static String read(Path file) throws IOException {
        try {
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new ModelException(file + ": not UTF-8 text", e);
        }
    }
}
