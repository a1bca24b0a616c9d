package dev.troupe.cluster.protocol;

/** What a subscriber of weights hears over Akka; the bytes follow over Aeron. */
public interface WeightsEvent {

    /**
     * @param set name of the set of tensors: "policy", "value"
     * @param fingerprint of the whole set, see TensorSet
     * @param bytes length of the encoded stream
     * @param chunks number of chunks it is cut into
     */
    record VersionAnnounced(String set, long version, String fingerprint, long bytes, int chunks)
            implements WeightsEvent, Control {}
}
