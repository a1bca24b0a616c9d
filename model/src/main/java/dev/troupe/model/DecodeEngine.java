package dev.troupe.model;

import dev.troupe.proto.TensorSet;

/**
 * Token by token generation for a fixed number of slots over a pre-allocated key-value cache. Each slot holds a row at
 * its own position. Every step runs the same shapes whatever the slots hold, so that a row's numbers depend neither on
 * its slot nor on its neighbours. To be used on one {@link TensorThread}.
 */
public final class DecodeEngine implements AutoCloseable {
    private DecodeEngine() {}

    /**
     * What one step drew, by slot; slots without a row hold meaningless numbers.
     *
     * @param tokens the drawn tokens
     * @param logprobs their log-probability under logits / temperature, before any penalty or filter
     * @param keptMass the probability the filters kept, 1 without filters
     */
    public record Step(int[] tokens, float[] logprobs, float[] keptMass) {}

    /** Puts weights on the device and allocates the cache: slots rows of up to length tokens (prompt and completion). */
    public static DecodeEngine open(
            ModelConfig config, TensorSet weights, int slots, int length, SamplingConfig sampling) {
        throw new UnsupportedOperationException();
    }

    /**
     * Computes a prompt once, copies its keys and values into the given slots and draws each slot's first token.
     *
     * @param noise one uniform number a slot of {@code slots}, each strictly between 0 and 1
     * @return indexed as {@code slots} is
     */
    public Step prefill(int[] prompt, int[] slots, double[] noise) {
        throw new UnsupportedOperationException();
    }

    /**
     * Draws the next token of every occupied slot, after the tokens drawn last.
     *
     * @param noise [slots] uniform numbers; those of free slots do not matter
     */
    public Step step(double[] noise) {
        throw new UnsupportedOperationException();
    }

    /** Gives a slot's place back. */
    public void release(int slot) {
        throw new UnsupportedOperationException();
    }

    /** Puts new weights in between two steps; rows under way keep their keys and values and go on. */
    public void swap(TensorSet weights) {
        throw new UnsupportedOperationException();
    }

    /** SHA-256 of the weights on the device. */
    public String liveSha256() {
        throw new UnsupportedOperationException();
    }

    /** Number of slots. */
    public int slots() {
        throw new UnsupportedOperationException();
    }

    /** Tokens a slot can hold. */
    public int length() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
