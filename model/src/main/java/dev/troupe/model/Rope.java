package dev.troupe.model;

import java.util.Arrays;
import java.util.List;

/**
 * Rotary position embedding: pair {@code i} of a head turns by {@code position * inverseFrequencies[i]} and is
 * multiplied by {@code amplitudes[i]}. Frequencies are computed in float, as transformers does.
 *
 * @param theta base of the frequencies
 * @param scaling how they are stretched for longer contexts
 * @param partial share of a head's channels that turn, from the first; 1 for all
 */
public record Rope(double theta, Scaling scaling, double partial) {
    /** Frequencies as they are. */
    public static final Scaling PLAIN = new Plain();

    public Rope {
        require(theta > 0 && Double.isFinite(theta), "rope_theta = " + theta + ": expected above 0");
        require(partial > 0 && partial <= 1, "partial_rotary_factor = " + partial + ": expected above 0, at most 1");
    }

    /** The plain form. */
    public static Rope of(double theta) {
        return new Rope(theta, PLAIN, 1);
    }

    /** How the frequencies of a rope are stretched. */
    public sealed interface Scaling {
        /**
         * The stretched frequencies.
         *
         * @param inverse plain inverse frequencies of {@code channels / 2} pairs
         * @param theta base of the frequencies
         */
        float[] stretch(float[] inverse, double theta);

        /** What cosine and sine are multiplied by. */
        default double amplitude() {
            return 1;
        }

        /** The longest context in which the frequencies are these. */
        default int longest() {
            return Integer.MAX_VALUE;
        }
    }

    /** Nothing is stretched. */
    public record Plain() implements Scaling {
        @Override
        public float[] stretch(float[] inverse, double theta) {
            return inverse;
        }
    }

    /** Positions are divided by the factor (Chen et al. 2023, arXiv 2306.15595). */
    public record Linear(double factor) implements Scaling {
        public Linear {
            require(factor > 0, "factor = " + factor + ": expected above 0");
        }

        @Override
        public float[] stretch(float[] inverse, double theta) {
            float[] made = new float[inverse.length];
            for (int i = 0; i < made.length; i++) {
                made[i] = inverse[i] / (float) factor;
            }
            return made;
        }
    }

    /**
     * Dynamic NTK: beyond the trained context the base grows with the longest row of a pass. Up to it nothing changes,
     * and rows are not longer here.
     *
     * @param factor of the context that it was meant for
     * @param positions {@code max_position_embeddings}, the trained context
     */
    public record Dynamic(double factor, int positions) implements Scaling {
        @Override
        public float[] stretch(float[] inverse, double theta) {
            return inverse;
        }

        @Override
        public int longest() {
            return positions;
        }
    }

    /**
     * Llama 3's scaling: wavelengths beyond the original context are stretched by {@code factor}, with a smooth border.
     */
    public record Llama3(double factor, double lowFrequency, double highFrequency, int originalPositions)
            implements Scaling {
        @Override
        public float[] stretch(float[] inverse, double theta) {
            float[] made = new float[inverse.length];
            for (int i = 0; i < made.length; i++) {
                made[i] = stretched(inverse[i]);
            }
            return made;
        }

        private float stretched(float inverse) {
            double wavelength = 2 * Math.PI / inverse;
            double longest = originalPositions / lowFrequency;
            double shortest = originalPositions / highFrequency;
            if (wavelength < shortest) {
                return inverse;
            }
            if (wavelength > longest) {
                return (float) (inverse / factor);
            }
            double smooth = (originalPositions / wavelength - lowFrequency) / (highFrequency - lowFrequency);
            return (float) ((1 - smooth) * inverse / factor + smooth * inverse);
        }
    }

    /**
     * YaRN (Peng et al. 2023, arXiv 2309.00071): low frequencies are stretched, high ones are not, a ramp lies between.
     *
     * @param originalPositions the trained context
     * @param betaFast turns within it above which a pair is not stretched
     * @param betaSlow turns within it below which a pair is stretched in full
     * @param amplitude {@code attention_factor}
     * @param truncate whether the ramp begins and ends at whole pairs
     */
    public record Yarn(
            double factor, int originalPositions, double betaFast, double betaSlow, double amplitude, boolean truncate)
            implements Scaling {
        public Yarn {
            require(factor > 0, "factor = " + factor + ": expected above 0");
            require(originalPositions > 0, "original_max_position_embeddings must be positive");
        }

        /** The amplitude that the paper recommends for a factor (its section 3.4). */
        public static double recommended(double factor, double scale) {
            return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
        }

        @Override
        public float[] stretch(float[] inverse, double theta) {
            int channels = 2 * inverse.length;
            double low = pair(betaFast, channels, theta);
            double high = pair(betaSlow, channels, theta);
            if (truncate) {
                low = Math.floor(low);
                high = Math.ceil(high);
            }
            low = Math.max(low, 0);
            high = Math.min(high, channels - 1);
            double width = low == high ? 0.001 : high - low;
            float[] made = new float[inverse.length];
            for (int i = 0; i < made.length; i++) {
                double stretched = Math.max(0, Math.min(1, (i - low) / width));
                made[i] = (float) (inverse[i] / factor * stretched + inverse[i] * (1 - stretched));
            }
            return made;
        }

        /** The pair that makes so many turns within the trained context. */
        private double pair(double turns, int channels, double theta) {
            return channels * Math.log(originalPositions / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
        }
    }

    /**
     * LongRoPE (Ding et al. 2024, arXiv 2402.13753) within the trained context: each frequency is divided by a factor
     * of its own. Beyond it other factors would count, and rows are not longer here.
     *
     * @param shortFactors one a pair
     * @param longFactors those that would count beyond; kept for writing
     * @param originalPositions the trained context
     * @param positions {@code max_position_embeddings}; kept for writing
     * @param amplitude {@code attention_factor}
     */
    public record LongRope(
            List<Double> shortFactors, List<Double> longFactors, int originalPositions, int positions, double amplitude)
            implements Scaling {
        public LongRope {
            shortFactors = List.copyOf(shortFactors);
            longFactors = List.copyOf(longFactors);
        }

        @Override
        public float[] stretch(float[] inverse, double theta) {
            require(
                    shortFactors.size() == inverse.length,
                    "short_factor has " + shortFactors.size() + " numbers; the head has " + inverse.length + " pairs");
            float[] made = new float[inverse.length];
            for (int i = 0; i < made.length; i++) {
                made[i] = (float) (inverse[i] / shortFactors.get(i));
            }
            return made;
        }

        @Override
        public int longest() {
            return originalPositions;
        }
    }

    /** Whether every pair turns at the plain frequencies' amplitude: the frequencies say all. */
    boolean plainAmplitude() {
        return scaling.amplitude() == 1;
    }

    /** Channels of a head that turn: an even number. */
    int channels(int headDim) {
        int turning = (int) (headDim * partial);
        require(
                turning > 0 && turning % 2 == 0,
                "partial_rotary_factor = " + partial + " of heads of " + headDim
                        + " channels: expected an even number");
        return turning;
    }

    /** headDim / 2 inverse frequencies; 0 for pairs that do not turn, which come last. */
    public float[] inverseFrequencies(int headDim) {
        int channels = channels(headDim);
        float[] inverse = new float[channels / 2];
        for (int i = 0; i < inverse.length; i++) {
            float exponent = (float) (2 * i) / channels;
            inverse[i] = 1f / (float) Math.pow(theta, exponent);
        }
        return Arrays.copyOf(scaling.stretch(inverse, theta), headDim / 2);
    }

    /** headDim / 2 amplitudes; 1 for pairs that do not turn. */
    float[] amplitudes(int headDim) {
        float[] all = new float[headDim / 2];
        Arrays.fill(all, 1);
        Arrays.fill(all, 0, channels(headDim) / 2, (float) scaling.amplitude());
        return all;
    }

    private static void require(boolean ok, String message) {
        if (!ok) {
            throw new IllegalArgumentException(message);
        }
    }
}
