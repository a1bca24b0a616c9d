package dev.troupe.model;

import org.jspecify.annotations.Nullable;

/**
 * Rotary position embedding: pair {@code i} of a head turns by {@code position * inverseFrequency[i]}.
 *
 * @param theta base of the frequencies
 * @param llama3 Llama 3's stretching of the low frequencies, or null for the plain form
 */
public record Rope(double theta, @Nullable Llama3 llama3) {
    /**
     * Llama 3's scaling: wavelengths beyond the original context are stretched by {@code factor}, with a smooth border.
     */
    public record Llama3(double factor, double lowFrequency, double highFrequency, int originalPositions) {}

    /** headDim / 2 inverse frequencies, computed in float as transformers does. */
    public float[] inverseFrequencies(int headDim) {
        float[] inverse = new float[headDim / 2];
        for (int i = 0; i < inverse.length; i++) {
            float exponent = (float) (2 * i) / headDim;
            inverse[i] = 1f / (float) Math.pow(theta, exponent);
        }
        if (llama3 != null) {
            for (int i = 0; i < inverse.length; i++) {
                inverse[i] = stretched(inverse[i], llama3);
            }
        }
        return inverse;
    }

    private static float stretched(float inverse, Llama3 scaling) {
        double wavelength = 2 * Math.PI / inverse;
        double longest = scaling.originalPositions / scaling.lowFrequency;
        double shortest = scaling.originalPositions / scaling.highFrequency;
        if (wavelength < shortest) {
            return inverse;
        }
        if (wavelength > longest) {
            return (float) (inverse / scaling.factor);
        }
        double smooth = (scaling.originalPositions / wavelength - scaling.lowFrequency)
                / (scaling.highFrequency - scaling.lowFrequency);
        return (float) ((1 - smooth) * inverse / scaling.factor + smooth * inverse);
    }
}
