package dev.troupe.model.gguf;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** How a GGUF file stores a tensor's numbers: in blocks along a row, each block some bytes. */
enum GgufType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    /** 32 numbers: an F16 scale, 16 bytes of two four-bit numbers from -8. */
    Q4_0(2, 32, 18),
    /** 32 numbers: an F16 scale, an F16 minimum, 16 bytes of two four-bit numbers from 0. */
    Q4_1(3, 32, 20),
    /** 32 numbers: an F16 scale, 32 signed bytes. */
    Q8_0(8, 32, 34),
    BF16(30, 1, 2);

    /** Names of llama.cpp's types by number, for errors; empty where a number was taken back. */
    private static final List<String> NAMES = List.of(
            "F32", "F16", "Q4_0", "Q4_1", "", "", "Q5_0", "Q5_1", "Q8_0", "Q8_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K",
            "Q6_K", "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS", "I8", "I16",
            "I32", "I64", "F64", "IQ1_M", "BF16", "", "", "", "TQ1_0", "TQ2_0", "", "", "", "MXFP4");

    private final int number;
    private final int block;
    private final int bytes;

    GgufType(int number, int block, int bytes) {
        this.number = number;
        this.block = block;
        this.bytes = bytes;
    }

    /** Its number in the file. */
    int number() {
        return number;
    }

    /** Numbers in a block. */
    int block() {
        return block;
    }

    /** Bytes of a block. */
    int bytes() {
        return bytes;
    }

    /** The type of this number; otherwise an IllegalArgumentException that names it and the known ones. */
    static GgufType of(int number) {
        for (GgufType type : values()) {
            if (type.number == number) {
                return type;
            }
        }
        boolean named =
                number >= 0 && number < NAMES.size() && !NAMES.get(number).isEmpty();
        throw new IllegalArgumentException("quantisation " + (named ? NAMES.get(number) : "number " + number)
                + " is not supported; known are "
                + Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(", ")));
    }
}
