package dev.troupe.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What tells one family of decoders from another: its names in config.json, the names of its tensors, and its own keys
 * (in {@link FamilyKeys}). A new family is a row here and a golden case.
 */
public enum ModelFamily {
    LLAMA("llama", "Llama", TensorNames.LLAMA, FamilyKeys::llama, FamilyKeys::writeBiases, FamilyKeys.LLAMA),
    MISTRAL("mistral", "Mistral", TensorNames.LLAMA, FamilyKeys::mistral, FamilyKeys::writeWindow, FamilyKeys.MISTRAL),
    QWEN2("qwen2", "Qwen2", TensorNames.LLAMA, FamilyKeys::qwen2, FamilyKeys::writeQwen, FamilyKeys.QWEN),
    QWEN3("qwen3", "Qwen3", TensorNames.LLAMA, FamilyKeys::qwen3, FamilyKeys::writeQwen, FamilyKeys.QWEN),
    GEMMA("gemma", "Gemma", TensorNames.LLAMA, FamilyKeys::gemma, FamilyKeys::writeGemma, FamilyKeys.GEMMA),
    GEMMA2("gemma2", "Gemma2", TensorNames.FOUR_NORMS, FamilyKeys::gemma2, FamilyKeys::writeGemma2, FamilyKeys.GEMMA2),
    GEMMA3(
            "gemma3_text",
            "Gemma3",
            TensorNames.FOUR_NORMS,
            FamilyKeys::gemma3,
            FamilyKeys::writeGemma3,
            FamilyKeys.GEMMA3),
    PHI3("phi3", "Phi3", TensorNames.PHI3, FamilyKeys::mistral, FamilyKeys::writePhi3, FamilyKeys.PHI3),
    OLMO2("olmo2", "Olmo2", TensorNames.NORMS_AFTER, FamilyKeys::olmo2, FamilyKeys::writeBiases, FamilyKeys.OLMO2),
    OLMO3("olmo3", "Olmo3", TensorNames.NORMS_AFTER, FamilyKeys::olmo3, FamilyKeys::writeOlmo3, FamilyKeys.OLMO3),
    GRANITE("granite", "Granite", TensorNames.LLAMA, FamilyKeys::granite, FamilyKeys::writeGranite, FamilyKeys.GRANITE),
    MINICPM("minicpm", "MiniCPM", TensorNames.LLAMA, FamilyKeys::minicpm, FamilyKeys::writeMiniCpm, FamilyKeys.MINICPM),
    BAICHUAN(
            "baichuan",
            "Baichuan",
            TensorNames.BAICHUAN,
            FamilyKeys::baichuan,
            FamilyKeys::writeBaichuan,
            FamilyKeys.BAICHUAN),
    INTERNLM2(
            "internlm2",
            "InternLM2",
            TensorNames.INTERNLM2,
            FamilyKeys::internlm2,
            FamilyKeys::writeInternLm2,
            FamilyKeys.INTERNLM2);

    private final String modelType;
    private final String name;
    private final TensorNames names;
    private final Function<ConfigKeys, DecoderTraits> traits;
    private final BiConsumer<ModelConfig, ObjectNode> writer;
    private final KnownKeys keys;

    ModelFamily(
            String modelType,
            String name,
            TensorNames names,
            Function<ConfigKeys, DecoderTraits> traits,
            BiConsumer<ModelConfig, ObjectNode> writer,
            KnownKeys keys) {
        this.modelType = modelType;
        this.name = name;
        this.names = names;
        this.traits = traits;
        this.writer = writer;
        this.keys = keys;
    }

    /** model_type in config.json. */
    public String modelType() {
        return modelType;
    }

    /** Architecture with a language-model head. */
    public String architecture() {
        return name + "ForCausalLM";
    }

    /** Architecture with a score head. */
    public String scoreArchitecture() {
        return (this == GEMMA3 ? "Gemma3Text" : name) + "ForSequenceClassification";
    }

    /** All names of architectures with a language-model head: Baichuan's first model spelled its own otherwise. */
    List<String> architectures() {
        return switch (this) {
            case BAICHUAN -> List.of(architecture(), FamilyKeys.FIRST_BAICHUAN);
            case LLAMA -> List.of(architecture(), "LLaMAForCausalLM");
            default -> List.of(architecture());
        };
    }

    /** What the tensors are called. */
    public TensorNames names() {
        return names;
    }

    /** What a config.json says that the decoder computes beyond Llama. */
    DecoderTraits traits(ConfigKeys config) {
        return traits.apply(config);
    }

    /** Writes the family's own keys. */
    void write(ModelConfig config, ObjectNode out) {
        writer.accept(config, out);
    }

    /** All keys that a config.json of the family may have. */
    KnownKeys keys() {
        return keys;
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
