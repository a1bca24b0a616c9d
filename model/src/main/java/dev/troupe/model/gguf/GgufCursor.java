package dev.troupe.model.gguf;

import dev.troupe.model.ModelException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Reads a GGUF header from its beginning; every length is held against what is left before anything is made of it. */
final class GgufCursor {
    static final int UINT32 = 4;
    static final int INT32 = 5;
    static final int FLOAT32 = 6;
    static final int BOOL = 7;
    static final int STRING = 8;
    static final int ARRAY = 9;

    private final ByteBuffer in;
    private final String source;

    GgufCursor(ByteBuffer in, String source) {
        this.in = in.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        this.source = source;
    }

    int position() {
        return in.position();
    }

    int remaining() {
        return in.remaining();
    }

    ModelException broken(String what) {
        return new ModelException("GGUF file " + source + " " + what);
    }

    private void need(long bytes, String what) {
        if (bytes < 0 || bytes > in.remaining()) {
            throw broken("is cut off or damaged: " + what + " takes " + Long.toUnsignedString(bytes) + " bytes at byte "
                    + in.position() + ", the header has " + in.remaining() + " left");
        }
    }

    int int32(String what) {
        need(Integer.BYTES, what);
        return in.getInt();
    }

    long int64(String what) {
        need(Long.BYTES, what);
        return in.getLong();
    }

    String text(String what) {
        long length = int64(what);
        need(length, what);
        byte[] bytes = new byte[(int) length];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** A value of a type: Long, Double, Boolean, String or {@link GgufArray}. */
    Object value(int type, String key) {
        if (type == STRING) {
            return text(key);
        }
        if (type == ARRAY) {
            return array(key);
        }
        need(size(type, key), key);
        return switch (type) {
            case 0 -> (long) (in.get() & 0xFF);
            case 1 -> (long) in.get();
            case 2 -> (long) (in.getShort() & 0xFFFF);
            case 3 -> (long) in.getShort();
            case UINT32 -> in.getInt() & 0xFFFFFFFFL;
            case INT32 -> (long) in.getInt();
            case FLOAT32 -> (double) in.getFloat();
            case BOOL -> in.get() != 0;
            case 10, 11 -> in.getLong();
            default -> in.getDouble();
        };
    }

    private int size(int type, String key) {
        return switch (type) {
            case 0, 1, BOOL -> 1;
            case 2, 3 -> 2;
            case UINT32, INT32, FLOAT32 -> 4;
            case 10, 11, 12 -> 8;
            default -> throw broken("gives key " + key + " a value of unknown type " + Integer.toUnsignedString(type));
        };
    }

    private GgufArray array(String key) {
        int type = int32(key);
        long count = int64(key);
        int start;
        if (type == STRING) {
            need(count > in.remaining() ? count : count * Long.BYTES, key);
            start = in.position();
            for (long i = 0; i < count; i++) {
                long length = int64(key);
                need(length, key);
                in.position(in.position() + (int) length);
            }
        } else {
            int size = size(type, key);
            need(count < 0 || count > in.remaining() ? count : count * size, key);
            start = in.position();
            in.position(start + (int) count * size);
        }
        return new GgufArray(type, (int) count, in.slice(start, in.position() - start));
    }
}
