package dev.troupe.model;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Number format in which a model's matrices are held. Norms, biases, softmax and sums are in fp32 in any case. */
public enum Dtype {
    /** IEEE single precision. */
    FP32(Float.BYTES),
    /** The upper half of a single: its range, 8 bits of its precision. */
    BF16(Short.BYTES);

    private final int bytes;

    Dtype(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of a number. */
    public int bytes() {
        return bytes;
    }

    /** The format of that name; {@code key} serves in the error. */
    public static Dtype of(String key, String name) {
        return Arrays.stream(values())
                .filter(d -> d.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new ModelException(key + " = " + name + ": expected "
                        + Arrays.stream(values()).map(Dtype::toString).collect(Collectors.joining(" or "))));
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
