package dev.troupe.model;

import dev.troupe.proto.TensorSet;
import java.nio.file.Path;

/** The safetensors file format: a JSON header and the tensors' bytes. */
public final class Safetensors {
    private Safetensors() {}

    /** Reads a file; F16 and BF16 become F32. A broken file gives an error that names it and what is wrong. */
    public static TensorSet read(Path file) {
        throw new UnsupportedOperationException();
    }

    /** Writes a file, the same bytes for equal sets. */
    public static void write(Path file, TensorSet tensors) {
        throw new UnsupportedOperationException();
    }
}
