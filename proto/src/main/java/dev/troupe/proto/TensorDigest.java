package dev.troupe.proto;

import dev.troupe.proto.v1.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;

/**
 * {@link TensorSet#sha256()} of tensors that need not be in memory all at once. They are told one after another in the
 * order of {@link #order}, each by its head and then its bytes.
 */
public final class TensorDigest {
    private final MessageDigest digest = sha256();

    /** Names in the order in which they are hashed: that of their UTF-8 bytes. */
    public static List<String> order(Collection<String> names) {
        return names.stream()
                .map(name -> name.getBytes(StandardCharsets.UTF_8))
                .sorted(Arrays::compareUnsigned)
                .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
                .toList();
    }

    /** Begins a tensor: its bytes come next. */
    public void begin(String name, DataType dtype, long[] shape) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        ByteBuffer head = ByteBuffer.allocate(4 + bytes.length + 4 + 4 + 8 * shape.length + 8)
                .order(ByteOrder.LITTLE_ENDIAN);
        head.putInt(bytes.length).put(bytes).putInt(dtype.getNumber()).putInt(shape.length);
        for (long dimension : shape) {
            head.putLong(dimension);
        }
        digest.update(head.putLong(TensorLayout.byteSize(dtype, shape)).flip());
    }

    /** The next little-endian bytes of the tensor that was begun last; reads them to the buffer's limit. */
    public void bytes(ByteBuffer data) {
        digest.update(data);
    }

    /** The hash of what was told, in lower-case hex; ends this digest. */
    public String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
