package dev.troupe.model.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A list among the metadata, still as the file's bytes: nothing is allocated for it before it is wanted.
 *
 * @param type number of the elements' type
 * @param count number of elements
 * @param bytes the elements, checked to be complete
 */
record GgufArray(int type, int count, ByteBuffer bytes) {
    /** The elements of a list of texts. */
    List<String> strings() {
        if (type != GgufCursor.STRING) {
            throw new IllegalArgumentException("expected a list of texts, not of type " + type);
        }
        ByteBuffer in = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        List<String> texts = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            byte[] text = new byte[(int) in.getLong()];
            in.get(text);
            texts.add(new String(text, StandardCharsets.UTF_8));
        }
        return texts;
    }

    /** The elements of a list of 32-bit integers. */
    int[] ints() {
        if (type != GgufCursor.INT32 && type != GgufCursor.UINT32) {
            throw new IllegalArgumentException("expected a list of 32-bit integers, not of type " + type);
        }
        int[] values = new int[count];
        bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(values);
        return values;
    }

    /** The elements of a list of truths, or of 32-bit integers that are 0 or not. */
    boolean[] flags() {
        boolean[] values = new boolean[count];
        if (type == GgufCursor.BOOL) {
            for (int i = 0; i < count; i++) {
                values[i] = bytes.get(i) != 0;
            }
            return values;
        }
        int[] numbers = ints();
        for (int i = 0; i < count; i++) {
            values[i] = numbers[i] != 0;
        }
        return values;
    }

    /** The elements of a list of 32-bit floats. */
    float[] floats() {
        if (type != GgufCursor.FLOAT32) {
            throw new IllegalArgumentException("expected a list of 32-bit floats, not of type " + type);
        }
        float[] values = new float[count];
        bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }
}
