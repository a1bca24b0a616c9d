package dev.troupe.transport;

/** Takes the messages of one stream of a station. */
@FunctionalInterface
public interface Receiver {
    /**
     * Called on the node's receive thread, which all streams share: hand the delivery on and return at once. When this
     * throws, the message counts as not delivered and comes again.
     */
    void onMessage(Delivery delivery);
}
