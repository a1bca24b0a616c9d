package dev.troupe.model.gguf;

import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelException;
import dev.troupe.model.TokenizerFiles;
import dev.troupe.proto.TensorSet;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/**
 * A GGUF file of an architecture of {@link GgufArchitecture}, its tensors in types of {@link GgufType}, with its
 * tokenizer. Opening reads a header; what is asked for is read then.
 */
public final class GgufModel {
    private static final String ENDING = ".gguf";
    /** Beyond any vocabulary; what lies further on is tensors. */
    private static final long LARGEST_HEADER = 1L << 28;

    private final GgufHeader header;
    private final GgufArchitecture architecture;
    private final GgufTensors tensors;
    private final ModelConfig config;

    private GgufModel(GgufHeader header, GgufTensors.Bytes file) {
        this.header = header;
        this.architecture = GgufArchitecture.of(header.metadata());
        this.tensors = new GgufTensors(header, file);
        this.config = GgufConfig.read(header.metadata(), architecture, tensors);
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

    static GgufModel of(ByteBuffer head, long size, String source, GgufTensors.Bytes file) {
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
     * stand for; query and key rows in Hugging Face's order, norms and fused maps as its families have them.
     */
    public TensorSet weights() {
        return GgufWeights.read(tensors, config, architecture);
    }

    /** {@link #tokenizer(Path)} of this file. */
    TokenizerFiles tokenizer() {
        return GgufTokenizer.read(header.metadata());
    }
}
