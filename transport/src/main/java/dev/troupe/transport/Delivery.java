package dev.troupe.transport;

import com.google.protobuf.Message;
import dev.troupe.proto.v1.Envelope;

/** A message that arrived, checked as a whole. The sender keeps it and sends it again until {@link #ack}. */
public final class Delivery {
    private final Stream stream;
    private final Envelope envelope;
    private final Message body;
    private final Acknowledgement acknowledgement;

    /** What an ack does; any thread may run it. */
    @FunctionalInterface
    interface Acknowledgement {
        void ack(long epoch, long position);
    }

    Delivery(Stream stream, Envelope envelope, Message body, Acknowledgement acknowledgement) {
        this.stream = stream;
        this.envelope = envelope;
        this.body = body;
        this.acknowledgement = acknowledgement;
    }

    /** On which stream it came. */
    public Stream stream() {
        return stream;
    }

    /** The frame: producer, incarnation, sequence, policy version. */
    public Envelope envelope() {
        return envelope;
    }

    /** The message itself. */
    public Message body() {
        return body;
    }

    /**
     * Tells the producer that this message is held here and need not be sent again; at any time, from any thread, more
     * than once without harm. Does nothing for messages that are not acknowledged (sequence 0).
     *
     * @param epoch this receiver's epoch (its restarts); a change makes the producer send all unacknowledged again
     * @param position up to where the receiver's log is durable; 0 without a log
     */
    public void ack(long epoch, long position) {
        acknowledgement.ack(epoch, position);
    }
}
