package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The set is an adapter's tensors, named as in peft's files, and with a score head that head's.
 *
 * @param base what it stands on; stays open as long as anything made here
 * @param adapter its numbers
 * @param scoreHead whether a score head of its own stands in place of the base's head
 * @param gradientCheckpointing compute each layer a second time on the way back; also done where {@link #recomputes}
 *     says so
 */
public record AdaptedModel(FrozenBase base, AdapterConfig adapter, boolean scoreHead, boolean gradientCheckpointing)
        implements ModelForm {
    /** Everything kept for the backward pass where the base allows it. */
    public AdaptedModel(FrozenBase base, AdapterConfig adapter, boolean scoreHead) {
        this(base, adapter, scoreHead, false);
    }

    /** Checks that there is a head. */
    public AdaptedModel {
        if (base.config().scoreHead() && !scoreHead) {
            throw new ModelException("the base " + base.name()
                    + " has a score head and no language-model head; an adapter on it needs a score head too");
        }
    }

    /**
     * The form of an adapter that was read from its folder.
     *
     * @throws ModelException when the base is another one than the adapter was made for, or lacks what else the adapter
     *     changes of it ({@link FrozenBase#load(ModelFolder, AdapterFolder, FrozenBase.Storage)} works that in)
     */
    public static AdaptedModel of(FrozenBase base, AdapterFolder folder) {
        BaseFingerprint.require(folder, base.name(), base.fingerprint());
        if (!folder.parts().isEmpty() && base.parts() != folder.parts()) {
            throw new ModelException("the adapter " + folder.path()
                    + " changes more of its base than the linear maps of the layers: it needs a base of its own");
        }
        return new AdaptedModel(base, folder.config(), folder.scoreHead());
    }

    @Override
    public ModelConfig config() {
        return base.config().withScoreHead(scoreHead);
    }

    /** The adapter is in single precision whatever the base is kept in. */
    Numerics numerics() {
        return new Numerics(Dtype.FP32, gradientCheckpointing || recomputes(config(), adapter, base.storage()));
    }

    /**
     * Whether each layer is computed a second time on the way back without being asked for: over a base in four bits,
     * which is chosen for memory, and where autograd would keep each matrix as it was widened for a layer.
     */
    public static boolean recomputes(ModelConfig model, AdapterConfig adapter, FrozenBase.Storage storage) {
        boolean byKernel = model.byKernel() && adapter.dropout() == 0;
        return storage == FrozenBase.Storage.NF4 || (storage == FrozenBase.Storage.BF16 && !byKernel);
    }

    /** Numbers that are trained. */
    public long trainable() {
        return adapter.parameters(config());
    }

    /**
     * An adapter that changes nothing yet: A drawn evenly from +-1 / sqrt(columns) as peft does, the same for the same
     * seed, B zero; the score head is the base's, or zero.
     */
    public TensorSet initial(long seed) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        int draw = 0;
        for (Map.Entry<String, long[]> e : layout().tensors().entrySet()) {
            long[] shape = e.getValue();
            float[] values = new float[Math.toIntExact(shape[0] * shape[1])];
            if (e.getKey().endsWith(".lora_A.weight")) {
                double bound = 1 / Math.sqrt(shape[1]);
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) (bound * (2 * CounterNoise.uniform(seed, draw, 1, i) - 1));
                }
            } else if (e.getKey().equals(AdapterLayout.SCORE) && base.config().scoreHead()) {
                NDArray head = base.places().get(WeightLayout.HEAD_SLOT);
                values = head.toFloatArray();
            }
            tensors.put(e.getKey(), HostTensor.ofFloats(values, shape));
            draw++;
        }
        return TensorSet.of(tensors);
    }

    private AdapterLayout layout() {
        return new AdapterLayout(config(), adapter);
    }

    @Override
    public Decoder decoder(TensorSet tensors, boolean trainable) {
        return Decoder.over(this, tensors, trainable);
    }

    @Override
    public DecodeEngine engine(TensorSet tensors, int slots, int length, SamplingConfig sampling) {
        return DecodeEngine.over(this, tensors, slots, length, sampling);
    }

    @Override
    public TensorSet read(Path folder) {
        AdapterFolder adapter = AdapterFolder.open(folder);
        BaseFingerprint.require(adapter, base.name(), base.fingerprint());
        layout().check(adapter.tensors());
        return adapter.tensors();
    }

    @Override
    public void save(Path folder, TensorSet tensors, @Nullable Path tokenizerFrom) {
        AdapterConfig named = adapter.named(base.config());
        AdapterParts parts =
                base.parts().isEmpty() ? AdapterParts.none(folder.toString(), named, scoreHead) : base.parts();
        new AdapterFolder(folder, base.name(), named, scoreHead, tensors, parts, base.fingerprint()).save();
        if (tokenizerFrom != null) {
            ModelFolder.copyTokenizer(tokenizerFrom, folder);
        }
    }
}
