package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A model's weights on the device, never changed, that any number of decoders stand on: policy, reference, value and
 * reward model with an adapter and maybe a head of their own. They may be at work on several threads at once. To be
 * closed after them.
 */
public final class FrozenBase implements AutoCloseable {
    /** How the matrices of the layers are kept. */
    public enum Storage {
        /** In single precision. */
        FP32,
        /** Rounded to bf16, embedding and head too; norms and biases in single precision. */
        BF16,
        /** In four bits a number; embedding, head, norms and biases as they come. One matrix at a time is expanded. */
        NF4
    }

    private static final AdapterParts NO_PARTS = AdapterParts.none(
            "no adapter", new AdapterConfig(1, 1, 0, false, AdapterTargets.NONE, Map.of(), Map.of()), false);

    private static final int NF4_STRETCHES = 8;
    private static final int CODES = 4;
    private static final int RUNS = 5;
    private static final int LENGTHS = 6;
    private static final int ORDER = 7;

    private final String name;
    private final ModelConfig config;
    private final Storage storage;
    private final AdapterParts parts;
    private final String fingerprint;
    private final Script script;
    private final NDManager manager = Libtorch.scope();
    private final NDList places;
    private final TensorList slots;
    private final NDArray absent;
    /** Made when the first engine asks. */
    private @Nullable NDList packed;

    private FrozenBase(
            String name,
            ModelConfig config,
            TensorSet weights,
            Storage storage,
            AdapterParts parts,
            String fingerprint) {
        this.name = name;
        this.parts = parts;
        this.fingerprint = fingerprint;
        this.config = config;
        this.storage = storage;
        this.script = Script.load(Decoder.class, "decoder.py", "linear.py", "kernel.py", "head.py", "divergence.py");
        this.absent = manager.create(new Shape(0), DataType.FLOAT32);
        WeightLayout layout = new WeightLayout(config);
        layout.check(weights);
        NDArray[] all = new NDArray[storage == Storage.NF4 ? NF4_STRETCHES * layout.slots() : layout.slots()];
        for (WeightLayout.Leaf leaf : layout.leaves()) {
            if (storage == Storage.NF4 && WeightLayout.isLinear(leaf.slot())) {
                quantize(leaf, weights, all, layout.slots());
            } else {
                all[leaf.slot()] = plain(WeightLayout.fused(manager, leaf, weights));
            }
        }
        if (storage == Storage.NF4) {
            all[CODES * layout.slots()] = manager.create(Nf4.pairs(), new Shape(256, 2));
            all[CODES * layout.slots() + 1] = manager.create(Nf4.MAGNITUDE_CODE);
        }
        if (all[WeightLayout.HEAD_SLOT] == null) {
            all[WeightLayout.HEAD_SLOT] = all[0];
        }
        all[WeightLayout.ROPE_SLOT] = WeightLayout.rope(manager, config);
        this.places = new NDList();
        for (NDArray place : all) {
            places.add(place == null ? absent : place);
        }
        this.slots = TensorList.of(places);
    }

    /**
     * Puts weights on the device; names and shapes must be the configuration's, errors name the tensor.
     *
     * @param name what adapters' files call the base: its folder
     */
    public static FrozenBase load(String name, ModelConfig config, TensorSet weights, Storage storage) {
        return new FrozenBase(name, config, weights, storage, NO_PARTS, BaseFingerprint.of(weights));
    }

    /**
     * A model with what an adapter changes beside the linear maps of its layers worked in, for {@link AdaptedModel#of}.
     *
     * @throws ModelException that names the tensor or the key that does not fit, or a base that the adapter was not
     *     made for
     */
    public static FrozenBase load(ModelFolder folder, AdapterFolder adapter, Storage storage) {
        String fingerprint = BaseFingerprint.of(folder.weights());
        BaseFingerprint.require(adapter, folder.path().toString(), fingerprint);
        ModelFolder worked = adapter.parts().in(folder);
        if (storage == Storage.NF4) {
            requireMatricesKept(folder, worked, adapter);
        }
        return new FrozenBase(
                folder.path().toString(), worked.config(), worked.weights(), storage, adapter.parts(), fingerprint);
    }

    /** The numbers that such an adapter was trained for would be rounded to four bits. */
    private static void requireMatricesKept(ModelFolder folder, ModelFolder worked, AdapterFolder adapter) {
        for (WeightLayout.Leaf leaf : new WeightLayout(folder.config()).leaves()) {
            for (WeightLayout.Piece piece : leaf.pieces()) {
                if (WeightLayout.isLinear(leaf.slot())
                        && worked.weights().get(piece.name())
                                != folder.weights().get(piece.name())) {
                    throw new ModelException("the adapter " + adapter.path() + " changes all of " + piece.name()
                            + ", which would be rounded to four bits. Use it without nf4");
                }
            }
        }
    }

    private NDArray tensor(Buffer data, DataType type, long... shape) {
        return manager.create(data, new Shape(shape), type);
    }

    /** Vectors and a head of one output, which adapters start from, stay in fp32. */
    private NDArray plain(NDArray wide) {
        if (storage != Storage.BF16
                || wide.getShape().dimension() == 1
                || wide.getShape().get(0) == 1) {
            return wide;
        }
        try (wide) {
            return script.tensor(manager, "narrowed", wide);
        }
    }

    /** The modules fused in a matrix are quantised one by one, as they are in a Hugging Face model. */
    private void quantize(WeightLayout.Leaf leaf, TensorSet weights, NDArray[] all, int stretch) {
        Map<String, Integer> firstRows = new LinkedHashMap<>();
        int rows = 0;
        List<Nf4.Matrix> parts = new ArrayList<>();
        for (WeightLayout.Piece piece : leaf.pieces()) {
            if (!firstRows.containsKey(piece.name())) {
                HostTensor module = weights.get(piece.name());
                if (module.elements() % Nf4.BLOCK != 0) {
                    throw new ModelException("tensor " + piece.name() + " has " + module.elements()
                            + " numbers; NF4 needs a multiple of " + Nf4.BLOCK + ". Load the model unquantised");
                }
                firstRows.put(piece.name(), rows);
                rows += Math.toIntExact(module.shape()[0]);
                parts.add(Nf4.quantize(FloatBuffer.wrap(HalfFloats.floats(module))));
            }
        }
        long columns = leaf.shape()[1];
        int slot = leaf.slot();
        all[slot] = tensor(joined(parts.stream().map(Nf4.Matrix::packed).toList()), DataType.UINT8, rows, columns / 2);
        ByteBuffer codes = joined(parts.stream().map(Nf4.Matrix::codes).toList());
        all[CODES * stretch + slot] = tensor(codes, DataType.UINT8, codes.capacity());
        runs(parts, all, stretch, slot);
        long[] order = new long[rows];
        boolean moved = false;
        for (WeightLayout.Piece piece : leaf.pieces()) {
            for (int i = 0; i < piece.rows(); i++) {
                int from = firstRows.getOrDefault(piece.name(), 0) + piece.row() + i;
                order[piece.leafRow() + i] = from;
                moved |= from != piece.leafRow() + i;
            }
        }
        if (moved) {
            all[ORDER * stretch + slot] = manager.create(order);
        }
    }

    private void runs(List<Nf4.Matrix> parts, NDArray[] all, int stretch, int slot) {
        int runs = parts.stream().mapToInt(p -> p.scales().length).sum();
        float[] table = new float[2 * runs];
        long[] lengths = new long[runs];
        int at = 0;
        for (Nf4.Matrix part : parts) {
            int left = part.codes().capacity();
            for (float scale : part.scales()) {
                table[at] = scale;
                table[runs + at] = part.offset();
                lengths[at++] = Math.min(Nf4.RUN, left);
                left -= Nf4.RUN;
            }
        }
        all[RUNS * stretch + slot] = manager.create(table, new Shape(2, runs));
        all[LENGTHS * stretch + slot] = manager.create(lengths);
    }

    private static ByteBuffer joined(List<ByteBuffer> parts) {
        ByteBuffer all = ByteBuffer.allocateDirect(
                parts.stream().mapToInt(ByteBuffer::capacity).sum());
        parts.forEach(p -> all.put(p.duplicate().position(0).limit(p.capacity())));
        return all.flip();
    }

    /** What adapters' files call this base. */
    public String name() {
        return name;
    }

    /** What of an adapter is worked into the weights. */
    AdapterParts parts() {
        return parts;
    }

    /** Names the numbers of the model, without what is worked in. */
    String fingerprint() {
        return fingerprint;
    }

    /** The shape of the model. */
    public ModelConfig config() {
        return config;
    }

    /** How the matrices are kept. */
    public Storage storage() {
        return storage;
    }

    Script script() {
        return script;
    }

    /** The base alone, as the script looks for it. */
    TensorList slots() {
        return slots;
    }

    /** The tensors of {@link #slots()}. */
    NDList places() {
        return places;
    }

    /**
     * The first stretch of {@link #slots()} for engines, which all share it. Matrices in fp32 are multiplied as they
     * lie, and so are those in four bits: whoever asks for them has no room for others. Large ones in bf16 are there a
     * second time, as oneDNN wants them, in fp32 unless the processor computes in bf16: widening them at each step
     * would take longer than the products do. That copy costs what the layers and the head take in that format, so a
     * base that only trains and scores never has it.
     *
     * @param engine decode.py
     * @param rows of the products to come, as the first engine says
     */
    synchronized NDList packed(Script engine, int rows) {
        if (packed == null) {
            NDList made = new NDList();
            for (int i = 0; i < new WeightLayout(config).slots(); i++) {
                NDArray place = places.get(i);
                boolean multiplies = i == WeightLayout.HEAD_SLOT || WeightLayout.isLinear(i);
                made.add(
                        multiplies && storage == Storage.BF16 && PackedWeights.packable(place)
                                ? PackedWeights.packed(engine, manager, place, rows, true)
                                : place);
            }
            packed = made;
        }
        return packed;
    }

    /** Stands where the script has nothing to look for. */
    NDArray absent() {
        return absent;
    }

    /** The numbers of one layer's matrix as the script reads it, under the modules' Hugging Face names; for tests. */
    Map<String, float[]> expanded(String weight) {
        WeightLayout layout = new WeightLayout(config);
        Map<String, float[]> out = new HashMap<>();
        for (WeightLayout.Leaf leaf : layout.leaves()) {
            if (leaf.pieces().stream().anyMatch(p -> p.name().equals(weight))) {
                try (NDManager scope = Libtorch.scope();
                        NDArray matrix = script.tensor(scope, "matrix", slots, leaf.slot(), layout.slots())) {
                    float[] fused = matrix.toFloatArray();
                    int columns = Math.toIntExact(leaf.shape()[1]);
                    for (WeightLayout.Piece p : leaf.pieces()) {
                        float[] module = out.computeIfAbsent(
                                p.name(), n -> new float[Math.toIntExact(rows(leaf, n) * (long) columns)]);
                        System.arraycopy(fused, p.leafRow() * columns, module, p.row() * columns, p.rows() * columns);
                    }
                }
            }
        }
        return out;
    }

    private static int rows(WeightLayout.Leaf leaf, String module) {
        return leaf.pieces().stream()
                .filter(p -> p.name().equals(module))
                .mapToInt(WeightLayout.Piece::rows)
                .sum();
    }

    @Override
    public void close() {
        slots.close();
        manager.close();
        script.close();
    }
}
