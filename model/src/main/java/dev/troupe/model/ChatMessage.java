package dev.troupe.model;

/**
 * One turn of a dialogue.
 *
 * @param role {@code system}, {@code user} or {@code assistant}
 * @param content what was said; never read as a template
 */
public record ChatMessage(String role, String content) {}
