package dev.troupe.data.sources;

/**
 * A prompt and how it goes on.
 *
 * @param prompt what comes first
 * @param completion what follows
 */
public record CompletedPrompt(Prompt prompt, Reply completion) {}
