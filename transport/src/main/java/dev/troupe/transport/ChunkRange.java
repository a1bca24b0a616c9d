package dev.troupe.transport;

/**
 * Closed interval of chunk indexes.
 *
 * @param first from 0
 * @param last at least first
 */
public record ChunkRange(int first, int last) {
    /** @throws IllegalArgumentException when it is empty or negative */
    public ChunkRange {
        if (first < 0 || last < first) {
            throw new IllegalArgumentException("chunks " + first + " to " + last);
        }
    }
}
