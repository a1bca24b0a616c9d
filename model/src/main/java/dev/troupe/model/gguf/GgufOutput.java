package dev.troupe.model.gguf;

import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelException;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.TensorNames;
import dev.troupe.proto.HostTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** A model's tensors as a GGUF file has them: {@link GgufWeights} the other way round. */
final class GgufOutput {
    private final ModelFolder model;
    private final ModelConfig config;
    private final GgufArchitecture architecture;
    private final GgufNames names;
    private final List<Tensor> tensors = new ArrayList<>();

    /** @param numbers makes it, each time that it is asked for */
    @SuppressWarnings("ArrayRecordComponent") // lives only while its file is written
    record Tensor(String name, long[] shape, Supplier<HostTensor> numbers) {}

    private GgufOutput(ModelFolder model) {
        this.model = model;
        this.config = model.config();
        this.architecture = GgufArchitecture.of(config.family());
        this.names = new GgufNames(config.family().names());
    }

    static List<Tensor> of(ModelFolder model) {
        GgufOutput output = new GgufOutput(model);
        for (GgufConfigWriter.Factors each : GgufConfigWriter.factors(output.config)) {
            HostTensor values = HostTensor.ofFloats(each.values());
            output.tensors.add(new Tensor(each.name(), values.shape(), () -> values));
        }
        model.weights().names().forEach(output::add);
        return output.tensors;
    }

    private void add(String name) {
        String placed = names.toGguf(name);
        if (placed == null) {
            throw new ModelException("tensor " + name + " has no place in a GGUF file; expected a language model");
        }
        GgufNames.InLayer place = GgufNames.inLayer(placed);
        HostTensor tensor = model.weights().get(name);
        boolean norm = architecture.normsWithOne() && placed.endsWith("norm.weight");
        if (place != null && place.part().equals(GgufNames.QKV) && architecture != GgufArchitecture.PHI3) {
            split(place, tensor);
        } else if (place != null && GgufNames.ATTENTION.contains(place.part())) {
            part(place, GgufNames.ATTENTION.indexOf(place.part()), tensor.shape(), () -> tensor);
        } else {
            tensors.add(new Tensor(placed, tensor.shape(), () -> norm ? TensorRows.plus(tensor, 1) : tensor));
        }
    }

    private void split(GgufNames.InLayer place, HostTensor fused) {
        for (int i = 0; i < GgufNames.ATTENTION.size(); i++) {
            int which = i;
            long[] shape = fused.shape();
            shape[0] = (long) (i == 0 ? config.heads() : config.kvHeads()) * config.headDim();
            GgufNames.InLayer each = new GgufNames.InLayer(place.layer(), GgufNames.ATTENTION.get(i), place.kind());
            part(each, i, shape, () -> three(fused).get(which));
        }
    }

    private List<HostTensor> three(HostTensor fused) {
        return config.family().names().fusion() == TensorNames.Fusion.BY_HEAD
                ? TensorRows.outOfHeads(fused, config.heads(), config.kvHeads(), config.headDim())
                : TensorRows.outOfStack(fused, config.heads(), config.kvHeads(), config.headDim());
    }

    private void part(GgufNames.InLayer place, int which, long[] shape, Supplier<HostTensor> tensor) {
        boolean turned = which < 2 && architecture.paired();
        Supplier<HostTensor> placed = turned ? () -> RotaryRows.together(tensor.get(), config.headDim()) : tensor;
        tensors.add(new Tensor(place.name(), shape, placed));
    }
}
