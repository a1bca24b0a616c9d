package dev.troupe.data.sources;

import java.util.List;
import java.util.Set;

/**
 * The rows of a file, and what is to be said about them.
 *
 * @param rows in the file's order
 * @param unread columns that no row's prompt or text is made of
 * @param notes one line each: what was left out or read in a way that its writer may not expect
 */
public record Rows<T>(List<T> rows, Set<String> unread, List<String> notes) {}
