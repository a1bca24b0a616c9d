package dev.troupe.model.gguf;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a GGUF file (version 2 or 3, little-endian) says before its tensors' bytes. Nothing is believed before it is
 * held against the size of the file, and what is allocated is bounded by the header's own length.
 */
record GgufHeader(GgufMetadata metadata, List<GgufTensor> tensors) {
    /** {@code GGUF} as a little-endian integer. */
    static final int MAGIC = 0x46554747;

    private static final int DEFAULT_ALIGNMENT = 32;
    private static final int MAX_ALIGNMENT = 1 << 16;
    private static final int MAX_RANK = 4;
    /** Fewest bytes that a key with its value, or a tensor's line, can take. */
    private static final int LEAST = 13;

    /**
     * @param head the file from its beginning, as much of it as may hold the header
     * @param fileSize bytes of the whole file
     * @param source names the file in errors, which are ModelExceptions
     */
    static GgufHeader parse(ByteBuffer head, long fileSize, String source) {
        GgufCursor in = new GgufCursor(head, source);
        if (in.int32("the magic number") != MAGIC) {
            throw in.broken("does not begin with GGUF");
        }
        int version = in.int32("the version");
        if (version != 2 && version != 3) {
            throw in.broken("has version " + Integer.toUnsignedString(version)
                    + "; versions 2 and 3, little-endian, can be read");
        }
        int tensors = count(in, "tensors");
        int keys = count(in, "keys");
        GgufMetadata metadata = new GgufMetadata(metadata(in, keys), source);
        return new GgufHeader(metadata, tensors(in, tensors, metadata, fileSize));
    }

    private static int count(GgufCursor in, String what) {
        long count = in.int64("the number of " + what);
        if (count < 0 || count > in.remaining() / LEAST) {
            throw in.broken("is cut off or damaged: it claims " + Long.toUnsignedString(count) + " " + what + " in "
                    + in.remaining() + " bytes of header");
        }
        return (int) count;
    }

    private static Map<String, Object> metadata(GgufCursor in, int count) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            String key = in.text("a key");
            if (values.put(key, in.value(in.int32(key), key)) != null) {
                throw in.broken("has key " + key + " twice");
            }
        }
        return values;
    }

    private static List<GgufTensor> tensors(GgufCursor in, int count, GgufMetadata metadata, long fileSize) {
        List<GgufTensor> relative = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            relative.add(tensor(in));
        }
        int alignment = metadata.integer("general.alignment", DEFAULT_ALIGNMENT);
        if (alignment < 1 || alignment > MAX_ALIGNMENT || Integer.bitCount(alignment) != 1) {
            throw metadata.wrong("general.alignment", "= " + alignment + ": expected a power of two");
        }
        long start = (in.position() + alignment - 1L) / alignment * alignment;
        List<GgufTensor> placed = new ArrayList<>();
        long end = 0;
        relative.sort(Comparator.comparingLong(GgufTensor::offset));
        for (GgufTensor t : relative) {
            if (t.offset() < end || t.offset() % alignment != 0) {
                throw in.broken("places tensor " + t.name() + " at byte " + t.offset()
                        + " of the data; expected a multiple of " + alignment + " from " + end + " on");
            }
            if (t.offset() > fileSize - start - t.bytes()) {
                throw in.broken("is cut off: tensor " + t.name() + " ends at byte " + (start + t.offset() + t.bytes())
                        + ", the file has " + fileSize);
            }
            end = t.offset() + t.bytes();
            placed.add(new GgufTensor(t.name(), t.type(), t.shape(), start + t.offset(), t.bytes()));
        }
        return placed;
    }

    private static GgufTensor tensor(GgufCursor in) {
        String name = in.text("a tensor's name");
        int rank = in.int32(name);
        if (rank < 1 || rank > MAX_RANK) {
            throw in.broken("gives tensor " + name + " " + Integer.toUnsignedString(rank)
                    + " dimensions; expected 1 to " + MAX_RANK);
        }
        long[] shape = new long[rank];
        long elements = 1;
        for (int i = rank - 1; i >= 0; i--) {
            shape[i] = in.int64(name);
            if (shape[i] < 1 || shape[i] > Integer.MAX_VALUE / Float.BYTES / elements) {
                throw in.broken("gives tensor " + name + " a dimension of " + Long.toUnsignedString(shape[i])
                        + ": empty, or more than 2 GB as F32");
            }
            elements *= shape[i];
        }
        GgufType type;
        try {
            type = GgufType.of(in.int32(name));
        } catch (IllegalArgumentException e) {
            throw in.broken("holds tensor " + name + ": " + e.getMessage());
        }
        if (shape[rank - 1] % type.block() != 0) {
            throw in.broken("gives tensor " + name + " rows of " + shape[rank - 1] + " numbers; " + type
                    + " has blocks of " + type.block());
        }
        long offset = in.int64(name);
        if (offset < 0) {
            throw in.broken("places tensor " + name + " at byte " + Long.toUnsignedString(offset));
        }
        return new GgufTensor(name, type, shape, offset, elements / type.block() * type.bytes());
    }
}
