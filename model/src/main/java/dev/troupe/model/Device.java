package dev.troupe.model;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;

/**
 * Where a process keeps its tensors, and all that depends on that: which tensors libtorch makes, whether Java shares
 * memory with them, and how the decode engine lays its matrices out.
 *
 * @param cuda number of the CUDA device, or -1 for the processor
 */
public record Device(int cuda) {
    /** The processor. */
    public static final Device CPU = new Device(-1);

    private static final long PART_BYTES = 1L << 30;
    private static final Pattern CUDA = Pattern.compile("cuda:(\\d{1,4})");

    /**
     * Reads {@code cpu}, {@code cuda:N} or {@code auto} (the first CUDA device there is, or else the processor).
     *
     * @param key serves in errors
     * @throws ModelException for another text, or when that device is absent
     */
    public static Device of(String key, String text) {
        if (text.equals("cpu")) {
            return CPU;
        }
        if (text.equals("auto")) {
            return cudaDevices() > 0 ? new Device(0) : CPU;
        }
        Matcher cuda = CUDA.matcher(text);
        if (!cuda.matches()) {
            throw new ModelException(key + " = " + text + ": expected cpu, cuda:N (cuda:0 is the first) or auto");
        }
        Device device = new Device(Integer.parseInt(cuda.group(1)));
        if (device.cuda >= cudaDevices()) {
            throw new ModelException(key + " = " + text + ": this process sees " + cudaDevices()
                    + " CUDA devices. libtorch " + Libtorch.version() + " is loaded "
                    + (builtForCuda() ? "with CUDA" : "without CUDA")
                    + ": troupe doctor says what a CUDA run needs; expected cpu or auto here");
        }
        return device;
    }

    /** CUDA devices that libtorch can use; 0 when it was built without CUDA. */
    public static int cudaDevices() {
        Libtorch.start();
        return builtForCuda() ? Engine.getEngine("PyTorch").getGpuCount() : 0;
    }

    /** Whether the libtorch that is loaded was built with CUDA. */
    public static boolean builtForCuda() {
        Libtorch.start();
        return JniUtils.getFeatures().contains("CUDA");
    }

    /** Whether tensors lie in the processor's own memory, which Java can share. */
    boolean sharesMemory() {
        return cuda < 0;
    }

    /** Puts the numbers of rows {@code from} to {@code to} (exclusive) into memory that begins with their first. */
    interface Rows {
        void write(ByteBuffer bytes, int from, int to);
    }

    /** A new F32 tensor here, of rows that the writer gives: in parts if it is larger than a buffer can be, 2 GB. */
    NDArray filled(NDManager manager, Shape shape, Rows rows) {
        return filled(manager, shape, rows, PART_BYTES);
    }

    /** @param mostBytes of a part, but at least a row */
    NDArray filled(NDManager manager, Shape shape, Rows rows, long mostBytes) {
        long count = shape.get(0);
        long rowBytes = shape.size() / count * Float.BYTES;
        long part = Math.max(1, mostBytes / rowBytes);
        if (!sharesMemory()) {
            return copied(manager, shape, rows, part);
        }
        NDArray made = manager.create(shape, DataType.FLOAT32);
        fill(made, rows, part);
        return made;
    }

    /** Writes all rows of an F32 tensor that {@link #sharesMemory() shares} its memory. */
    void fill(NDArray tensor, Rows rows) {
        long rowBytes = tensor.size() / tensor.getShape().get(0) * Float.BYTES;
        fill(tensor, rows, Math.max(1, PART_BYTES / rowBytes));
    }

    private static void fill(NDArray made, Rows rows, long part) {
        long count = made.getShape().get(0);
        if (part >= count) {
            rows.write(bytes(made), 0, (int) count);
            return;
        }
        long[] cuts =
                LongStream.iterate(part, at -> at < count, at -> at + part).toArray();
        try (NDList parts = made.split(cuts)) { // views of its memory
            for (int i = 0; i < parts.size(); i++) {
                rows.write(bytes(parts.get(i)), (int) (i * part), (int) Math.min(count, (i + 1) * part));
            }
        }
    }

    /** The memory of a tensor that {@link #sharesMemory() shares} it, of up to 2 GB. */
    static ByteBuffer bytes(NDArray array) {
        return array.toByteBuffer(true).order(ByteOrder.nativeOrder());
    }

    private static NDArray copied(NDManager manager, Shape shape, Rows rows, long part) {
        long count = shape.get(0);
        long rowBytes = shape.size() / count * Float.BYTES;
        try (NDList parts = new NDList()) {
            for (long from = 0; from < count; from += part) {
                long to = Math.min(count, from + part);
                ByteBuffer bytes = ByteBuffer.allocateDirect(Math.toIntExact((to - from) * rowBytes))
                        .order(ByteOrder.nativeOrder());
                rows.write(bytes, (int) from, (int) to);
                long[] some = shape.getShape().clone();
                some[0] = to - from;
                parts.add(manager.create(bytes, new Shape(some), DataType.FLOAT32));
            }
            return parts.size() == 1 ? parts.remove(0) : NDArrays.concat(parts);
        }
    }

    /** Whether oneDNN computes here, which wants matrices packed. */
    boolean packsMatrices() {
        return cuda < 0;
    }

    /** Whether products in bf16 are faster here than products of the same numbers in fp32. */
    public boolean computesInBf16() {
        return cuda >= 0 || Cpu.computesInBf16();
    }

    ai.djl.Device engine() {
        return cuda < 0 ? ai.djl.Device.cpu() : ai.djl.Device.gpu(cuda);
    }

    @Override
    public String toString() {
        return cuda < 0 ? "cpu" : "cuda:" + cuda;
    }
}
