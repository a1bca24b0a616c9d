package dev.troupe.model.gguf;

import dev.troupe.model.DecoderTraits;
import dev.troupe.model.DecoderTraits.Activation;
import dev.troupe.model.DecoderTraits.Scales;
import dev.troupe.model.DecoderTraits.Windows;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelException;
import dev.troupe.model.Rope;
import java.util.ArrayList;
import java.util.List;

/** Writes the metadata that {@link GgufConfig} reads; what llama.cpp would not read in the same way is refused. */
final class GgufConfigWriter {
    private static final double NEAR = 1e-6;

    private final ModelConfig config;
    private final GgufArchitecture architecture;
    private final GgufMetadataWriter out;

    private GgufConfigWriter(ModelConfig config, GgufMetadataWriter out) {
        this.config = config;
        this.architecture = GgufArchitecture.of(config.family());
        this.out = out;
    }

    static void write(ModelConfig config, GgufMetadataWriter out) {
        GgufConfigWriter writer = new GgufConfigWriter(config, out);
        writer.check();
        writer.sizes();
        writer.rope();
        writer.scales();
        writer.windows();
    }

    private String key(String name) {
        return architecture.key() + "." + name;
    }

    private ModelException refused(String what) {
        return new ModelException("a " + config.family().modelType() + " with " + what
                + " cannot be written as a GGUF file that llama.cpp reads so. Write a Hugging Face folder (--to hf)");
    }

    private void require(boolean ok, String otherwise) {
        if (!ok) {
            throw refused(otherwise);
        }
    }

    private void check() {
        DecoderTraits traits = config.traits();
        Activation expected = architecture.normsWithOne() ? Activation.GELU_TANH : Activation.SILU;
        require(traits.activation() == expected, "activation " + traits.activation());
        boolean all = architecture.biases() == GgufArchitecture.Biases.ALL;
        boolean more = traits.biases().output() || traits.biases().mlp();
        require(all || !more, "biases in attention's output or the mlp");
        switch (architecture) {
            case GEMMA, GEMMA2 -> require(config.tied(), "a head of its own");
            case OLMO2, BAICHUAN, INTERNLM2 -> require(!config.tied(), "the embedding as its head");
            default -> {}
        }
        checkScales(traits.scales());
    }

    private void checkScales(Scales s) {
        boolean granite = architecture == GgufArchitecture.GRANITE;
        if (!granite && architecture != GgufArchitecture.MINICPM) {
            double embedding = architecture.normsWithOne() ? (float) Math.sqrt(config.hidden()) : 1;
            require(s.residual() == 1 && s.logits() == 1, "scaled residuals or logits");
            require(s.embedding() == embedding, "embeddings scaled by " + s.embedding());
        }
        double usual = GgufTraits.attention(architecture, config);
        boolean near = s.attention() == 0 || Math.abs(s.attention() - usual) <= NEAR * usual;
        require(granite || near, "scores scaled by " + s.attention());
        boolean gemma2 = architecture == GgufArchitecture.GEMMA2;
        boolean logitsToo = gemma2 || architecture == GgufArchitecture.GEMMA3;
        require(gemma2 || s.attentionCap() == 0, "capped scores");
        require(logitsToo || s.logitCap() == 0, "capped logits");
        require(!gemma2 || s.attentionCap() > 0 && s.logitCap() > 0, "scores or logits that are not capped");
    }

    private void sizes() {
        out.text(GgufConfig.ARCHITECTURE, architecture.key());
        out.text("general.type", "model");
        out.uint32(key("block_count"), config.layers());
        int context = config.rope().scaling() instanceof Rope.LongRope longRope
                ? longRope.positions()
                : config.maxPositions();
        out.uint32(key("context_length"), context);
        out.uint32(key("embedding_length"), config.hidden());
        out.uint32(key("feed_forward_length"), config.intermediate());
        out.uint32(key("attention.head_count"), config.heads());
        out.uint32(key("attention.head_count_kv"), config.kvHeads());
        out.uint32(key("attention.key_length"), config.headDim());
        out.uint32(key("attention.value_length"), config.headDim());
        out.float32(key("attention.layer_norm_rms_epsilon"), config.normEps());
        out.uint32(key("vocab_size"), config.vocabulary());
    }

    private void rope() {
        Rope rope = config.rope();
        int turning = (int) Math.round(rope.partial() * config.headDim());
        if (turning != config.headDim() && architecture != GgufArchitecture.PHI3) {
            throw refused("heads of which a part turns");
        }
        out.float32(key("rope.freq_base"), rope.theta());
        out.uint32(key("rope.dimension_count"), turning);
        Rope.Scaling scaling = rope.scaling();
        if (scaling instanceof Rope.Linear linear) {
            out.text(key("rope.scaling.type"), "linear");
            out.float32(key("rope.scaling.factor"), linear.factor());
        } else if (scaling instanceof Rope.Yarn yarn) {
            yarn(yarn);
        } else if (scaling instanceof Rope.LongRope longRope) {
            if (architecture != GgufArchitecture.PHI3) {
                out.text(key("rope.scaling.type"), "longrope");
            }
            out.uint32(key("rope.scaling.original_context_length"), longRope.originalPositions());
            out.float32(key("rope.scaling.attn_factor"), longRope.amplitude());
        }
        if (factors(config).stream().anyMatch(each -> !architecture.hasRopeFactors(each.name()))) {
            throw refused("a rope of " + scaling.getClass().getSimpleName());
        }
    }

    private void yarn(Rope.Yarn yarn) {
        if (!yarn.truncate()) {
            throw refused("a yarn rope whose ramp is not truncated");
        }
        out.text(key("rope.scaling.type"), "yarn");
        out.float32(key("rope.scaling.factor"), yarn.factor());
        out.uint32(key("rope.scaling.original_context_length"), yarn.originalPositions());
        double recommended = Rope.Yarn.recommended(yarn.factor(), 1);
        if (yarn.amplitude() != recommended) {
            out.float32(key("rope.scaling.attn_factor"), yarn.amplitude() / recommended);
        }
        if (yarn.betaFast() != 32 || yarn.betaSlow() != 1) {
            out.float32(key("rope.scaling.yarn_beta_fast"), yarn.betaFast());
            out.float32(key("rope.scaling.yarn_beta_slow"), yarn.betaSlow());
        }
    }

    /** A vector of the rope that is written as a tensor. */
    @SuppressWarnings("ArrayRecordComponent") // written at once
    record Factors(String name, float[] values) {}

    /** What the frequencies are divided by, where the file has tensors for it. */
    static List<Factors> factors(ModelConfig config) {
        Rope.Scaling scaling = config.rope().scaling();
        if (scaling instanceof Rope.Llama3) {
            return List.of(new Factors(GgufNames.ROPE_FACTORS, Llama3Factors.of(config.rope(), config.headDim())));
        }
        if (scaling instanceof Rope.LongRope longRope) {
            return List.of(
                    new Factors(GgufNames.LONG_FACTORS, floats(longRope.longFactors())),
                    new Factors(GgufNames.SHORT_FACTORS, floats(longRope.shortFactors())));
        }
        return List.of();
    }

    private static float[] floats(List<Double> values) {
        float[] floats = new float[values.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = values.get(i).floatValue();
        }
        return floats;
    }

    private void scales() {
        Scales s = config.traits().scales();
        switch (architecture) {
            case GEMMA2 -> {
                out.float32(key("attn_logit_softcapping"), s.attentionCap());
                out.float32(key("final_logit_softcapping"), s.logitCap());
            }
            case GEMMA3 -> {
                if (s.logitCap() != 0) {
                    out.float32(key("final_logit_softcapping"), s.logitCap());
                }
            }
            case GRANITE, MINICPM -> {
                out.float32(key("embedding_scale"), s.embedding());
                out.float32(key("residual_scale"), s.residual());
                out.float32(key("logit_scale"), 1 / s.logits());
                if (architecture == GgufArchitecture.GRANITE && s.attention() != 0) {
                    out.float32(key("attention.scale"), s.attention());
                }
            }
            default -> {}
        }
    }

    private void windows() {
        Windows windows = config.traits().windows();
        switch (architecture) {
            case GEMMA2, GEMMA3, OLMO2 -> {
                boolean always = architecture == GgufArchitecture.GEMMA2;
                if (windows.size() > 0 || always) {
                    out.uint32(
                            key("attention.sliding_window"),
                            windows.size() > 0 ? windows.size() : config.maxPositions());
                    pattern(windows);
                    localRope(windows);
                }
            }
            case PHI3 -> {
                if (windows.rope() != null || windows.layers().contains(false)) {
                    throw refused("windows that differ between layers");
                }
                out.uint32(key("attention.sliding_window"), windows.size());
            }
            default -> {
                boolean some = windows.size() > 0
                        && (windows.layers().isEmpty() || windows.layers().contains(true));
                if (some && (windows.size() < config.maxPositions() || windows.rope() != null)) {
                    throw refused("a window of " + windows.size() + " tokens");
                }
            }
        }
    }

    private void pattern(Windows windows) {
        List<Boolean> layers = new ArrayList<>();
        for (int layer = 0; layer < config.layers(); layer++) {
            layers.add(windows.at(layer));
        }
        out.flags(key("attention.sliding_window_pattern"), layers);
    }

    private void localRope(Windows windows) {
        Rope local = windows.rope() == null ? config.rope() : windows.rope();
        Rope.Scaling expected =
                architecture == GgufArchitecture.GEMMA2 ? config.rope().scaling() : Rope.PLAIN;
        if (!local.scaling().equals(expected)) {
            throw refused("windowed layers whose rope is a "
                    + local.scaling().getClass().getSimpleName());
        }
        out.float32(key("rope.freq_base_swa"), local.theta());
    }
}
