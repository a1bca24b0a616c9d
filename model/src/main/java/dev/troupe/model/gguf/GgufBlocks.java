package dev.troupe.model.gguf;

import dev.troupe.model.HalfFloats;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/** Quantised tensors to floats, and floats to Q8_0, with the float operations of llama.cpp's reference. */
final class GgufBlocks {
    private static final int BLOCK = 32;

    private GgufBlocks() {}

    /** The numbers of whole blocks as F32, in a direct little-endian buffer. */
    static ByteBuffer floats(GgufType type, ByteBuffer blocks) {
        ByteBuffer in = blocks.duplicate();
        int count = in.remaining() / type.bytes();
        ByteBuffer out = ByteBuffer.allocateDirect(Math.multiplyExact(count, type.block() * Float.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        FloatBuffer numbers = out.asFloatBuffer();
        BlockDecoder decoder = type.decoder();
        byte[] block = new byte[type.bytes()];
        float[] values = new float[type.block()];
        for (int b = 0; b < count; b++) {
            in.get(block);
            decoder.decode(block, values);
            numbers.put(values);
        }
        return out;
    }

    /** Floats to Q8_0: each block's scale is its largest magnitude / 127, numbers round half away from zero. */
    static ByteBuffer toQ8(float[] values) {
        if (values.length % BLOCK != 0) {
            throw new IllegalArgumentException(values.length + " numbers; Q8_0 has blocks of " + BLOCK);
        }
        ByteBuffer out = ByteBuffer.allocateDirect(values.length / BLOCK * GgufType.Q8_0.bytes())
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int from = 0; from < values.length; from += BLOCK) {
            float largest = 0;
            for (int i = 0; i < BLOCK; i++) {
                largest = Math.max(largest, Math.abs(values[from + i]));
            }
            float scale = largest / 127;
            float inverse = scale == 0 ? 0 : 1 / scale;
            out.putShort(HalfFloats.toF16(scale));
            for (int i = 0; i < BLOCK; i++) {
                float x = values[from + i] * inverse;
                out.put((byte) (x < 0 ? -Math.floor(-x + 0.5) : Math.floor(x + 0.5)));
            }
        }
        return out.flip();
    }
}
