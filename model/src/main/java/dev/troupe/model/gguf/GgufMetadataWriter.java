package dev.troupe.model.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The bytes of a GGUF header's keys and values, or of its tensors' lines, in the order in which they are given. */
final class GgufMetadataWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private int count;

    void text(String key, String value) {
        key(key, GgufCursor.STRING);
        text(value);
    }

    void uint32(String key, int value) {
        key(key, GgufCursor.UINT32);
        int32(value);
    }

    void float32(String key, double value) {
        key(key, GgufCursor.FLOAT32);
        int32(Float.floatToRawIntBits((float) value));
    }

    void flag(String key, boolean value) {
        key(key, GgufCursor.BOOL);
        out.write(value ? 1 : 0);
    }

    void texts(String key, List<String> values) {
        list(key, GgufCursor.STRING, values.size());
        values.forEach(this::text);
    }

    void ints(String key, int[] values) {
        list(key, GgufCursor.INT32, values.length);
        for (int value : values) {
            int32(value);
        }
    }

    void flags(String key, List<Boolean> values) {
        list(key, GgufCursor.BOOL, values.size());
        values.forEach(value -> out.write(value ? 1 : 0));
    }

    void floats(String key, float[] values) {
        list(key, GgufCursor.FLOAT32, values.length);
        for (float value : values) {
            int32(Float.floatToRawIntBits(value));
        }
    }

    /** A tensor's line; the shape is row-major and is written turned around. */
    void tensor(String name, long[] shape, int type, long offset) {
        count++;
        text(name);
        int32(shape.length);
        for (int i = shape.length - 1; i >= 0; i--) {
            int64(shape[i]);
        }
        int32(type);
        int64(offset);
    }

    /** Number of keys or lines. */
    int count() {
        return count;
    }

    byte[] bytes() {
        return out.toByteArray();
    }

    private void key(String key, int type) {
        count++;
        text(key);
        int32(type);
    }

    private void list(String key, int type, int size) {
        key(key, GgufCursor.ARRAY);
        int32(type);
        int64(size);
    }

    private void text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int64(bytes.length);
        out.writeBytes(bytes);
    }

    private void int32(int value) {
        out.writeBytes(ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array());
    }

    private void int64(long value) {
        out.writeBytes(ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array());
    }
}
