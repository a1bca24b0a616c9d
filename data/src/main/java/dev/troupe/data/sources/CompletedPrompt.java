package dev.troupe.data.sources;

/**
 * A prompt and how it goes on.
 *
 * @param prompt what comes first
 * @param completion what follows, a space that parts the two included
 */
public record CompletedPrompt(String prompt, String completion) {}
