package dev.troupe.deploy.bench;

/**
 * The shape of a measured step.
 *
 * @param batch rows a step
 * @param micro rows a forward
 * @param prompt tokens of each prompt
 * @param completion tokens of each completion, never cut by an end token
 * @param epochs passes over the batch
 * @param steps that count
 * @param warmup steps before them
 * @param threads cores to use
 */
public record StepShape(
        int batch, int micro, int prompt, int completion, int epochs, int steps, int warmup, int threads) {}
