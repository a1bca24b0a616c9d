package dev.troupe.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A low-rank adapter's numbers (Hu et al. 2021, arXiv 2106.09685): a module's output is its matrix times the input,
 * plus scaling * B A times the input.
 *
 * @param r rank of the modules that no pattern names
 * @param alpha {@code lora_alpha} of the modules that no pattern names
 * @param dropout share of the adapter's inputs dropped in offline training; the modules that read the same input
 *     (query, key and value; gate and up) drop the same
 * @param rslora scaling alpha / sqrt(r) (Kalajdzievski 2023, arXiv 2312.03732) in place of alpha / r
 * @param targets the modules
 * @param rankPattern rank by expressions in Python's syntax for a module's name or its last parts; the first counts
 * @param alphaPattern the same for alpha
 */
public record AdapterConfig(
        int r,
        double alpha,
        double dropout,
        boolean rslora,
        AdapterTargets targets,
        Map<String, Integer> rankPattern,
        Map<String, Double> alphaPattern) {
    /** Every linear map of the layers. */
    public static final String ALL_LINEAR = "all-linear";

    /** The linear maps around attention. */
    public static final String ATTENTION = "attention";

    /** More than any matrix has rows. */
    private static final int MAX_RANK = 1 << 20;

    /** Checks each value; the error names the key. */
    public AdapterConfig {
        rankPattern = Collections.unmodifiableMap(new LinkedHashMap<>(rankPattern));
        alphaPattern = Collections.unmodifiableMap(new LinkedHashMap<>(alphaPattern));
        checkRank("r", r);
        check(Double.isFinite(alpha), "alpha", alpha, "a number");
        check(dropout >= 0 && dropout < 1, "dropout", dropout, "at least 0 and below 1");
        rankPattern.forEach((key, rank) -> {
            expression(key);
            checkRank("rank_pattern." + key, rank);
        });
        alphaPattern.forEach((key, value) -> {
            expression(key);
            check(Double.isFinite(value), "alpha_pattern." + key, value, "a number");
        });
    }

    /**
     * One rank and alpha for all, as settings say.
     *
     * @param targets {@link #ALL_LINEAR}, {@link #ATTENTION}, or names of modules, whole or their last parts as in peft
     */
    public AdapterConfig(int r, double alpha, double dropout, boolean rslora, List<String> targets) {
        this(r, alpha, dropout, rslora, AdapterTargets.of(targets), Map.of(), Map.of());
        check(alpha > 0, "alpha", alpha, "above 0");
        check(
                !targets.isEmpty() && targets.stream().noneMatch(String::isBlank),
                "targets",
                targets,
                ALL_LINEAR + ", " + ATTENTION + " or names of modules");
    }

    private static void checkRank(String key, int rank) {
        check(rank >= 1, key, rank, "at least 1");
        check(rank <= MAX_RANK, key, rank, "at most " + MAX_RANK);
    }

    private static void check(boolean ok, String key, Object value, String expected) {
        if (!ok) {
            throw new IllegalArgumentException("adapter." + key + " = " + value + ": expected " + expected);
        }
    }

    /** Rank of a module, by its whole name. */
    int rank(String module) {
        return valueFor(rankPattern, module, r);
    }

    /** What B A of a module is multiplied by. */
    double scaling(String module) {
        int rank = rank(module);
        return valueFor(alphaPattern, module, alpha) / (rslora ? Math.sqrt(rank) : rank);
    }

    private static <T> T valueFor(Map<String, T> patterns, String module, T otherwise) {
        for (Map.Entry<String, T> e : patterns.entrySet()) {
            if (expression(e.getKey()).matchesBeginning(module)) {
                return e.getValue();
            }
        }
        return otherwise;
    }

    private static PythonRegex expression(String key) {
        return PythonRegex.of("(.*\\.)?(" + key + ")$");
    }

    /** Refuses a rank that a module is too small for, and a target that is no linear module of the model, by name. */
    public void requireFits(ModelConfig model) {
        new AdapterLayout(model, this).requireTargets();
    }

    /** Numbers that an adapter of a model has. */
    public long parameters(ModelConfig model) {
        return new AdapterLayout(model, this)
                .tensors().values().stream()
                        .mapToLong(shape -> shape[0] * shape[1])
                        .sum();
    }

    /** With names of the model's modules in place of groups, as files have them. */
    AdapterConfig named(ModelConfig model) {
        return targets.groups().isEmpty() ? this : of(targets.with(new AdapterLayout(model, this).targetNames()));
    }

    /** The same numbers for other modules. */
    AdapterConfig of(AdapterTargets modules) {
        return new AdapterConfig(r, alpha, dropout, rslora, modules, rankPattern, alphaPattern);
    }
}
