package dev.troupe.data.sources;

/**
 * One turn of a dialogue.
 *
 * @param role {@code system}, {@code user} or {@code assistant}
 * @param content what was said
 */
public record Message(String role, String content) {}
