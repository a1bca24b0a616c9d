package dev.troupe.transport;

/** Something that the send thread looks after. All methods are called by that thread alone. */
interface Sending {
    /**
     * Sends what can be sent now without waiting.
     *
     * @param now {@link System#nanoTime}
     * @return what there is to do next
     */
    Next pump(long now, Frame frame);

    /** Gives up the publication; nothing is called afterwards. */
    void end();

    /** How soon the send thread is needed again. */
    enum Next {
        /** More can go at once. */
        NOW,
        /** The publication is full: in a moment. */
        SOON,
        /** Nothing to do until somebody wakes the thread, or a timer is due. */
        LATER,
        /** Closed: never again. */
        DONE
    }
}
