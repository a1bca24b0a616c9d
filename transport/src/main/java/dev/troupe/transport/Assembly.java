package dev.troupe.transport;

import com.google.protobuf.ByteString;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.WireException;
import dev.troupe.proto.v1.WeightChunk;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The chunks of one version of a set, in any order, before or after its announcement. Memory grows with the chunks that
 * come, never with a number that a message claims. Not thread-safe; once all chunks are there, decoding is the sink's
 * thread's.
 */
final class Assembly {
    private static final Logger LOG = LoggerFactory.getLogger(Assembly.class);
    /** Ranges asked for in one go; the rest is asked for when these have come. */
    private static final int MISSING_RANGES = 256;

    private final String set;
    private final long version;
    private final long maxBytes;
    private final Map<Integer, ByteString> chunks = new HashMap<>();
    private final int count;
    private @Nullable WeightsAnnouncement announcement;
    private long bytes;
    /** Of the thread that decodes. */
    private @Nullable TensorSet decoded;

    Assembly(String set, long version, int count, long maxBytes) {
        this.set = set;
        this.version = version;
        this.count = count;
        this.maxBytes = maxBytes;
    }

    long version() {
        return version;
    }

    @Nullable
    WeightsAnnouncement announcement() {
        return announcement;
    }

    /** Says what the chunks have to add up to; false when they already contradict it. */
    boolean announce(WeightsAnnouncement announced) {
        announcement = announced;
        return announced.chunks() == count && bytes <= announced.bytes();
    }

    /**
     * Adds a chunk.
     *
     * @return false when it was there already
     * @throws WireException SHAPE or TOO_LARGE when it contradicts the others or the announcement
     */
    boolean add(WeightChunk chunk) {
        if (chunk.getCount() != count) {
            throw new WireException(
                    WireException.Code.SHAPE,
                    "a chunk of " + this + " says that there are " + chunk.getCount() + ", not " + count);
        }
        if (chunks.containsKey(chunk.getIndex())) {
            return false;
        }
        long limit = announcement == null ? maxBytes : announcement.bytes();
        if (bytes + chunk.getData().size() > limit) {
            throw new WireException(
                    WireException.Code.TOO_LARGE, "the chunks of " + this + " are more than " + limit + " bytes");
        }
        bytes += chunk.getData().size();
        chunks.put(chunk.getIndex(), chunk.getData());
        return true;
    }

    /** Every chunk is there; none is added any more. */
    boolean hasAll() {
        return chunks.size() == count;
    }

    boolean isComplete() {
        return announcement != null && hasAll();
    }

    /** Decodes and fingerprints all chunks before it is known what they should be. */
    void countAhead() {
        try {
            TensorSet tensors = TensorSet.decode(pieces());
            tensors.fingerprint();
            decoded = tensors;
        } catch (WireException e) {
            LOG.debug("{}, not announced yet, is refused if it is", this, e);
        }
    }

    private List<ByteString> pieces() {
        List<ByteString> pieces = new ArrayList<>(count);
        for (int index = 0; index < count; index++) {
            pieces.add(chunks.getOrDefault(index, ByteString.EMPTY));
        }
        return pieces;
    }

    /** Which chunks are not there, lowest first, at most some hundred ranges. */
    List<ChunkRange> missing() {
        List<ChunkRange> ranges = new ArrayList<>();
        int index = 0;
        while (index < count && ranges.size() < MISSING_RANGES) {
            if (chunks.containsKey(index)) {
                index++;
                continue;
            }
            int first = index;
            while (index < count && !chunks.containsKey(index)) {
                index++;
            }
            ranges.add(new ChunkRange(first, index - 1));
        }
        return ranges;
    }

    /**
     * The set, when it is what was announced.
     *
     * @throws WireException DIGEST, or whatever is wrong with the stream
     */
    TensorSet tensors(WeightsAnnouncement announced) {
        if (bytes != announced.bytes()) {
            throw new WireException(
                    WireException.Code.SHAPE, this + " has " + bytes + " bytes, announced were " + announced.bytes());
        }
        TensorSet tensors = decoded != null ? decoded : TensorSet.decode(pieces());
        String digest = tensors.fingerprint();
        if (!digest.equals(announced.fingerprint())) {
            throw new WireException(
                    WireException.Code.DIGEST,
                    this + " has the fingerprint " + digest + ", announced was " + announced.fingerprint());
        }
        return tensors;
    }

    @Override
    public String toString() {
        return "set '" + set + "' version " + version;
    }
}
