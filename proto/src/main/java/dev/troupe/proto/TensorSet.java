package dev.troupe.proto;

import com.google.protobuf.ByteString;
import dev.troupe.proto.v1.TensorSetHeader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A set of named tensors, in order: the weights of a model, of a head, or of an adapter. This is the unit that is
 * published, hashed and swapped in.
 *
 * <p>As a stream it is 4 bytes little-endian length of the header, the {@link TensorSetHeader}, then each tensor's
 * bytes in the header's order; chunk i of size c is bytes [i * c, (i + 1) * c) of that stream.
 */
public final class TensorSet {
    private final Map<String, HostTensor> tensors;
    private final long byteSize;
    /** Of several threads that count it each gets the same. */
    private volatile @Nullable String fingerprint;

    private TensorSet(Map<String, HostTensor> tensors) {
        this.tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
        this.byteSize =
                tensors.values().stream().mapToLong(HostTensor::byteSize).sum();
    }

    /** A set with these tensors in the map's order; the tensors are shared, not copied. */
    public static TensorSet of(Map<String, HostTensor> tensors) {
        return new TensorSet(tensors);
    }

    /** The tensors by name, in order, unmodifiable. */
    public Map<String, HostTensor> tensors() {
        return tensors;
    }

    /** The names, in order. */
    public Set<String> names() {
        return tensors.keySet();
    }

    /** Number of tensors. */
    public int size() {
        return tensors.size();
    }

    /** Is there a tensor of this name? */
    public boolean contains(String name) {
        return tensors.containsKey(name);
    }

    /**
     * The tensor of this name.
     *
     * @throws IllegalArgumentException when there is none
     */
    public HostTensor get(String name) {
        HostTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException(
                    "no tensor '" + name + "' in a set of " + tensors.size() + " tensors: " + tensors.keySet());
        }
        return tensor;
    }

    /** Bytes of all tensors together, without names and shapes. */
    public long byteSize() {
        return byteSize;
    }

    /**
     * Names the set among others in lower-case hex, whatever the order of its tensors: a SHA-256 of, for each tensor in
     * the order of its name's UTF-8 bytes, length of the name (int), the name, number of the data type (int), rank
     * (int), each dimension (long), length of the data (long), CRC-32C and CRC-32 of the data (ints); all numbers
     * little-endian. It finds damage and tells versions apart, and no more: whoever wants to can make two sets with the
     * same, which {@link #sha256()} prevents. Counted once: no byte may change afterwards.
     */
    public String fingerprint() {
        String known = fingerprint;
        if (known == null) {
            known = counted(TensorDigest.fingerprint());
            fingerprint = known;
        }
        return known;
    }

    /** SHA-256 of the set in lower-case hex: as {@link #fingerprint()}, with the data in place of its checksums. */
    public String sha256() {
        return counted(TensorDigest.sha256());
    }

    private String counted(TensorDigest digest) {
        for (String name : TensorDigest.order(tensors.keySet())) {
            HostTensor tensor = get(name);
            digest.begin(name, tensor.dtype(), tensor.shape());
            digest.bytes(tensor.data());
        }
        return digest.hex();
    }

    /** The set cut into chunks of at most this many bytes; reads the tensors' memory when a chunk is asked for. */
    public TensorStream stream(int chunkBytes) {
        return new TensorStream(this, chunkBytes);
    }

    /**
     * Puts a set together from the pieces of its stream, in order.
     *
     * @throws WireException MALFORMED, TYPE, SHAPE or TOO_LARGE; nothing is allocated for tensors before the header's
     *     sizes are found to add up to the bytes that are there
     */
    public static TensorSet decode(List<ByteString> pieces) {
        return TensorStream.decode(pieces);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TensorSet that
                && new ArrayList<>(tensors.entrySet()).equals(new ArrayList<>(that.tensors.entrySet()));
    }

    @Override
    public int hashCode() {
        return tensors.hashCode();
    }

    @Override
    public String toString() {
        return "TensorSet[" + tensors.size() + " tensors, " + byteSize + " bytes]";
    }
}
