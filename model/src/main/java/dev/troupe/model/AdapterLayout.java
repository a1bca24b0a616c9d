package dev.troupe.model;

import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * How an adapter's tensors, named as in peft's files, lie in the tensors of linear.py: the modules that are fused in
 * one matrix share an A (their ranks one after another) and a B (zero outside a module's own rows and ranks).
 */
final class AdapterLayout {
    /** Stretches of linear.py, in lengths of the weights' own list. */
    static final int A = 1;

    static final int B = 2;
    static final int SCALE = 3;

    static final String PREFIX = "base_model.model.";
    static final String SCORE = PREFIX + WeightLayout.SCORE;

    /** A rectangle of a named tensor, whose columns lie in a leaf from a column on. */
    private record Block(String name, int row, int leafRow, int rows, int leafColumn) {}

    /**
     * One tensor on the device.
     *
     * @param stretch 0 for the head, else {@link #A} or {@link #B}
     * @param slot place within the stretch
     */
    record Leaf(String name, int stretch, int slot, long[] shape, List<Block> blocks) {}

    private final ModelConfig model;
    private final AdapterConfig adapter;
    private final List<Leaf> leaves = new ArrayList<>();
    private final Map<String, long[]> tensors = new LinkedHashMap<>();
    /** For each adapted matrix's slot what B is multiplied by, [out, R] or [1, 1]. */
    private final Map<Integer, float[][]> scales = new LinkedHashMap<>();

    /** An error names a target that is no module of the model. */
    AdapterLayout(ModelConfig model, AdapterConfig adapter) {
        this.model = model;
        this.adapter = adapter;
        List<String> modules = new ArrayList<>();
        for (WeightLayout.Leaf matrix : new WeightLayout(model.withScoreHead(false)).leaves()) {
            if (WeightLayout.isLinear(matrix.slot())) {
                matrix.pieces().stream()
                        .map(p -> module(p.name()))
                        .filter(m -> !modules.contains(m))
                        .forEach(modules::add);
                adapt(matrix);
            }
        }
        for (String target : adapter.targets()) {
            if (modules.stream().noneMatch(m -> m.equals(target) || m.endsWith("." + target))) {
                throw new ModelException("adapter.targets = " + String.join(",", adapter.targets()) + ": " + target
                        + " is no linear module of a "
                        + model.family().modelType() + " of " + model.layers() + " layers; expected "
                        + AdapterConfig.ALL_LINEAR + ", " + AdapterConfig.ATTENTION + ", or names such as "
                        + modules.get(0));
            }
        }
        if (model.scoreHead()) {
            tensors.put(SCORE, new long[] {1, model.hidden()});
            leaves.add(new Leaf(
                    "score",
                    0,
                    WeightLayout.HEAD_SLOT,
                    new long[] {1, model.hidden()},
                    List.of(new Block(SCORE, 0, 0, 1, 0))));
        }
    }

    private static String module(String weight) {
        return weight.substring(0, weight.length() - ".weight".length());
    }

    private void adapt(WeightLayout.Leaf matrix) {
        Map<String, List<WeightLayout.Piece>> modules = new LinkedHashMap<>();
        int parts = (int) matrix.pieces().stream()
                .map(WeightLayout.Piece::name)
                .distinct()
                .count();
        for (WeightLayout.Piece piece : matrix.pieces()) {
            if (adapter.adapts(module(piece.name()))) {
                modules.computeIfAbsent(module(piece.name()), m -> new ArrayList<>())
                        .add(piece);
            }
        }
        if (modules.isEmpty()) {
            return;
        }
        int r = adapter.r();
        if (r > Math.min(matrix.shape()[0], matrix.shape()[1])) {
            throw new ModelException("adapter.r = " + r + ": expected at most "
                    + Math.min(matrix.shape()[0], matrix.shape()[1]) + ", the smaller side of " + matrix.name());
        }
        int ranks = r * modules.size();
        int out = Math.toIntExact(matrix.shape()[0]);
        long in = matrix.shape()[1];
        List<Block> a = new ArrayList<>();
        List<Block> b = new ArrayList<>();
        float[][] scale = new float[out][ranks];
        int at = 0;
        for (Map.Entry<String, List<WeightLayout.Piece>> e : modules.entrySet()) {
            String nameA = PREFIX + e.getKey() + ".lora_A.weight";
            String nameB = PREFIX + e.getKey() + ".lora_B.weight";
            tensors.put(nameA, new long[] {r, in});
            tensors.put(nameB, new long[] {
                e.getValue().stream().mapToInt(WeightLayout.Piece::rows).sum(), r
            });
            a.add(new Block(nameA, 0, at, r, 0));
            for (WeightLayout.Piece piece : e.getValue()) {
                b.add(new Block(nameB, piece.row(), piece.leafRow(), piece.rows(), at));
                for (int row = 0; row < piece.rows(); row++) {
                    Arrays.fill(scale[piece.leafRow() + row], at, at + r, (float) adapter.scaling());
                }
            }
            at += r;
        }
        String name = module(matrix.name());
        leaves.add(new Leaf(name + ".lora_A", A, matrix.slot(), new long[] {ranks, in}, a));
        leaves.add(new Leaf(name + ".lora_B", B, matrix.slot(), new long[] {out, ranks}, b));
        scales.put(matrix.slot(), parts == 1 ? new float[][] {{(float) adapter.scaling()}} : scale);
    }

    /** The tensors on the device, in the order of the parameters. */
    List<Leaf> leaves() {
        return leaves;
    }

    /** Names as in peft's files, and shapes. */
    Map<String, long[]> tensors() {
        return tensors;
    }

    /** By slot, what B is multiplied by. */
    Map<Integer, float[][]> scales() {
        return scales;
    }

    /** Refuses a set that is not exactly this layout's; the error names the tensor and both shapes. */
    void check(TensorSet set) {
        String whose = "an adapter of rank " + adapter.r() + " for a "
                + model.family().modelType() + " of " + model.layers() + " layers and hidden size " + model.hidden();
        for (Map.Entry<String, long[]> expected : tensors.entrySet()) {
            String name = expected.getKey();
            if (!set.contains(name)) {
                throw new ModelException("adapter tensor " + name + " is missing; expected shape "
                        + Arrays.toString(expected.getValue()) + " in " + whose);
            }
            HostTensor found = set.get(name);
            if (found.dtype() != DataType.DATA_TYPE_F32 || !Arrays.equals(found.shape(), expected.getValue())) {
                throw new ModelException("adapter tensor " + name + " is " + found.dtype() + " "
                        + Arrays.toString(found.shape()) + "; expected F32 " + Arrays.toString(expected.getValue())
                        + " in " + whose + ": it was made for another base model");
            }
        }
        for (String name : set.names()) {
            if (!tensors.containsKey(name)) {
                throw new ModelException("adapter tensor " + name + " "
                        + Arrays.toString(set.get(name).shape()) + " belongs to no module of " + whose
                        + ": it was made for another base model or for other targets");
            }
        }
    }

    /** The bytes of a leaf, in a direct buffer, out of a checked set. */
    ByteBuffer fuse(Leaf leaf, TensorSet set) {
        ByteBuffer bytes = allocate(leaf.shape());
        int width = Math.toIntExact(leaf.shape()[1]);
        for (Block block : leaf.blocks) {
            HostTensor tensor = set.get(block.name);
            int columns = Math.toIntExact(tensor.shape()[1]);
            ByteBuffer from = tensor.data();
            for (int i = 0; i < block.rows; i++) {
                int to = (block.leafRow + i) * width + block.leafColumn;
                bytes.put(to * Float.BYTES, from, (block.row + i) * columns * Float.BYTES, columns * Float.BYTES);
            }
        }
        return bytes;
    }

    private static ByteBuffer allocate(long[] shape) {
        int elements = Math.toIntExact(Math.multiplyExact(shape[0], shape[1]));
        return ByteBuffer.allocateDirect(Math.multiplyExact(elements, Float.BYTES))
                .order(ByteOrder.nativeOrder());
    }

    /** The named tensors out of the leaves' bytes, given in the order of {@link #leaves()}. */
    TensorSet split(List<ByteBuffer> leafBytes) {
        Map<String, HostTensor> out = new LinkedHashMap<>();
        tensors.forEach((name, shape) -> out.put(
                name,
                new HostTensor(
                        DataType.DATA_TYPE_F32,
                        shape,
                        ByteBuffer.allocate(Math.toIntExact(shape[0] * shape[1]) * Float.BYTES))));
        for (int i = 0; i < leaves.size(); i++) {
            int width = Math.toIntExact(leaves.get(i).shape()[1]);
            for (Block block : leaves.get(i).blocks) {
                HostTensor tensor = Objects.requireNonNull(out.get(block.name));
                int columns = Math.toIntExact(tensor.shape()[1]);
                ByteBuffer to = tensor.data();
                for (int k = 0; k < block.rows; k++) {
                    int from = (block.leafRow + k) * width + block.leafColumn;
                    to.put(
                            (block.row + k) * columns * Float.BYTES,
                            leafBytes.get(i),
                            from * Float.BYTES,
                            columns * Float.BYTES);
                }
            }
        }
        return TensorSet.of(out);
    }
}
