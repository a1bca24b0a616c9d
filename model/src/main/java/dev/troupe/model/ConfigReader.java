package dev.troupe.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.model.DecoderTraits.Windows;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads a config.json in the form of Hugging Face's transformers, version 5 or older; errors name file and key. */
final class ConfigReader {
    private static final String KV_HEADS = "num_key_value_heads";
    private static final String HEAD_DIM = "head_dim";

    /** Where transformers' class has a number of its own for these keys: they must be there. */
    private static final Set<ModelFamily> WITHOUT_DEFAULT =
            Set.of(ModelFamily.GEMMA, ModelFamily.GEMMA2, ModelFamily.GEMMA3);

    private ConfigReader() {}

    static ModelConfig read(ConfigKeys c, Set<String> ignoredKeys) {
        ModelFamily family = ModelFamily.of(c.text("model_type"), c.source());
        FamilyKeys.check(c, family);
        family.keys().check(c.node(), c.source(), ignoredKeys);
        boolean score = scoreHead(c, family);
        int heads = c.integer("num_attention_heads");
        int hidden = c.integer("hidden_size");
        boolean mustSay = WITHOUT_DEFAULT.contains(family);
        RopeKeys ropes = new RopeKeys(c, family, ignoredKeys);
        Rope rope = ropes.full(theta(family));
        int longest =
                Math.min(c.integer("max_position_embeddings"), rope.scaling().longest());
        return new ModelConfig(
                family,
                score,
                c.integer("vocab_size"),
                hidden,
                c.integer("intermediate_size"),
                c.integer("num_hidden_layers"),
                heads,
                mustSay || family == ModelFamily.MISTRAL && !c.node().has(KV_HEADS)
                        ? c.integer(KV_HEADS)
                        : c.integer(KV_HEADS, heads),
                mustSay ? c.integer(HEAD_DIM) : c.integer(HEAD_DIM, hidden / Math.max(1, heads)),
                longest,
                c.number("rms_norm_eps", epsilon(family)),
                rope,
                c.flag("tie_word_embeddings", mustSay || family == ModelFamily.MINICPM),
                id(c, "bos_token_id"),
                c.integers("eos_token_id"),
                id(c, "pad_token_id"),
                withLocalRope(family.traits(c), rope, localRope(family, c, ropes)));
    }

    private static int id(ConfigKeys c, String key) {
        return c.has(key) && c.node().get(key).isArray()
                ? c.integers(key).stream().findFirst().orElse(-1)
                : c.integer(key, -1);
    }

    private static boolean scoreHead(ConfigKeys c, ModelFamily family) {
        JsonNode named = c.node().path("architectures").path(0);
        String architecture = named.asText(family.architecture());
        boolean score = architecture.equals(family.scoreArchitecture());
        if (!score && !family.architectures().contains(architecture)) {
            throw new ModelException(c.source() + ": architecture " + architecture + " is not known; expected "
                    + family.architecture() + " or " + family.scoreArchitecture());
        }
        JsonNode labels = c.node().path("id2label");
        if (score && labels.isObject() && labels.size() != 1) {
            throw new ModelException(c.source() + ": a score head of " + labels.size() + " labels; only one is known");
        }
        return score;
    }

    private static double theta(ModelFamily family) {
        return switch (family) {
            case GEMMA3 -> 1_000_000;
            case OLMO3 -> 500_000;
            default -> 10_000;
        };
    }

    private static double epsilon(ModelFamily family) {
        return switch (family) {
            case PHI3, OLMO2, OLMO3 -> 1e-5;
            default -> 1e-6;
        };
    }

    /** The rope of windowed layers: by the kind of a layer, or Gemma 3's and OLMo 3's own. */
    private static @Nullable Rope localRope(ModelFamily family, ConfigKeys c, RopeKeys ropes) {
        return switch (family) {
            case GEMMA3 -> orElse(ropes.sliding(10_000), Rope.of(c.number("rope_local_base_freq", 10_000)));
            case OLMO3 -> orElse(ropes.sliding(500_000), Rope.of(500_000));
            default -> ropes.sliding(c.number("rope_theta", theta(family)));
        };
    }

    private static Rope orElse(@Nullable Rope said, Rope otherwise) {
        return said == null ? otherwise : said;
    }

    private static DecoderTraits withLocalRope(DecoderTraits traits, Rope rope, @Nullable Rope local) {
        Windows w = traits.windows();
        if (local == null || w.size() == 0 || local.equals(rope)) {
            return traits;
        }
        return new DecoderTraits(
                traits.biases(),
                traits.qkNorm(),
                traits.normsAddOne(),
                traits.activation(),
                traits.normalisedHead(),
                traits.scales(),
                new Windows(w.size(), w.layers(), local));
    }
}
