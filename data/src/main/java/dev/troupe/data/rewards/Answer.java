package dev.troupe.data.rewards;

/**
 * What a rule judges.
 *
 * @param prompt the text that the model was given
 * @param completion the text that it wrote, without special tokens
 */
public record Answer(String prompt, String completion) {}
