package dev.troupe.transport;

/** Hears that the receiver holds a message. */
@FunctionalInterface
public interface AckListener {
    /**
     * Called on the node's receive thread, once a message; must return at once.
     *
     * @param sequence what {@link Outbox#send} returned
     * @param epoch the receiver's epoch: it changes when the receiver restarts
     * @param position up to where the receiver's log is durable
     */
    void onAcked(long sequence, long epoch, long position);
}
