package dev.troupe.model.gguf;

import dev.troupe.model.ModelFamily;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The architectures of GGUF files that are read and written. A new one is a row here and a golden case. */
enum GgufArchitecture {
    LLAMA("llama", ModelFamily.LLAMA, Rows.PAIRED, Biases.ALL, ModelFamily.MISTRAL),
    QWEN2("qwen2", ModelFamily.QWEN2, Rows.HALVES, Biases.QKV),
    QWEN3("qwen3", ModelFamily.QWEN3, Rows.HALVES, Biases.ATTENTION),
    GEMMA("gemma", ModelFamily.GEMMA, Rows.HALVES, Biases.ATTENTION),
    GEMMA2("gemma2", ModelFamily.GEMMA2, Rows.HALVES, Biases.ATTENTION),
    GEMMA3("gemma3", ModelFamily.GEMMA3, Rows.HALVES, Biases.ATTENTION),
    PHI3("phi3", ModelFamily.PHI3, Rows.HALVES, Biases.NONE),
    OLMO2("olmo2", ModelFamily.OLMO2, Rows.HALVES, Biases.ATTENTION, ModelFamily.OLMO3),
    GRANITE("granite", ModelFamily.GRANITE, Rows.PAIRED, Biases.ALL),
    MINICPM("minicpm", ModelFamily.MINICPM, Rows.PAIRED, Biases.ALL),
    BAICHUAN("baichuan", ModelFamily.BAICHUAN, Rows.PAIRED, Biases.NONE),
    INTERNLM2("internlm2", ModelFamily.INTERNLM2, Rows.PAIRED, Biases.ATTENTION);

    /** Where the two numbers of a rotary pair are in the rows of queries and keys. */
    enum Rows {
        /** Number i with i + half a head, as in Hugging Face's tensors. */
        HALVES,
        /** Side by side. */
        PAIRED
    }

    /** The biases that the family's config.json can say. */
    enum Biases {
        NONE,
        /** Of query, key and value, always. */
        QKV,
        /** Of all four maps of attention, or none. */
        ATTENTION,
        /** The same, and of the three of the mlp. */
        ALL
    }

    private final String key;
    private final ModelFamily family;
    private final Rows rows;
    private final Biases biases;
    private final List<ModelFamily> others;

    GgufArchitecture(String key, ModelFamily family, Rows rows, Biases biases, ModelFamily... others) {
        this.key = key;
        this.family = family;
        this.rows = rows;
        this.biases = biases;
        this.others = List.of(others);
    }

    /** What its keys begin with, and general.architecture. */
    String key() {
        return key;
    }

    /** The family that it is read as. */
    ModelFamily family() {
        return family;
    }

    /** Whether query and key rows must be moved. */
    boolean paired() {
        return rows == Rows.PAIRED;
    }

    Biases biases() {
        return biases;
    }

    /** Whether norms are stored with the 1 that Hugging Face's code adds to their weights. */
    boolean normsWithOne() {
        return this == GEMMA || this == GEMMA2 || this == GEMMA3;
    }

    /** Whether llama.cpp looks at a tensor of this name for the rope. */
    boolean hasRopeFactors(String name) {
        boolean llama3 = this == LLAMA || this == GRANITE || this == MINICPM;
        return llama3 || this == PHI3 && !name.equals(GgufNames.ROPE_FACTORS);
    }

    /** The one that a file names; an error for others. */
    static GgufArchitecture of(GgufMetadata data) {
        String name = data.text(GgufConfig.ARCHITECTURE);
        return Arrays.stream(values())
                .filter(each -> each.key.equals(name))
                .findFirst()
                .orElseThrow(() -> data.wrong(
                        GgufConfig.ARCHITECTURE,
                        "= " + name + " is not supported; known are "
                                + Arrays.stream(values()).map(each -> each.key).collect(Collectors.joining(", "))));
    }

    /** The one that a family is written as. */
    static GgufArchitecture of(ModelFamily family) {
        List<GgufArchitecture> found = new ArrayList<>();
        for (GgufArchitecture each : values()) {
            if (each.family == family || each.others.contains(family)) {
                found.add(each);
            }
        }
        return found.get(0);
    }
}
