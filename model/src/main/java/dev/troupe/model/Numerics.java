package dev.troupe.model;

/**
 * How a decoder computes.
 *
 * @param dtype number format of its matrices
 * @param gradientCheckpointing keep only the layers' inputs for the backward pass and compute each layer a second time:
 *     about a third more work, a small part of the memory, the same gradients to the bit
 */
public record Numerics(Dtype dtype, boolean gradientCheckpointing) {
    /** Single precision, everything kept. */
    public static final Numerics FP32 = new Numerics(Dtype.FP32, false);
}
