package dev.troupe.model.gguf;

import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelException;
import dev.troupe.model.TokenizerFiles;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.DataType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A GGUF file: llama, qwen2 or qwen3 in F32, F16, BF16, Q8_0, Q4_0 or Q4_1, with its tokenizer. Opening reads a header;
 * what is asked for is read then.
 */
public final class GgufModel {
    private static final String ENDING = ".gguf";
    /** Beyond any vocabulary; what lies further on is tensors. */
    private static final long LARGEST_HEADER = 1L << 28;

    private final GgufHeader header;
    private final ModelConfig config;
    private final Bytes file;

    /** Where a tensor's bytes come from. */
    interface Bytes {
        ByteBuffer at(long offset, long length) throws IOException;
    }

    private GgufModel(GgufHeader header, Bytes file) {
        this.header = header;
        this.file = file;
        boolean tied = header.tensors().stream().noneMatch(t -> t.name().equals("output.weight"));
        GgufTensor factors = header.tensors().stream()
                .filter(t -> t.name().equals(GgufNames.ROPE_FACTORS))
                .findFirst()
                .orElse(null);
        this.config = GgufConfig.read(
                header.metadata(), header.tensors().size(), tied, factors == null ? null : values(factors));
    }

    /** Whether a path is that of a GGUF file, by its name. */
    public static boolean isGguf(Path path) {
        return path.toString().endsWith(ENDING) && !Files.isDirectory(path);
    }

    /** Reads the header; a broken or unknown file gives an error that names it and the reason. */
    public static GgufModel open(Path path) {
        return open(path, Set.of());
    }

    /**
     * As {@link #open(Path)}.
     *
     * @param ignoredKeys keys of the metadata that are read as if they were not there
     */
    public static GgufModel open(Path path, Set<String> ignoredKeys) {
        GgufHeader header = header(path);
        GgufHeader rest = new GgufHeader(header.metadata().without(ignoredKeys), header.tensors());
        return new GgufModel(rest, (offset, length) -> mapped(path, offset, length));
    }

    /** The tokenizer of a file, as the files of a Hugging Face folder would hold it; nothing else is looked at. */
    public static TokenizerFiles tokenizer(Path path) {
        return GgufTokenizer.read(header(path).metadata());
    }

    private static GgufHeader header(Path path) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            ByteBuffer head = channel.map(FileChannel.MapMode.READ_ONLY, 0, Math.min(size, LARGEST_HEADER));
            return GgufHeader.parse(head, size, path.toString());
        } catch (NoSuchFileException e) {
            throw new ModelException("no GGUF file " + path, e);
        } catch (IOException e) {
            throw new ModelException("cannot read " + path + ": " + e, e);
        }
    }

    static GgufModel of(ByteBuffer head, long size, String source, Bytes file) {
        return new GgufModel(GgufHeader.parse(head, size, source), file);
    }

    private static ByteBuffer mapped(Path path, long offset, long length) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, offset, length);
        }
    }

    /** The shape of the decoder. */
    public ModelConfig config() {
        return config;
    }

    /**
     * The tensors under their Hugging Face names: F32, F16 and BF16 as they are, quantised ones as the F32 numbers they
     * stand for; query and key rows in Hugging Face's order.
     */
    public TensorSet weights() {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        for (GgufTensor tensor : header.tensors()) {
            if (tensor.name().equals(GgufNames.ROPE_FACTORS)) {
                continue;
            }
            String name = GgufNames.toHuggingFace(tensor.name());
            if (tensors.put(name, ordered(name, tensor)) != null) {
                throw new ModelException(
                        "GGUF file " + header.metadata().source() + " has tensor " + tensor.name() + " twice");
            }
        }
        return TensorSet.of(tensors);
    }

    private HostTensor ordered(String name, GgufTensor tensor) {
        boolean rotary = name.contains(".q_proj.") || name.contains(".k_proj.");
        HostTensor read = read(tensor);
        return rotary && GgufConfig.pairsTogether(config) && tensor.shape()[0] % config.headDim() == 0
                ? RotaryRows.apart(read, config.headDim())
                : read;
    }

    private HostTensor read(GgufTensor tensor) {
        ByteBuffer bytes;
        try {
            bytes = file.at(tensor.offset(), tensor.bytes());
        } catch (IOException e) {
            throw new ModelException("cannot read " + header.metadata().source() + ": " + e, e);
        }
        return switch (tensor.type()) {
            case F32 -> new HostTensor(DataType.DATA_TYPE_F32, tensor.shape(), bytes);
            case F16 -> new HostTensor(DataType.DATA_TYPE_F16, tensor.shape(), bytes);
            case BF16 -> new HostTensor(DataType.DATA_TYPE_BF16, tensor.shape(), bytes);
            default -> new HostTensor(DataType.DATA_TYPE_F32, tensor.shape(), GgufBlocks.floats(tensor.type(), bytes));
        };
    }

    private float[] values(GgufTensor tensor) {
        if (tensor.type() != GgufType.F32) {
            throw new ModelException("GGUF file " + header.metadata().source() + ": tensor " + tensor.name() + " is "
                    + tensor.type() + "; expected F32");
        }
        float[] values = new float[tensor.elements()];
        read(tensor).data().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }

    /** {@link #tokenizer(Path)} of this file. */
    TokenizerFiles tokenizer() {
        return GgufTokenizer.read(header.metadata());
    }
}
