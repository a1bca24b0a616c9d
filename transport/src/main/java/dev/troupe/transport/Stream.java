package dev.troupe.transport;

import dev.troupe.proto.v1.MessageType;
import java.util.Locale;

/** The streams of a station, one kind of message each, so that none waits behind another. */
public enum Stream {
    /** Acknowledgements, back to the producer of what is acknowledged. */
    ACKS(1, MessageType.MESSAGE_TYPE_ACK),
    /** Leases, from the ledger to a rollout. */
    LEASES(2, MessageType.MESSAGE_TYPE_LEASE_GRANT),
    /** Finished trajectories, from a rollout to the learner. */
    TRAJECTORIES(3, MessageType.MESSAGE_TYPE_TRAJECTORY),
    /** Token batches to score. */
    SCORE_REQUESTS(4, MessageType.MESSAGE_TYPE_SCORE_REQUEST),
    /** Scores. */
    SCORE_ANSWERS(5, MessageType.MESSAGE_TYPE_SCORE_ANSWER),
    /** Chunks of sets of tensors, not acknowledged one by one. */
    WEIGHTS(6, MessageType.MESSAGE_TYPE_WEIGHT_CHUNK);

    private final int id;
    private final MessageType type;
    private final String label;

    Stream(int id, MessageType type) {
        this.id = id;
        this.type = type;
        this.label = name().toLowerCase(Locale.ROOT);
    }

    /** Number on the wire, 1 to 15. */
    public int id() {
        return id;
    }

    /** The only type of message on this stream. */
    public MessageType type() {
        return type;
    }

    /** Name in the metrics: {@code bytes/LABEL}. */
    public String label() {
        return label;
    }
}
