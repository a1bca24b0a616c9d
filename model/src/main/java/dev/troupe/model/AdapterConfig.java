package dev.troupe.model;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A low-rank adapter's numbers (Hu et al. 2021, arXiv 2106.09685): a module's output is its matrix times the input,
 * plus scaling * B A times the input.
 *
 * @param r rank
 * @param alpha {@code lora_alpha}
 * @param dropout share of the adapter's inputs dropped in offline training; the modules that read the same input
 *     (query, key and value; gate and up) drop the same
 * @param rslora scaling alpha / sqrt(r) (Kalajdzievski 2023, arXiv 2312.03732) in place of alpha / r
 * @param targets the modules: {@code all-linear}, {@code attention}, or names, whole or their last parts as in peft
 */
public record AdapterConfig(int r, double alpha, double dropout, boolean rslora, List<String> targets) {
    /** Every linear map of the layers. */
    public static final String ALL_LINEAR = "all-linear";

    /** The four linear maps around attention. */
    public static final String ATTENTION = "attention";

    private static final List<String> ATTENTION_MODULES = List.of("q_proj", "k_proj", "v_proj", "o_proj");
    private static final List<String> LINEAR_MODULES =
            List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");

    /** Checks each value; the error names the key. Group names become the modules they mean. */
    public AdapterConfig {
        check(r >= 1, "r", r, "at least 1");
        check(alpha > 0 && alpha < Double.POSITIVE_INFINITY, "alpha", alpha, "above 0");
        check(dropout >= 0 && dropout < 1, "dropout", dropout, "at least 0 and below 1");
        check(
                !targets.isEmpty() && targets.stream().noneMatch(String::isBlank),
                "targets",
                targets,
                ALL_LINEAR + ", " + ATTENTION + " or names of modules");
        Set<String> modules = new LinkedHashSet<>();
        for (String target : targets) {
            switch (target) {
                case ALL_LINEAR -> modules.addAll(LINEAR_MODULES);
                case ATTENTION -> modules.addAll(ATTENTION_MODULES);
                default -> modules.add(target);
            }
        }
        targets = List.copyOf(modules);
    }

    private static void check(boolean ok, String key, Object value, String expected) {
        if (!ok) {
            throw new IllegalArgumentException("adapter." + key + " = " + value + ": expected " + expected);
        }
    }

    /** What B A is multiplied by. */
    public double scaling() {
        return alpha / (rslora ? Math.sqrt(r) : r);
    }

    /** An error names a target that is no module of the model. */
    public void requireFits(ModelConfig model) {
        if (new AdapterLayout(model, this).leaves().isEmpty()) {
            throw new ModelException("adapter targets " + targets + " are no modules of the model");
        }
    }

    /** Numbers that an adapter of a model has. */
    public long parameters(ModelConfig model) {
        return new AdapterLayout(model, this)
                .tensors().values().stream()
                        .mapToLong(shape -> shape[0] * shape[1])
                        .sum();
    }

    /** Whether a module, by its whole name ({@code model.layers.0.self_attn.q_proj}), is adapted. */
    boolean adapts(String module) {
        return targets.stream().anyMatch(t -> module.equals(t) || module.endsWith("." + t));
    }
}
