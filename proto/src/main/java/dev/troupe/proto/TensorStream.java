package dev.troupe.proto;

import com.google.protobuf.ByteString;
import com.google.protobuf.DiscardUnknownFieldsParser;
import com.google.protobuf.UnsafeByteOperations;
import dev.troupe.proto.WireException.Code;
import dev.troupe.proto.v1.TensorSetHeader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A {@link TensorSet} as one stream of bytes cut into chunks of equal size (the last may be shorter). */
public final class TensorStream {
    /** Longest header in bytes: names and shapes of some hundred thousand tensors. */
    static final int MAX_HEADER_BYTES = 16 * 1024 * 1024;

    private final List<ByteBuffer> parts = new ArrayList<>();
    private final long[] starts;
    private final long size;
    private final int chunkBytes;

    TensorStream(TensorSet set, int chunkBytes) {
        if (chunkBytes < 1) {
            throw new IllegalArgumentException("chunks of " + chunkBytes + " bytes");
        }
        this.chunkBytes = chunkBytes;
        byte[] header = header(set).toByteArray();
        ByteBuffer first = ByteBuffer.allocate(4 + header.length).order(ByteOrder.LITTLE_ENDIAN);
        parts.add(first.putInt(header.length).put(header).flip());
        set.tensors().values().forEach(tensor -> parts.add(tensor.data()));
        starts = new long[parts.size()];
        long position = 0;
        for (int i = 0; i < starts.length; i++) {
            starts[i] = position;
            position += parts.get(i).remaining();
        }
        size = position;
        if (chunks(size, chunkBytes) > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(size + " bytes in chunks of " + chunkBytes + " are too many chunks");
        }
    }

    private static TensorSetHeader header(TensorSet set) {
        TensorSetHeader.Builder header = TensorSetHeader.newBuilder();
        set.tensors().forEach((name, tensor) -> {
            TensorSetHeader.Entry.Builder entry =
                    TensorSetHeader.Entry.newBuilder().setName(name).setDtype(tensor.dtype());
            for (long dimension : tensor.shape()) {
                entry.addShape(dimension);
            }
            header.addEntries(entry);
        });
        return header.build();
    }

    private static long chunks(long size, int chunkBytes) {
        return (size + chunkBytes - 1) / chunkBytes;
    }

    /** Bytes of the whole stream. */
    public long size() {
        return size;
    }

    /** Number of chunks, at least 1. */
    public int chunks() {
        return (int) chunks(size, chunkBytes);
    }

    /**
     * A copy of the bytes of one chunk.
     *
     * @param index from 0
     */
    public ByteString chunk(int index) {
        if (index < 0 || index >= chunks()) {
            throw new IllegalArgumentException("chunk " + index + " of " + chunks());
        }
        long from = (long) index * chunkBytes;
        int length = (int) Math.min(chunkBytes, size - from);
        byte[] bytes = new byte[length];
        int filled = 0;
        for (int part = partAt(from); filled < length; part++) {
            int offset = (int) (from + filled - starts[part]);
            int count = Math.min(length - filled, parts.get(part).remaining() - offset);
            parts.get(part).get(parts.get(part).position() + offset, bytes, filled, count);
            filled += count;
        }
        return UnsafeByteOperations.unsafeWrap(bytes);
    }

    private int partAt(long position) {
        int part = 0;
        while (part + 1 < starts.length && starts[part + 1] <= position) {
            part++;
        }
        return part;
    }

    static TensorSet decode(List<ByteString> stream) {
        Pieces pieces = new Pieces(stream);
        if (pieces.remaining() < 4) {
            throw new WireException(Code.MALFORMED, "a stream of tensors of " + pieces.remaining() + " bytes");
        }
        long length = Integer.toUnsignedLong(
                ByteBuffer.wrap(pieces.read(4)).order(ByteOrder.LITTLE_ENDIAN).getInt());
        if (length > MAX_HEADER_BYTES || length > pieces.remaining()) {
            throw new WireException(
                    Code.TOO_LARGE,
                    "a header of " + length + " bytes in a stream with " + pieces.remaining() + " left, at most "
                            + MAX_HEADER_BYTES);
        }
        TensorSetHeader header = Envelopes.parse(
                DiscardUnknownFieldsParser.wrap(TensorSetHeader.parser()),
                UnsafeByteOperations.unsafeWrap(pieces.read((int) length)),
                "header of tensors");
        List<long[]> shapes = layout(header, pieces.remaining());
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        for (int i = 0; i < shapes.size(); i++) {
            TensorSetHeader.Entry entry = header.getEntries(i);
            int bytes = (int) TensorLayout.byteSize(entry.getDtype(), shapes.get(i));
            ByteBuffer data = ByteBuffer.wrap(pieces.read(bytes));
            tensors.put(entry.getName(), new HostTensor(entry.getDtype(), shapes.get(i), data));
        }
        if (tensors.size() != shapes.size()) {
            throw new WireException(Code.MALFORMED, "two tensors of the same name in one set");
        }
        return TensorSet.of(tensors);
    }

    /** The shapes of all entries, when their sizes add up to exactly the bytes that are there. */
    private static List<long[]> layout(TensorSetHeader header, long available) {
        List<long[]> shapes = new ArrayList<>();
        long sum = 0;
        for (TensorSetHeader.Entry entry : header.getEntriesList()) {
            if (entry.getShapeCount() > TensorLayout.MAX_RANK) {
                throw new WireException(Code.SHAPE, entry.getName() + ": rank " + entry.getShapeCount());
            }
            long[] shape =
                    entry.getShapeList().stream().mapToLong(Long::longValue).toArray();
            long bytes = TensorLayout.byteSize(entry.getDtype(), shape);
            if (bytes > Integer.MAX_VALUE || bytes > available - sum) {
                throw new WireException(
                        Code.TOO_LARGE,
                        entry.getName() + " takes " + bytes + " bytes, the stream has " + (available - sum) + " left");
            }
            sum += bytes;
            shapes.add(shape);
        }
        if (sum != available) {
            throw new WireException(
                    Code.SHAPE, "the header tells of " + sum + " bytes of tensors, the stream has " + available);
        }
        return shapes;
    }

    /** Reads through pieces of bytes in order. */
    private static final class Pieces {
        private final List<ByteString> pieces;
        private int piece;
        private int offset;
        private long remaining;

        Pieces(List<ByteString> pieces) {
            this.pieces = pieces;
            this.remaining = pieces.stream().mapToLong(ByteString::size).sum();
        }

        long remaining() {
            return remaining;
        }

        byte[] read(int count) {
            byte[] bytes = new byte[count];
            int filled = 0;
            while (filled < count) {
                ByteString current = pieces.get(piece);
                int take = Math.min(count - filled, current.size() - offset);
                current.copyTo(bytes, offset, filled, take);
                filled += take;
                offset += take;
                if (offset == current.size()) {
                    piece++;
                    offset = 0;
                }
            }
            remaining -= count;
            return bytes;
        }
    }
}
