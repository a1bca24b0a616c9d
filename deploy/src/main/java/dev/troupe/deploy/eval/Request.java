package dev.troupe.deploy.eval;

/**
 * A completion to draw.
 *
 * @param draw number of the prompt, and with sample, seed and place the key of the noise
 * @param prompt its tokens
 */
@SuppressWarnings("ArrayRecordComponent") // compared by identity only
public record Request(long draw, int sample, int[] prompt, long seed, int maxNewTokens) {}
