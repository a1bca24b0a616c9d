package dev.troupe.transport;

/**
 * What a receiver must know to put a version together; it travels beside the chunks, over Akka.
 *
 * @param set name of the set of tensors: "policy", "value", or an adapter's
 * @param version policy version
 * @param fingerprint of the set, lower-case hex, see TensorSet
 * @param bytes length of the encoded stream
 * @param chunks number of chunks it is cut into
 */
public record WeightsAnnouncement(String set, long version, String fingerprint, long bytes, int chunks) {
    /** @throws IllegalArgumentException when a number makes no sense */
    public WeightsAnnouncement {
        if (version < 0 || bytes < 1 || chunks < 1 || chunks > bytes) {
            throw new IllegalArgumentException(
                    set + " version " + version + ": " + bytes + " bytes in " + chunks + " chunks");
        }
    }
}
