package dev.troupe.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The rope in a config.json: {@code rope_theta} at the top or in one of the objects, {@code rope_scaling} or
 * {@code rope_parameters} for all layers or by the kind of a layer, {@code rope_type} or {@code type}. Where a number
 * stands twice, transformers' order counts: the object's before the one at the top, but for {@code
 * original_max_position_embeddings}.
 */
final class RopeKeys {
    /** What the objects are called by the layers they are for. */
    static final String FULL = "full_attention";

    static final String SLIDING = "sliding_attention";

    private static final String SCALING = "rope_scaling";
    private static final String PARAMETERS = "rope_parameters";
    private static final String THETA = "rope_theta";
    private static final String ORIGINAL = "original_max_position_embeddings";
    private static final String PARTIAL = "partial_rotary_factor";

    private static final String NOT_A_FOLDER = "a Hugging Face folder cannot hold this model";

    private static final KnownKeys COMMON = new KnownKeys().used("rope_type", "type", THETA, PARTIAL);

    /** Phi-3's class has this where {@link #ORIGINAL} is not at the top, whatever the object says. */
    private static final int ORIGINAL_OF_PHI3 = 4096;

    private final ConfigKeys config;
    private final ModelFamily family;
    private final Set<String> ignored;

    RopeKeys(ConfigKeys config, ModelFamily family, Set<String> ignored) {
        this.config = config;
        this.family = family;
        this.ignored = ignored;
    }

    /** The rope of all layers, or of those that see the whole row. */
    Rope full(double theta) {
        ConfigKeys object = object();
        ConfigKeys nested = object == null ? null : object.object(FULL);
        return read(nested == null && !byLayers(object) ? object : nested, config.number(THETA, theta));
    }

    /** The rope of windowed layers, or null where it is that of all. */
    @Nullable
    Rope sliding(double theta) {
        ConfigKeys object = object();
        return byLayers(object) && object != null ? read(object.object(SLIDING), theta) : null;
    }

    private static boolean byLayers(@Nullable ConfigKeys object) {
        return object != null && (object.has(FULL) || object.has(SLIDING));
    }

    private @Nullable ConfigKeys object() {
        ConfigKeys old = config.object(SCALING);
        ConfigKeys fresh = config.object(PARAMETERS);
        if (old != null && fresh != null && !old.node().equals(fresh.node())) {
            throw new ModelException(config.source() + ": " + SCALING + " and " + PARAMETERS
                    + " are both there and differ; expected one of them");
        }
        if (byLayers(fresh) && fresh != null) {
            new KnownKeys().used(FULL, SLIDING).check(fresh.node(), fresh.source(), ignored);
        }
        boolean twoRopes = family == ModelFamily.GEMMA3 || family == ModelFamily.OLMO3;
        if (twoRopes && fresh != null && !byLayers(fresh)) {
            throw new ModelException(fresh.source() + ": expected an object for " + FULL + " and one for " + SLIDING
                    + ": these layers have ropes of their own in this family");
        }
        return old == null ? fresh : old;
    }

    private Rope read(@Nullable ConfigKeys rope, double otherwise) {
        double partialAtTop = config.number(PARTIAL, 1);
        if (rope == null) {
            return checked(new Rope(otherwise, Rope.PLAIN, partialAtTop));
        }
        double theta = rope.number(THETA, otherwise);
        return checked(new Rope(theta, scaling(rope), rope.number(PARTIAL, partialAtTop)));
    }

    private Rope checked(Rope rope) {
        requireWholeHeads(rope, family, config.source());
        return rope;
    }

    /** Of these families, transformers turns a part of each head for Phi-3 alone. */
    private static void requireWholeHeads(Rope rope, ModelFamily family, String source) {
        if (rope.partial() != 1 && family != ModelFamily.PHI3) {
            throw new ModelException(source + ": " + PARTIAL + " = " + rope.partial() + ": in transformers the heads of"
                    + " this family turn whole; expected 1");
        }
    }

    private Rope.Scaling scaling(ConfigKeys rope) {
        String type = rope.text("rope_type", rope.text("type", "default"));
        return switch (type) {
            case "default" -> {
                known(rope);
                yield Rope.PLAIN;
            }
            case "linear" -> {
                known(rope, "factor");
                yield new Rope.Linear(rope.number("factor"));
            }
            case "dynamic" -> {
                known(rope, "factor", ORIGINAL);
                yield new Rope.Dynamic(rope.number("factor"), config.integer("max_position_embeddings"));
            }
            case "llama3" -> {
                known(rope, "factor", "low_freq_factor", "high_freq_factor", ORIGINAL);
                yield new Rope.Llama3(
                        rope.number("factor"),
                        rope.number("low_freq_factor"),
                        rope.number("high_freq_factor"),
                        original(rope));
            }
            case "yarn" -> yarn(rope);
            case "longrope", "su" -> longRope(rope);
            default ->
                throw new ModelException(rope.source() + ": rope type '" + type
                        + "' is not known; expected default, linear, dynamic, llama3, yarn or longrope");
        };
    }

    private Rope.Yarn yarn(ConfigKeys rope) {
        known(
                rope,
                "factor",
                ORIGINAL,
                "attention_factor",
                "beta_fast",
                "beta_slow",
                "mscale",
                "mscale_all_dim",
                "finetuned",
                "truncate");
        int original = original(rope);
        double factor = rope.has("factor")
                ? rope.number("factor")
                : config.integer("max_position_embeddings") / (double) original;
        return new Rope.Yarn(
                factor,
                original,
                or(rope.number("beta_fast", 32), 32),
                or(rope.number("beta_slow", 1), 1),
                amplitude(rope, factor),
                rope.flag("truncate", true));
    }

    private static double amplitude(ConfigKeys rope, double factor) {
        double scale = rope.number("mscale", 0);
        double allDims = rope.number("mscale_all_dim", 0);
        if (rope.has("attention_factor")) {
            return rope.number("attention_factor");
        }
        return scale != 0 && allDims != 0
                ? Rope.Yarn.recommended(factor, scale) / Rope.Yarn.recommended(factor, allDims)
                : Rope.Yarn.recommended(factor, 1);
    }

    private Rope.LongRope longRope(ConfigKeys rope) {
        known(rope, "factor", ORIGINAL, "attention_factor", "short_factor", "long_factor");
        int original = original(rope);
        double factor = rope.has("factor")
                ? rope.number("factor")
                : config.integer("max_position_embeddings") / (double) original;
        double recommended = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
        return new Rope.LongRope(
                rope.numbers("short_factor"),
                rope.numbers("long_factor"),
                original,
                config.integer("max_position_embeddings"),
                rope.number("attention_factor", recommended));
    }

    private static double or(double value, double otherwise) {
        return value == 0 ? otherwise : value;
    }

    /** The trained context: at the top, as Phi-3 has it, or in the object. */
    private int original(ConfigKeys rope) {
        int otherwise = rope.integer(ORIGINAL, config.integer("max_position_embeddings"));
        return config.integer(ORIGINAL, family == ModelFamily.PHI3 ? ORIGINAL_OF_PHI3 : otherwise);
    }

    private void known(ConfigKeys rope, String... used) {
        new KnownKeys().and(COMMON).used(used).check(rope.node(), rope.source(), ignored);
    }

    /** Writes a rope in the form of most checkpoints: theta at the top, {@code rope_scaling} where it is stretched. */
    static void write(Rope rope, ModelFamily family, ObjectNode config) {
        requireWholeHeads(rope, family, NOT_A_FOLDER);
        config.put(THETA, rope.theta());
        if (rope.partial() != 1) {
            config.put(PARTIAL, rope.partial());
        }
        if (!(rope.scaling() instanceof Rope.Plain)) {
            write(rope.scaling(), config.putObject(SCALING));
        }
    }

    /** Writes the ropes of both kinds of layers into {@code rope_parameters}. */
    static void write(Rope full, Rope sliding, ModelFamily family, ObjectNode config) {
        ObjectNode both = config.putObject(PARAMETERS);
        for (Rope rope : List.of(full, sliding)) {
            requireWholeHeads(rope, family, NOT_A_FOLDER);
            ObjectNode node = both.putObject(both.isEmpty() ? FULL : SLIDING);
            node.put(THETA, rope.theta());
            write(rope.scaling(), node);
        }
    }

    private static void write(Rope.Scaling scaling, ObjectNode s) {
        if (scaling instanceof Rope.Linear linear) {
            s.put("rope_type", "linear");
            s.put("factor", linear.factor());
        } else if (scaling instanceof Rope.Dynamic dynamic) {
            s.put("rope_type", "dynamic");
            s.put("factor", dynamic.factor());
        } else if (scaling instanceof Rope.Llama3 llama3) {
            s.put("rope_type", "llama3");
            s.put("factor", llama3.factor());
            s.put("low_freq_factor", llama3.lowFrequency());
            s.put("high_freq_factor", llama3.highFrequency());
            s.put(ORIGINAL, llama3.originalPositions());
        } else if (scaling instanceof Rope.Yarn yarn) {
            s.put("rope_type", "yarn");
            s.put("factor", yarn.factor());
            s.put(ORIGINAL, yarn.originalPositions());
            s.put("attention_factor", yarn.amplitude());
            s.put("beta_fast", yarn.betaFast());
            s.put("beta_slow", yarn.betaSlow());
            if (!yarn.truncate()) {
                s.put("truncate", false);
            }
        } else if (scaling instanceof Rope.LongRope rope) {
            s.put("rope_type", "longrope");
            s.put(ORIGINAL, rope.originalPositions());
            s.put("attention_factor", rope.amplitude());
            rope.shortFactors().forEach(s.withArray("short_factor")::add);
            rope.longFactors().forEach(s.withArray("long_factor")::add);
        } else {
            s.put("rope_type", "default");
        }
    }
}
