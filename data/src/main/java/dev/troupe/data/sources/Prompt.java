package dev.troupe.data.sources;

/**
 * A prompt that was drawn.
 *
 * @param draw its draw number: part of every trajectory's id and of its sampling noise
 * @param text what the model continues
 */
public record Prompt(long draw, String text) {}
