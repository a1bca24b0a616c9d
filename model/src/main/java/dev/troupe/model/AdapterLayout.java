package dev.troupe.model;

import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

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

    /** Rows and ranks of a fused matrix that belong to one module. */
    private record ScaleBlock(int row, int rows, int column, int columns, float value) {}

    /** @param alone whether the matrix is a single module's */
    private record Scale(boolean alone, int out, int ranks, List<ScaleBlock> blocks) {
        float[][] values() {
            if (alone) {
                return new float[][] {{blocks.get(0).value}};
            }
            float[][] values = new float[out][ranks];
            for (ScaleBlock b : blocks) {
                for (int row = b.row; row < b.row + b.rows; row++) {
                    Arrays.fill(values[row], b.column, b.column + b.columns, b.value);
                }
            }
            return values;
        }
    }

    /** @param most rank that makes sense: the smaller side of the matrix that the module is in */
    private record Linear(Set<String> groups, long most) {}

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
    /** The linear modules of the layers, adapted or not. */
    private final Map<String, Linear> linear = new LinkedHashMap<>();
    /** By the slot of each adapted matrix. */
    private final Map<Integer, Scale> scales = new LinkedHashMap<>();

    AdapterLayout(ModelConfig model, AdapterConfig adapter) {
        this.model = model;
        this.adapter = adapter;
        for (WeightLayout.Leaf matrix : new WeightLayout(model.withScoreHead(false)).leaves()) {
            if (WeightLayout.isLinear(matrix.slot())) {
                adapt(matrix);
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
        Set<String> groups = WeightLayout.isAttention(matrix.slot())
                ? Set.of(AdapterConfig.ALL_LINEAR, AdapterConfig.ATTENTION)
                : Set.of(AdapterConfig.ALL_LINEAR);
        Map<String, List<WeightLayout.Piece>> modules = new LinkedHashMap<>();
        int parts = 0;
        for (WeightLayout.Piece piece : matrix.pieces()) {
            String module = module(piece.name());
            if (linear.put(module, new Linear(groups, Math.min(matrix.shape()[0], matrix.shape()[1]))) == null) {
                parts++;
            }
            if (adapter.targets().contain(module, groups)) {
                modules.computeIfAbsent(module, m -> new ArrayList<>()).add(piece);
            }
        }
        if (!modules.isEmpty()) {
            adapt(matrix, modules, parts == 1);
        }
    }

    /** @param alone whether the matrix is a single module's */
    private void adapt(WeightLayout.Leaf matrix, Map<String, List<WeightLayout.Piece>> modules, boolean alone) {
        int ranks = modules.keySet().stream().mapToInt(adapter::rank).sum();
        int out = Math.toIntExact(matrix.shape()[0]);
        long in = matrix.shape()[1];
        List<Block> a = new ArrayList<>();
        List<Block> b = new ArrayList<>();
        List<ScaleBlock> scale = new ArrayList<>();
        int at = 0;
        for (Map.Entry<String, List<WeightLayout.Piece>> e : modules.entrySet()) {
            int r = adapter.rank(e.getKey());
            float scaling = (float) adapter.scaling(e.getKey());
            String nameA = PREFIX + e.getKey() + ".lora_A.weight";
            String nameB = PREFIX + e.getKey() + ".lora_B.weight";
            tensors.put(nameA, new long[] {r, in});
            tensors.put(nameB, new long[] {
                e.getValue().stream().mapToInt(WeightLayout.Piece::rows).sum(), r
            });
            a.add(new Block(nameA, 0, at, r, 0));
            for (WeightLayout.Piece piece : e.getValue()) {
                b.add(new Block(nameB, piece.row(), piece.leafRow(), piece.rows(), at));
                scale.add(new ScaleBlock(piece.leafRow(), piece.rows(), at, r, scaling));
            }
            at += r;
        }
        String name = module(matrix.name());
        leaves.add(new Leaf(name + ".lora_A", A, matrix.slot(), new long[] {ranks, in}, a));
        leaves.add(new Leaf(name + ".lora_B", B, matrix.slot(), new long[] {out, ranks}, b));
        scales.put(matrix.slot(), new Scale(alone, out, ranks, scale));
    }

    /** The linear maps of a model's layers by name, with the groups they belong to. */
    static Map<String, Set<String>> linearModules(ModelConfig model) {
        AdapterConfig none = new AdapterConfig(1, 1, 0, false, AdapterTargets.NONE, Map.of(), Map.of());
        Map<String, Set<String>> modules = new LinkedHashMap<>();
        new AdapterLayout(model, none).linear.forEach((module, shape) -> modules.put(module, shape.groups));
        return modules;
    }

    /** Refuses targets that are no linear modules of the model, and ranks that one of them is too small for. */
    void requireTargets() {
        List<String> names = adapter.targets().named().names();
        for (String target : names) {
            if (linear.keySet().stream().noneMatch(m -> ModuleNames.isNamed(m, target))) {
                throw new ModelException("adapter.targets = " + String.join(",", names) + ": " + target
                        + " is no linear module of a "
                        + model.family().modelType() + " of " + model.layers() + " layers; expected "
                        + AdapterConfig.ALL_LINEAR + ", " + AdapterConfig.ATTENTION + ", or names such as "
                        + linear.keySet().iterator().next());
            }
        }
        linear.forEach((module, shape) -> {
            if (adapter.targets().contain(module, shape.groups) && adapter.rank(module) > shape.most) {
                throw new ModelException("adapter.r = " + adapter.rank(module) + ": expected at most " + shape.most
                        + ", the smaller side of " + module);
            }
        });
    }

    /** What the configuration's groups and names say, as names: the last part of each module of a group. */
    List<String> targetNames() {
        Set<String> names = new LinkedHashSet<>();
        linear.forEach((module, shape) -> {
            if (adapter.targets().groups().stream().anyMatch(shape.groups::contains)) {
                names.add(module.substring(module.lastIndexOf('.') + 1));
            }
        });
        names.addAll(adapter.targets().named().names());
        return List.copyOf(names);
    }

    /** The tensors on the device, in the order of the parameters. */
    List<Leaf> leaves() {
        return leaves;
    }

    /** Names as in peft's files, and shapes. */
    Map<String, long[]> tensors() {
        return tensors;
    }

    /** By slot, what B is multiplied by, [out, R] or [1, 1]; to be asked for once a set is known to fit. */
    Map<Integer, float[][]> scales() {
        Map<Integer, float[][]> all = new LinkedHashMap<>();
        scales.forEach((slot, scale) -> all.put(slot, scale.values()));
        return all;
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
