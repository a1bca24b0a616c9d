package dev.troupe.model;

import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.DataType;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What each tensor of an adapter's file is. peft's folders name them without the adapter's own name, states of models
 * in training with it ({@code lora_A.default.weight}), and with or without {@code base_model.model.} in front; all of
 * these are read.
 */
final class AdapterTensors {
    /** What a tensor does to a module, and how peft's files end its name. */
    enum Kind {
        A(".lora_A.weight"),
        B(".lora_B.weight"),
        B_BIAS(".lora_B.bias"),
        EMBEDDING_A(".lora_embedding_A"),
        EMBEDDING_B(".lora_embedding_B"),
        MAGNITUDE(".lora_magnitude_vector"),
        /** Rows in place of some tokens'. */
        TOKENS(".token_adapter.trainable_tokens_delta"),
        /** In place of the base's tensor; the module is that tensor's whole name. */
        WHOLE(""),
        /** What an adapted module had below its adapter; the module is the base tensor's whole name. */
        BASE("");

        private final String ending;

        Kind(String ending) {
            this.ending = ending;
        }
    }

    /** @param module without a prefix */
    record Part(String module, Kind kind) {
        /** The name in peft's files. */
        String fileName() {
            int last = module.lastIndexOf('.');
            String name = kind == Kind.BASE
                    ? module.substring(0, last) + ".base_layer" + module.substring(last)
                    : module + kind.ending;
            return AdapterLayout.PREFIX + name;
        }

        /** Whether the module is in one of the layers. */
        boolean isInLayer() {
            return LAYER.matcher(module).find();
        }
    }

    private static final Pattern LAYER = Pattern.compile("\\.\\d+\\.");
    private static final String NAME = "(?:\\.(?<name>(?!weight$|bias$)[^.]+))?";
    private static final Pattern LOW_RANK =
            Pattern.compile("(?<module>.+)\\.lora_(?<side>[AB])" + NAME + "\\.(?<what>weight|bias)");
    private static final Pattern EMBEDDING = Pattern.compile("(?<module>.+)\\.lora_embedding_(?<side>[AB])" + NAME);
    private static final Pattern MAGNITUDE =
            Pattern.compile("(?<module>.+)\\.lora_magnitude_vector" + NAME + "(?:\\.weight)?");
    private static final Pattern TOKENS =
            Pattern.compile("(?<module>.+)\\.token_adapter\\.trainable_tokens_delta" + NAME);
    private static final Pattern SAVED =
            Pattern.compile("(?<module>.+)\\.modules_to_save\\.(?<name>[^.]+)\\.(?<rest>.+)");
    private static final Pattern BASE =
            Pattern.compile("(?<module>.+?)(?:\\.token_adapter)?\\.base_layer\\.(?<rest>.+)");
    /** What a state keeps of the base for when the adapter is switched off. */
    private static final Pattern UNUSED =
            Pattern.compile(".+\\.(original_module\\..+|token_adapter\\.trainable_tokens_original.*)");

    private final String source;
    private final Map<Part, HostTensor> parts = new LinkedHashMap<>();
    private final Map<Part, String> names = new LinkedHashMap<>();
    private final Set<String> adapters = new TreeSet<>();

    private AdapterTensors(String source) {
        this.source = source;
    }

    /** The tensors as F32; an error names the file and the tensor that is not understood. */
    static Map<Part, HostTensor> read(TensorSet set, String source) {
        AdapterTensors reader = new AdapterTensors(source);
        set.tensors().forEach(reader::add);
        if (reader.adapters.size() > 1) {
            throw new ModelException(source + " holds several adapters (" + String.join(", ", reader.adapters)
                    + "): expected one; save them one by one with peft");
        }
        return reader.parts;
    }

    private void add(String fileName, HostTensor tensor) {
        if (UNUSED.matcher(fileName).matches()) {
            return;
        }
        if (!HalfFloats.isFloat(tensor.dtype())) {
            throw new ModelException(
                    source + ": tensor " + fileName + " is " + tensor.dtype() + "; expected F32, F16 or BF16");
        }
        String name = fileName.startsWith(AdapterLayout.PREFIX)
                ? fileName.substring(AdapterLayout.PREFIX.length())
                : fileName;
        Part part = part(name);
        String before = names.put(part, fileName);
        if (before != null) {
            throw new ModelException(
                    source + " says the same twice: tensors " + before + " and " + fileName + "; expected one of them");
        }
        parts.put(part, HalfFloats.as(DataType.DATA_TYPE_F32, tensor));
    }

    private Part part(String name) {
        Matcher m = LOW_RANK.matcher(name);
        if (m.matches() && !(m.group("side").equals("A") && m.group("what").equals("bias"))) {
            Kind side = m.group("side").equals("A") ? Kind.A : Kind.B;
            return named(m, m.group("what").equals("bias") ? Kind.B_BIAS : side);
        }
        m = EMBEDDING.matcher(name);
        if (m.matches()) {
            return named(m, m.group("side").equals("A") ? Kind.EMBEDDING_A : Kind.EMBEDDING_B);
        }
        m = MAGNITUDE.matcher(name);
        if (m.matches()) {
            return named(m, Kind.MAGNITUDE);
        }
        m = TOKENS.matcher(name);
        if (m.matches()) {
            return named(m, Kind.TOKENS);
        }
        m = SAVED.matcher(name);
        if (m.matches()) {
            adapters.add(m.group("name"));
            return new Part(m.group("module") + "." + m.group("rest"), Kind.WHOLE);
        }
        m = BASE.matcher(name);
        return m.matches()
                ? new Part(m.group("module") + "." + m.group("rest"), Kind.BASE)
                : new Part(name, Kind.WHOLE);
    }

    private Part named(Matcher m, Kind kind) {
        if (m.group("name") != null) {
            adapters.add(m.group("name"));
        }
        return new Part(m.group("module"), kind);
    }
}
