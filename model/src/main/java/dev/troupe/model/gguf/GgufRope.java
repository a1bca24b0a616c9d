package dev.troupe.model.gguf;

import dev.troupe.model.Rope;
import java.util.ArrayList;
import java.util.List;

/**
 * How positions are rotated, by llama.cpp's rules: a factor without a type stretches linearly, type none makes a factor
 * void, and old files have another key for the factor.
 */
final class GgufRope {
    private static final List<String> TYPES = List.of("none", "linear", "yarn", "longrope");
    private static final double NEAR = 1e-6;

    private final GgufMetadata data;
    private final String prefix;
    private final GgufTensors tensors;
    private final GgufArchitecture architecture;
    private final int headDim;
    private final int context;

    /** @param context {@code context_length} */
    GgufRope(GgufMetadata data, GgufArchitecture architecture, GgufTensors tensors, int headDim, int context) {
        this.data = data;
        this.prefix = architecture.key() + ".rope.";
        this.tensors = tensors;
        this.architecture = architecture;
        this.headDim = headDim;
        this.context = context;
    }

    /** The rope of all layers, or of those that see the whole row. */
    Rope full() {
        double theta = theta();
        double partial = partial();
        String type = data.text(prefix + "scaling.type", "linear");
        if (!TYPES.contains(type)) {
            throw data.wrong(prefix + "scaling.type", "= " + type + ": expected one of " + String.join(", ", TYPES));
        }
        double factor = factor();
        onlyForYarn(type);
        boolean longRope = longRope(type);
        Rope.Scaling scaling;
        if (tensors.has(GgufNames.ROPE_FACTORS) || longRope) {
            stretchedOnce(type, factor);
            scaling = longRope ? longRope(partial) : llama3(theta);
        } else if (type.equals("yarn")) {
            scaling = yarn(factor);
        } else {
            amplitudeOne();
            scaling = type.equals("none") || factor == 1 ? Rope.PLAIN : new Rope.Linear(factor);
        }
        return new Rope(theta, scaling, partial);
    }

    /** Whether the divisors are LongRoPE's; refuses tensors of a rope that the architecture has not. */
    private boolean longRope(String type) {
        for (String name : tensors.names()) {
            if (GgufNames.isRope(name) && !architecture.hasRopeFactors(name)) {
                throw tensors.wrong("has tensor " + name + ", which a " + architecture.key() + " has not");
            }
        }
        boolean said =
                type.equals("longrope") || tensors.has(GgufNames.SHORT_FACTORS) || tensors.has(GgufNames.LONG_FACTORS);
        if (said && tensors.has(GgufNames.ROPE_FACTORS)) {
            throw tensors.wrong(
                    "has tensor " + GgufNames.ROPE_FACTORS + " in a file of LongRoPE; expected one of both");
        }
        return said;
    }

    /**
     * The rope of windowed layers: never stretched.
     *
     * @param otherwise base of its frequencies where the file has none
     */
    Rope windowed(double otherwise) {
        return new Rope(number("freq_base_swa", otherwise), Rope.PLAIN, partial());
    }

    /** Base of the frequencies of all layers. */
    double theta() {
        return number("freq_base", 10000);
    }

    private double partial() {
        int turning = data.integer(prefix + "dimension_count", headDim);
        if (architecture.paired() && turning != headDim) {
            throw data.wrong(
                    prefix + "dimension_count",
                    "= " + turning + ": expected " + headDim + ", as attention.key_length is");
        }
        if (turning < 2 || turning > headDim || turning % 2 != 0) {
            throw data.wrong(
                    prefix + "dimension_count",
                    "= " + turning + ": expected an even number up to the head's " + headDim);
        }
        if (data.integer(prefix + "dimension_count_swa", turning) != turning) {
            throw data.wrong(
                    prefix + "dimension_count_swa",
                    "= " + data.integer(prefix + "dimension_count_swa") + ": expected " + turning
                            + " as in all layers");
        }
        return turning / (double) headDim;
    }

    private double number(String key, double otherwise) {
        return data.has(prefix + key) ? data.number(prefix + key) : otherwise;
    }

    /** What positions are divided by; 0 stands for 1. */
    private double factor() {
        String old = prefix + "scale_linear";
        double factor = number("scaling.factor", number("scale_linear", 1));
        if (data.has(prefix + "scaling.factor") && data.has(old) && data.number(old) != factor) {
            throw data.wrong(
                    old, "= " + data.number(old) + ", but scaling.factor = " + factor + ": expected one of them");
        }
        if (!(factor >= 0) || Double.isInfinite(factor)) {
            throw data.wrong(prefix + "scaling.factor", "= " + factor + ": expected a number above 0");
        }
        return factor == 0 ? 1 : factor;
    }

    private void onlyForYarn(String type) {
        for (String key : List.of("yarn_ext_factor", "yarn_attn_factor", "yarn_beta_fast", "yarn_beta_slow")) {
            if (data.has(prefix + "scaling." + key) && !type.equals("yarn")) {
                throw data.wrong(prefix + "scaling." + key, "is for scaling.type = yarn, which is " + type);
            }
        }
    }

    private void amplitudeOne() {
        if (number("scaling.attn_factor", 1) != 1) {
            throw data.wrong(
                    prefix + "scaling.attn_factor",
                    "= " + number("scaling.attn_factor", 1)
                            + ": expected 1 where scaling.type is not yarn or longrope");
        }
    }

    private void stretchedOnce(String type, double factor) {
        if (type.equals("yarn") || (factor != 1 && !type.equals("none"))) {
            throw data.wrong(
                    prefix + (type.equals("yarn") ? "scaling.type" : "scaling.factor"),
                    "= " + (type.equals("yarn") ? type : factor)
                            + ": the frequencies have factors of their own already, and are stretched once");
        }
    }

    private Rope.Yarn yarn(double factor) {
        double extension = number("scaling.yarn_ext_factor", 1);
        if (extension != 1 && extension != -1) {
            throw data.wrong(prefix + "scaling.yarn_ext_factor", "= " + extension + ": expected 1");
        }
        double recommended = Rope.Yarn.recommended(factor, 1);
        double said = number("scaling.yarn_attn_factor", recommended);
        if (Math.abs(said - recommended) > NEAR * recommended) {
            throw data.wrong(
                    prefix + "scaling.yarn_attn_factor",
                    "= " + said + ": converters write an amplitude in place of 0.1 ln(factor) + 1 = " + recommended
                            + ", or one to multiply it by; expected that number");
        }
        return new Rope.Yarn(
                factor,
                original(),
                number("scaling.yarn_beta_fast", 32),
                number("scaling.yarn_beta_slow", 1),
                recommended * number("scaling.attn_factor", 1),
                true);
    }

    private int original() {
        String key = prefix + "scaling.original_context_length";
        int original = data.integer(key, 0);
        return original == 0 ? context : original;
    }

    private Rope.LongRope longRope(double partial) {
        int pairs = (int) Math.round(headDim * partial) / 2;
        return new Rope.LongRope(
                list(tensors.vector(GgufNames.SHORT_FACTORS, pairs)),
                list(tensors.vector(GgufNames.LONG_FACTORS, pairs)),
                original(),
                context,
                number("scaling.attn_factor", 1));
    }

    private static List<Double> list(float[] values) {
        List<Double> list = new ArrayList<>();
        for (float value : values) {
            list.add((double) value);
        }
        return list;
    }

    private Rope.Llama3 llama3(double theta) {
        amplitudeOne();
        Rope.Llama3 found = Llama3Factors.recognise(theta, tensors.vector(GgufNames.ROPE_FACTORS, headDim / 2));
        if (found == null) {
            throw tensors.wrong("has tensor " + GgufNames.ROPE_FACTORS
                    + ", which is not Llama 3's stretching of a context of 32 to 131072; no other is supported");
        }
        return found;
    }
}
