package dev.troupe.data.sources;

/**
 * Two answers to one prompt, of which one is liked better.
 *
 * @param prompt what both answer
 * @param chosen the better completion
 * @param rejected the worse one
 * @param margin by how much: difference of the rule's scores for stories, 0 where a file does not say
 */
public record PreferencePair(String prompt, String chosen, String rejected, double margin) {}
