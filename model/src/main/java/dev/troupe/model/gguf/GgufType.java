package dev.troupe.model.gguf;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** How a GGUF file stores a tensor's numbers: in blocks along a row, each block some bytes. */
enum GgufType {
    F32(0, 1, 4),
    F16(1, 1, 2),
    Q4_0(2, 32, 18, Blocks32::q4from8),
    Q4_1(3, 32, 20, Blocks32::q4),
    Q5_0(6, 32, 22, Blocks32::q5from16),
    Q5_1(7, 32, 24, Blocks32::q5),
    Q8_0(8, 32, 34, Blocks32::q8),
    Q2_K(10, 256, 84, Blocks256::q2),
    Q3_K(11, 256, 110, Blocks256::q3),
    Q4_K(12, 256, 144, Blocks256::q4),
    Q5_K(13, 256, 176, Blocks256::q5),
    Q6_K(14, 256, 210, Blocks256::q6),
    IQ4_NL(20, 32, 18, Blocks32::iq4),
    IQ4_XS(23, 256, 136, Blocks256::iq4),
    BF16(30, 1, 2);

    /** Names of llama.cpp's types by number, for errors; empty where a number was taken back. */
    private static final List<String> NAMES = List.of(
            "F32", "F16", "Q4_0", "Q4_1", "", "", "Q5_0", "Q5_1", "Q8_0", "Q8_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K",
            "Q6_K", "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS", "I8", "I16",
            "I32", "I64", "F64", "IQ1_M", "BF16", "", "", "", "TQ1_0", "TQ2_0", "", "", "", "MXFP4", "NVFP4", "Q1_0");

    private final int number;
    private final int block;
    private final int bytes;
    private final @Nullable BlockDecoder decoder;

    GgufType(int number, int block, int bytes) {
        this(number, block, bytes, null);
    }

    GgufType(int number, int block, int bytes, @Nullable BlockDecoder decoder) {
        this.number = number;
        this.block = block;
        this.bytes = bytes;
        this.decoder = decoder;
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

    /** Whether its numbers come in blocks that must be decoded. */
    boolean quantised() {
        return decoder != null;
    }

    /** What reads a block; only quantised types have one. */
    BlockDecoder decoder() {
        if (decoder == null) {
            throw new IllegalArgumentException(this + " is not quantised");
        }
        return decoder;
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
