package dev.troupe.data.sources;

import java.nio.file.Path;

/**
 * Where a row is from; its text is {@code FILE:LINE}.
 *
 * @param line counted from 1
 */
public record Place(Path file, long line) {
    @Override
    public String toString() {
        return file + ":" + line;
    }
}
