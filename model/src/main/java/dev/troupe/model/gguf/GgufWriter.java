package dev.troupe.model.gguf;

import dev.troupe.model.HalfFloats;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelException;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.TokenizerFiles;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.v1.DataType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/** Writes a language model with its tokenizer as a GGUF file that llama.cpp and transformers read. */
public final class GgufWriter {
    private static final int ALIGNMENT = 32;

    /** Type of the matrices; norms and biases stay F32, as llama.cpp has them. */
    public enum Dtype {
        F16(GgufType.F16, 1),
        BF16(GgufType.BF16, 32),
        Q8_0(GgufType.Q8_0, 7);

        private final GgufType type;
        /** llama.cpp's general.file_type. */
        private final int fileType;

        Dtype(GgufType type, int fileType) {
            this.type = type;
            this.fileType = fileType;
        }
    }

    /** @param tensor gives it in the file's order; asked for when it is written */
    @SuppressWarnings("ArrayRecordComponent") // lives only while its file is written
    private record Planned(String name, long[] shape, Supplier<HostTensor> tensor, GgufType type, long offset) {}

    private GgufWriter() {}

    /**
     * Writes {@code file} (beside, then renamed): one tensor after another, so that no second model is held.
     *
     * @throws ModelException for a score head, a decoder or a tokenizer that GGUF has no form for
     */
    public static void write(Path file, ModelFolder model, Dtype dtype) {
        List<Planned> plan = plan(model, dtype);
        GgufMetadataWriter metadata = metadata(model, dtype);
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            try (FileChannel channel = FileChannel.open(
                    part, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
                ByteBuffer head = head(metadata, plan);
                writeAll(channel, head);
                for (Planned tensor : plan) {
                    writeAll(channel, ByteBuffer.allocate((int) (padded(channel.position()) - channel.position())));
                    writeAll(channel, bytes(tensor));
                }
                writeAll(channel, ByteBuffer.allocate((int) (padded(channel.position()) - channel.position())));
            }
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new ModelException("cannot write " + file + ": " + e, e);
        }
    }

    private static long padded(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private static List<Planned> plan(ModelFolder model, Dtype dtype) {
        List<Planned> plan = new ArrayList<>();
        long offset = 0;
        for (GgufOutput.Tensor tensor : GgufOutput.of(model)) {
            GgufType type = tensor.shape().length == 1 ? GgufType.F32 : type(tensor.shape(), dtype);
            plan.add(new Planned(tensor.name(), tensor.shape(), tensor.numbers(), type, offset));
            long elements = Arrays.stream(tensor.shape()).reduce(1, Math::multiplyExact);
            offset = padded(offset + elements / type.block() * type.bytes());
        }
        return plan;
    }

    /** F16 where rows do not come out in whole blocks, as llama.cpp does. */
    private static GgufType type(long[] shape, Dtype dtype) {
        return shape[shape.length - 1] % dtype.type.block() == 0 ? dtype.type : GgufType.F16;
    }

    private static GgufMetadataWriter metadata(ModelFolder model, Dtype dtype) {
        GgufMetadataWriter out = new GgufMetadataWriter();
        ModelConfig config = model.config();
        GgufConfigWriter.write(config, out);
        out.uint32("general.file_type", dtype.fileType);
        out.uint32("general.quantization_version", 2);
        GgufVocabulary.write(TokenizerFiles.of(model.path()), config, out);
        return out;
    }

    private static ByteBuffer head(GgufMetadataWriter metadata, List<Planned> plan) {
        GgufMetadataWriter lines = new GgufMetadataWriter();
        for (Planned tensor : plan) {
            lines.tensor(tensor.name, tensor.shape, tensor.type.number(), tensor.offset);
        }
        byte[] keys = metadata.bytes();
        byte[] tensors = lines.bytes();
        return ByteBuffer.allocate(24 + keys.length + tensors.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(GgufHeader.MAGIC)
                .putInt(3)
                .putLong(plan.size())
                .putLong(metadata.count())
                .put(keys)
                .put(tensors)
                .flip();
    }

    private static ByteBuffer bytes(Planned planned) {
        return switch (planned.type) {
            case F32 ->
                HalfFloats.as(DataType.DATA_TYPE_F32, planned.tensor.get()).data();
            case F16 ->
                HalfFloats.as(DataType.DATA_TYPE_F16, planned.tensor.get()).data();
            case BF16 ->
                HalfFloats.as(DataType.DATA_TYPE_BF16, planned.tensor.get()).data();
            case Q8_0 -> GgufBlocks.toQ8(HalfFloats.floats(planned.tensor.get()));
            default -> throw new AssertionError(planned.type);
        };
    }

    private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
