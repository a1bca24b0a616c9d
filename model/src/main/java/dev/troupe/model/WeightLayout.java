package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorDigest;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.DataType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * How Hugging Face's tensors lie in the tensors that the script works on. The script has one matrix where Hugging Face
 * has query, key and value, and one where it has gate and up; this is the one place that knows both.
 */
final class WeightLayout {
    /** Script slots before the layers: embedding, final norm, head, rope frequencies. */
    static final int GLOBAL_SLOTS = 4;

    /** Script slots of each layer. */
    static final int LAYER_SLOTS = 14;

    /** Slot of the head. */
    static final int HEAD_SLOT = 2;

    /** Slot of the rope frequencies, which are not weights. */
    static final int ROPE_SLOT = 3;

    /** Of a tensor, looked at in one go. */
    private static final int LOOKED_AT_BYTES = 1 << 30;

    /** Whether a slot holds the matrix of a layer's linear map. */
    static boolean isLinear(int slot) {
        int place = (slot - GLOBAL_SLOTS) % LAYER_SLOTS;
        return slot >= GLOBAL_SLOTS && (place == 1 || place == 5 || place == 7 || place == 8);
    }

    /** Whether a slot holds the matrix of a linear map around a layer's attention. */
    static boolean isAttention(int slot) {
        int place = (slot - GLOBAL_SLOTS) % LAYER_SLOTS;
        return slot >= GLOBAL_SLOTS && (place == 1 || place == 5);
    }

    /** Rows of a Hugging Face tensor that stand somewhere in a leaf. */
    record Piece(String name, int row, int leafRow, int rows) {}

    /**
     * One tensor on the device.
     *
     * @param rowBytes bytes of a row; a vector counts as rows of one number
     */
    record Leaf(String name, int slot, long[] shape, int rowBytes, List<Piece> pieces) {}

    private static final String WEIGHT = ".weight";
    private static final String BIAS = ".bias";

    /** The score head, in all families. */
    static final String SCORE = "score.weight";

    private final ModelConfig config;
    private final TensorNames names;
    private final List<Leaf> leaves = new ArrayList<>();
    private final Map<String, long[]> tensors = new LinkedHashMap<>();

    WeightLayout(ModelConfig config) {
        this.config = config;
        this.names = config.family().names();
        int hidden = config.hidden();
        plain(names.embedding() + WEIGHT, 0, config.vocabulary(), hidden);
        for (int i = 0; i < config.layers(); i++) {
            layer(names.layers() + i + ".", GLOBAL_SLOTS + LAYER_SLOTS * i);
        }
        plain(names.norm() + WEIGHT, 1, hidden);
        if (config.scoreHead()) {
            plain(SCORE, HEAD_SLOT, 1, hidden);
        } else if (!config.tied()) {
            plain(names.head() + WEIGHT, HEAD_SLOT, config.vocabulary(), hidden);
        }
    }

    private void layer(String prefix, int slot) {
        int hidden = config.hidden();
        int queries = config.heads() * config.headDim();
        norm(prefix, 0, slot);
        attention(prefix, slot);
        String output = prefix + names.output();
        plain(output + WEIGHT, slot + 5, hidden, queries);
        norm(prefix, 2, slot + 6);
        mlp(prefix, WEIGHT, slot + 7, hidden);
        String down = prefix + names.down();
        plain(down + WEIGHT, slot + 8, hidden, config.intermediate());
        norm(prefix, 1, slot + 9);
        norm(prefix, 3, slot + 10);
        DecoderTraits.Biases biases = config.traits().biases();
        if (biases.output()) {
            plain(output + BIAS, slot + 11, hidden);
        }
        if (biases.mlp()) {
            mlp(prefix, BIAS, slot + 12);
            plain(down + BIAS, slot + 13, hidden);
        }
    }

    private void norm(String prefix, int place, int slot) {
        String name = names.norms().get(place);
        if (name != null) {
            plain(prefix + name + WEIGHT, slot, config.hidden());
        }
    }

    private void attention(String prefix, int slot) {
        int width = config.headDim();
        int rows = (config.heads() + 2 * config.kvHeads()) * width;
        fused(prefix, WEIGHT, slot + 1, rows, config.hidden());
        if (config.traits().biases().qkv()) {
            fused(prefix, BIAS, slot + 2, rows);
        }
        DecoderTraits.QkNorm norm = config.traits().qkNorm();
        if (norm != DecoderTraits.QkNorm.NONE) {
            boolean all = norm == DecoderTraits.QkNorm.ALL_HEADS;
            headNorm(prefix + TensorNames.QUERY_NORM + WEIGHT, slot + 3, all ? config.heads() : 1);
            headNorm(prefix + TensorNames.KEY_NORM + WEIGHT, slot + 4, all ? config.kvHeads() : 1);
        }
    }

    private void headNorm(String name, int slot, int heads) {
        int width = config.headDim();
        List<Piece> pieces = new ArrayList<>();
        tensor(name, (long) heads * width);
        turning(pieces, name, 0, 0, heads);
        leaf(name, slot, pieces, (long) heads * width);
    }

    private void mlp(String prefix, String kind, int slot, long... columns) {
        int inner = config.intermediate();
        List<Piece> pieces = new ArrayList<>();
        int parts = names.mlp().size();
        for (int i = 0; i < parts; i++) {
            String name = tensor(prefix + names.mlp().get(i) + kind, shape(2 / parts * (long) inner, columns));
            pieces.add(new Piece(name, 0, i * inner, 2 / parts * inner));
        }
        leaf(prefix + "mlp.gate_up_proj" + kind, slot, pieces, shape(2L * inner, columns));
    }

    /** q, k and v by key-value head: its queries, its key, its value. */
    private void fused(String prefix, String kind, int slot, int rows, long... columns) {
        int width = config.headDim();
        int group = config.heads() / config.kvHeads();
        int keyRows = config.kvHeads() * width;
        int queryRows = config.heads() * width;
        List<String> three = new ArrayList<>();
        for (String name : names.attention()) {
            boolean one = names.attention().size() == 1;
            int here = one ? rows : three.isEmpty() ? queryRows : keyRows;
            three.add(tensor(prefix + name + kind, shape(here, columns)));
        }
        String q = three.get(0);
        String k = three.get(three.size() == 1 ? 0 : 1);
        String v = three.get(three.size() == 1 ? 0 : 2);
        boolean stacked = names.fusion() == TensorNames.Fusion.STACKED;
        boolean byHead = names.fusion() == TensorNames.Fusion.BY_HEAD;
        List<Piece> pieces = new ArrayList<>();
        for (int head = 0; head < config.kvHeads(); head++) {
            int at = head * (group + 2) * width;
            int key = byHead ? at + group * width : head * width + (stacked ? queryRows : 0);
            int value = byHead ? key + width : head * width + (stacked ? queryRows + keyRows : 0);
            turning(pieces, q, byHead ? at : head * group * width, at, group);
            turning(pieces, k, key, at + group * width, 1);
            pieces.add(new Piece(v, value, at + (group + 1) * width, width));
        }
        leaf(prefix + "self_attn.qkv_proj" + kind, slot, pieces, shape(rows, columns));
    }

    /**
     * Heads that turn. Hugging Face turns a head's first channels, halves of those together, and lets the rest pass;
     * here halves of the whole head turn together, and a pair that passes turns by nothing.
     */
    private void turning(List<Piece> pieces, String name, int row, int leafRow, int heads) {
        int width = config.headDim();
        int half = config.rope().channels(width) / 2;
        int rest = width / 2 - half;
        if (rest == 0) {
            pieces.add(new Piece(name, row, leafRow, heads * width));
            return;
        }
        for (int head = 0; head < heads; head++) {
            int from = row + head * width;
            int to = leafRow + head * width;
            pieces.add(new Piece(name, from, to, half));
            pieces.add(new Piece(name, from + 2 * half, to + half, rest));
            pieces.add(new Piece(name, from + half, to + width / 2, half));
            pieces.add(new Piece(name, from + 2 * half + rest, to + width / 2 + half, rest));
        }
    }

    private static long[] shape(long rows, long... columns) {
        return columns.length == 0 ? new long[] {rows} : new long[] {rows, columns[0]};
    }

    private void plain(String name, int slot, long... shape) {
        tensor(name, shape);
        leaf(name, slot, List.of(new Piece(name, 0, 0, (int) shape[0])), shape);
    }

    private String tensor(String name, long... shape) {
        tensors.put(name, shape);
        return name;
    }

    private void leaf(String name, int slot, List<Piece> pieces, long... shape) {
        leaves.add(new Leaf(name, slot, shape, rowBytes(shape), pieces));
    }

    private static int rowBytes(long[] shape) {
        return Float.BYTES * (shape.length == 1 ? 1 : Math.toIntExact(shape[1]));
    }

    /** What stands in {@link #ROPE_SLOT}: [headDim / 2] frequencies, or {@link ModelConfig#ropeRows()}. */
    static NDArray rope(NDManager manager, ModelConfig config) {
        float[][] rows = config.ropeRows();
        return rows.length == 1 ? manager.create(rows[0]) : manager.create(rows);
    }

    /** The device tensors, in the order of the parameters. */
    List<Leaf> leaves() {
        return leaves;
    }

    /** Hugging Face names and shapes, in Hugging Face's order. */
    Map<String, long[]> tensors() {
        return tensors;
    }

    /** Number of script slots. */
    int slots() {
        return GLOBAL_SLOTS + LAYER_SLOTS * config.layers();
    }

    /** Refuses a set that is not exactly this layout's; the error names the tensor. */
    void check(TensorSet set) {
        for (Map.Entry<String, long[]> expected : tensors.entrySet()) {
            String name = expected.getKey();
            if (!set.contains(name)) {
                throw new ModelException("tensor " + name + " is missing; expected shape "
                        + Arrays.toString(expected.getValue()) + " after the configuration");
            }
            HostTensor found = set.get(name);
            if (!HalfFloats.isFloat(found.dtype()) || !Arrays.equals(found.shape(), expected.getValue())) {
                throw new ModelException("tensor " + name + " is " + found.dtype() + " "
                        + Arrays.toString(found.shape()) + "; the configuration says F32, F16 or BF16 "
                        + Arrays.toString(expected.getValue()));
            }
        }
        for (String name : set.names()) {
            if (!tensors.containsKey(name)) {
                throw new ModelException(
                        "tensor " + name + " is not one of a " + config.family().modelType() + " of " + config.layers()
                                + " layers" + (config.scoreHead() ? " with a score head" : ""));
            }
        }
    }

    /** A leaf as an F32 tensor, out of a checked set. */
    static NDArray fused(NDManager manager, Leaf leaf, TensorSet set) {
        return Libtorch.device().filled(manager, new Shape(leaf.shape), rows(leaf, set));
    }

    /** The rows of {@link #fused}. */
    static Device.Rows rows(Leaf leaf, TensorSet set) {
        int columns = leaf.rowBytes / Float.BYTES;
        return (bytes, from, to) -> {
            for (Piece piece : leaf.pieces) {
                int first = Math.max(from, piece.leafRow);
                int last = Math.min(to, piece.leafRow + piece.rows);
                if (first < last) {
                    HalfFloats.widen(
                            set.get(piece.name),
                            (piece.row + first - piece.leafRow) * columns,
                            (last - first) * columns,
                            bytes,
                            (first - from) * leaf.rowBytes);
                }
            }
        };
    }

    /**
     * Refuses a model that cannot be trained whole, before it is loaded: versions of its weights travel in fp32, a
     * tensor in a buffer of 2 GB at most.
     */
    void requireTravels() {
        if (config.traits().normalisedHead() && !config.scoreHead()) {
            throw new ModelException("the head's rows have length 1 in this model (Baichuan 2), which training all of"
                    + " it would not keep; expected adapter.mode = lora or qlora");
        }
        tensors.forEach((name, shape) -> {
            long bytes = Float.BYTES * Arrays.stream(shape).reduce(1, Math::multiplyExact);
            if (bytes > Integer.MAX_VALUE) {
                throw new ModelException(String.format(
                        Locale.ROOT,
                        "tensor %s %s takes %.1f GB in fp32; a model that is trained whole may have tensors of up to 2 GB."
                                + " With adapter.mode = lora or qlora it stays where it is",
                        name,
                        Arrays.toString(shape),
                        bytes / (double) (1L << 30)));
            }
        });
    }

    /**
     * Gives the F32 numbers of some rows of a leaf, by its place in {@link #leaves()}; good until the next are asked
     * for.
     */
    interface LeafBytes {
        ByteBuffer rows(int leaf, int row, int rows);
    }

    /** The Hugging Face tensors out of the leaves, which are asked for once each. */
    TensorSet split(LeafBytes leafBytes) {
        Map<String, HostTensor> out = new LinkedHashMap<>();
        tensors.forEach((name, shape) -> out.put(
                name,
                new HostTensor(
                        DataType.DATA_TYPE_F32,
                        shape,
                        ByteBuffer.allocate(Math.toIntExact(shape[0]) * rowBytes(shape)))));
        for (int i = 0; i < leaves.size(); i++) {
            Leaf leaf = leaves.get(i);
            for (Piece piece : leaf.pieces) {
                ByteBuffer from = leafBytes.rows(i, piece.leafRow, piece.rows);
                Objects.requireNonNull(out.get(piece.name))
                        .data()
                        .put(piece.row * leaf.rowBytes, from, 0, piece.rows * leaf.rowBytes);
            }
        }
        return TensorSet.of(out);
    }

    /**
     * {@link TensorSet#fingerprint()} of what {@link #split} makes, without making it; a leaf of several tensors may
     * be asked for more than once.
     */
    String fingerprint(LeafBytes leafBytes) {
        TensorDigest digest = TensorDigest.fingerprint();
        for (String name : TensorDigest.order(tensors.keySet())) {
            digest.begin(name, DataType.DATA_TYPE_F32, Objects.requireNonNull(tensors.get(name)));
            // A fused tensor's rows, or those of heads of which a part turns, lie in another order in the leaves.
            TreeMap<Integer, Runnable> byRow = new TreeMap<>();
            for (int i = 0; i < leaves.size(); i++) {
                int leaf = i;
                for (Piece piece : leaves.get(i).pieces) {
                    if (piece.name.equals(name)) {
                        byRow.put(piece.row, () -> digest(leafBytes, leaf, piece, digest));
                    }
                }
            }
            byRow.values().forEach(Runnable::run);
        }
        return digest.hex();
    }

    private void digest(LeafBytes leafBytes, int leaf, Piece piece, TensorDigest digest) {
        int most = rowsAtATime(leaf);
        for (int row = 0; row < piece.rows; row += most) {
            digest.bytes(leafBytes.rows(leaf, piece.leafRow + row, Math.min(most, piece.rows - row)));
        }
    }

    private int rowsAtATime(int leaf) {
        return Math.max(1, LOOKED_AT_BYTES / leaves.get(leaf).rowBytes);
    }
}
