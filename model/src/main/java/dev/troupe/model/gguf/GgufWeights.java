package dev.troupe.model.gguf;

import dev.troupe.model.DecoderTraits;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.TensorNames;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The tensors of a GGUF file as the family's tensors of Hugging Face: what the converter did to them is undone. */
final class GgufWeights {
    private static final String BIAS = "bias";
    /** What may add a bias. */
    private static final List<String> BIASED =
            List.of("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down");

    private final GgufTensors tensors;
    private final ModelConfig config;
    private final GgufArchitecture architecture;
    private final GgufNames names;
    private final Map<String, HostTensor> made = new LinkedHashMap<>();
    /** Queries, keys and values by the layer and {@code weight} or {@code bias}. */
    private final Map<GgufNames.InLayer, @Nullable HostTensor[]> attention = new LinkedHashMap<>();

    private GgufWeights(GgufTensors tensors, ModelConfig config, GgufArchitecture architecture) {
        this.tensors = tensors;
        this.config = config;
        this.architecture = architecture;
        this.names = new GgufNames(config.family().names());
    }

    static TensorSet read(GgufTensors tensors, ModelConfig config, GgufArchitecture architecture) {
        return new GgufWeights(tensors, config, architecture).read();
    }

    private TensorSet read() {
        for (String name : tensors.names()) {
            GgufNames.InLayer place = GgufNames.inLayer(name);
            if (GgufNames.isRope(name)) {
                continue;
            }
            if (place != null && place.part().equals(GgufNames.QKV)) {
                stacked(place);
            } else if (place != null && GgufNames.ATTENTION.contains(place.part())) {
                part(place, GgufNames.ATTENTION.indexOf(place.part()), tensors.read(name));
            } else {
                boolean norm = architecture.normsWithOne() && name.endsWith("norm.weight");
                HostTensor read = tensors.read(name);
                made.put(names.toHuggingFace(name), norm ? TensorRows.plus(read, -1) : read);
            }
        }
        missingBiases();
        attention.forEach(this::join);
        return TensorSet.of(made);
    }

    private void stacked(GgufNames.InLayer place) {
        HostTensor all = tensors.read(place.name());
        int rows = (config.heads() + 2 * config.kvHeads()) * config.headDim();
        if (all.shape()[0] != rows) {
            throw tensors.wrong("has tensor " + place.name() + " of " + all.shape()[0] + " rows; expected " + rows
                    + ": queries, keys and values");
        }
        List<HostTensor> three = TensorRows.outOfStack(all, config.heads(), config.kvHeads(), config.headDim());
        for (int i = 0; i < three.size(); i++) {
            part(place, i, three.get(i));
        }
    }

    private void part(GgufNames.InLayer place, int which, HostTensor tensor) {
        @Nullable
        HostTensor[] three = attention.computeIfAbsent(
                new GgufNames.InLayer(place.layer(), GgufNames.QKV, place.kind()), key -> new HostTensor[3]);
        if (three[which] != null) {
            throw tensors.wrong("has tensor " + place.name() + " and another that holds the same numbers");
        }
        boolean turned = which < 2 && architecture.paired() && tensor.shape()[0] % config.headDim() == 0;
        three[which] = turned ? RotaryRows.apart(tensor, config.headDim()) : tensor;
    }

    /** A bias that is missing where the family has one beside it adds nothing: it becomes zeros. */
    private void missingBiases() {
        DecoderTraits.Biases biases = config.traits().biases();
        for (int layer = 0; layer < config.layers(); layer++) {
            for (String part : BIASED) {
                boolean wanted = part.startsWith("ffn")
                        ? biases.mlp()
                        : part.equals("attn_output") ? biases.output() : biases.qkv();
                if (wanted) {
                    absent(layer, part);
                }
            }
        }
    }

    private void absent(int layer, String part) {
        String weight = new GgufNames.InLayer(layer, part, "weight").name();
        GgufNames.InLayer bias = new GgufNames.InLayer(layer, part, BIAS);
        int which = GgufNames.ATTENTION.indexOf(part);
        if (which >= 0) {
            @Nullable HostTensor[] weights = attention.get(new GgufNames.InLayer(layer, GgufNames.QKV, "weight"));
            HostTensor beside = weights == null ? null : weights[which];
            if (beside != null && !hasBias(layer, which)) {
                part(bias, which, zeros(beside));
            }
        } else if (tensors.has(weight) && !tensors.has(bias.name())) {
            made.put(names.toHuggingFace(bias.name()), zeros(tensors.read(weight)));
        }
    }

    private boolean hasBias(int layer, int which) {
        @Nullable HostTensor[] biases = attention.get(new GgufNames.InLayer(layer, GgufNames.QKV, BIAS));
        return biases != null && biases[which] != null;
    }

    /** As many as the matrix has rows. */
    private static HostTensor zeros(HostTensor matrix) {
        return HostTensor.ofFloats(new float[Math.toIntExact(matrix.shape()[0])]);
    }

    private void join(GgufNames.InLayer place, @Nullable HostTensor[] three) {
        if (config.family().names().fusion() == TensorNames.Fusion.NONE) {
            for (int i = 0; i < three.length; i++) {
                HostTensor each = three[i];
                if (each != null) {
                    String name = new GgufNames.InLayer(place.layer(), GgufNames.ATTENTION.get(i), place.kind()).name();
                    made.put(names.toHuggingFace(name), each);
                }
            }
            return;
        }
        List<HostTensor> parts = new ArrayList<>();
        for (int i = 0; i < three.length; i++) {
            HostTensor each = three[i];
            long rows = (long) (i == 0 ? config.heads() : config.kvHeads()) * config.headDim();
            long[] shape = place.kind().equals(BIAS) ? new long[] {rows} : new long[] {rows, config.hidden()};
            if (each == null || !Arrays.equals(each.shape(), shape)) {
                throw tensors.wrong("has tensor "
                        + new GgufNames.InLayer(place.layer(), GgufNames.ATTENTION.get(i), place.kind()).name() + " as "
                        + (each == null ? "nothing" : Arrays.toString(each.shape())) + "; expected "
                        + Arrays.toString(shape));
            }
            parts.add(each);
        }
        boolean byHead = config.family().names().fusion() == TensorNames.Fusion.BY_HEAD;
        HostTensor fused = byHead ? TensorRows.byHead(parts, config.headDim()) : TensorRows.concat(parts);
        made.put(names.toHuggingFace(place.name()), fused);
    }
}
