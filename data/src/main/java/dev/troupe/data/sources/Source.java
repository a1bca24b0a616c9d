package dev.troupe.data.sources;

/**
 * Rows by draw number. The row of a draw depends on the number, the source and its seed alone: a run resumes at any
 * draw. Safe for concurrent use.
 *
 * @param <T> the kind of row
 */
public interface Source<T> {
    /** The size of a source that never repeats an epoch. */
    long ENDLESS = Long.MAX_VALUE;

    /** {@code stories}, or the file. */
    String name();

    /** Rows in an epoch, or {@link #ENDLESS}. */
    long size();

    /** The row of a draw, counted from 0; draws beyond the size go on with the next epoch. */
    T draw(long n);
}
