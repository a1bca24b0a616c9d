package dev.troupe.model;

import java.util.Arrays;
import java.util.stream.Collectors;

/** What tells one family of decoders from another; a new family is a row here and a golden test. */
public enum ModelFamily {
    LLAMA("llama", "LlamaForCausalLM", "LlamaForSequenceClassification", false, false),
    QWEN2("qwen2", "Qwen2ForCausalLM", "Qwen2ForSequenceClassification", true, false),
    QWEN3("qwen3", "Qwen3ForCausalLM", "Qwen3ForSequenceClassification", false, true);

    private final String modelType;
    private final String architecture;
    private final String scoreArchitecture;
    private final boolean qkvBias;
    private final boolean qkNorm;

    ModelFamily(String modelType, String architecture, String scoreArchitecture, boolean qkvBias, boolean qkNorm) {
        this.modelType = modelType;
        this.architecture = architecture;
        this.scoreArchitecture = scoreArchitecture;
        this.qkvBias = qkvBias;
        this.qkNorm = qkNorm;
    }

    /** model_type in config.json. */
    public String modelType() {
        return modelType;
    }

    /** Architecture with a language-model head. */
    public String architecture() {
        return architecture;
    }

    /** Architecture with a score head. */
    public String scoreArchitecture() {
        return scoreArchitecture;
    }

    /** Whether the query, key and value projections add a bias. */
    public boolean qkvBias() {
        return qkvBias;
    }

    /** Whether each query and key head goes through a norm of its own. */
    public boolean qkNorm() {
        return qkNorm;
    }

    static ModelFamily of(String modelType, String source) {
        for (ModelFamily family : values()) {
            if (family.modelType.equals(modelType)) {
                return family;
            }
        }
        String known = Arrays.stream(values()).map(ModelFamily::modelType).collect(Collectors.joining(", "));
        throw new ModelException(source + ": model_type '" + modelType + "' is not known; known are " + known);
    }
}
