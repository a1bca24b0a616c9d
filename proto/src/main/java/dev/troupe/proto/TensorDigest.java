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
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import java.util.zip.Checksum;

/**
 * {@link TensorSet#fingerprint()} or {@link TensorSet#sha256()} of tensors that need not be in memory all at once. They
 * are told one after another in the order of {@link #order}, each by its head and then its bytes.
 */
public final class TensorDigest {
    private final MessageDigest digest = newSha256();
    /** Of the tensor begun last, where its checksums stand for its bytes; else none. */
    private final List<Checksum> checksums;

    private boolean begun;

    private TensorDigest(List<Checksum> checksums) {
        this.checksums = checksums;
    }

    /** Of every byte. */
    static TensorDigest sha256() {
        return new TensorDigest(List.of());
    }

    /** Of each tensor's head, CRC-32C and CRC-32: some seven times as fast where the processor has no SHA-256. */
    public static TensorDigest fingerprint() {
        return new TensorDigest(List.of(new CRC32C(), new CRC32()));
    }

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
        end();
        begun = true;
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
        if (checksums.isEmpty()) {
            digest.update(data);
            return;
        }
        for (Checksum checksum : checksums) {
            checksum.update(data.duplicate());
        }
        data.position(data.limit());
    }

    /** What stands for the bytes of the tensor begun last. */
    private void end() {
        for (Checksum checksum : begun ? checksums : List.<Checksum>of()) {
            digest.update(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt((int) checksum.getValue())
                    .flip());
            checksum.reset();
        }
        begun = false;
    }

    /** The hash of what was told, in lower-case hex; ends this digest. */
    public String hex() {
        end();
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
