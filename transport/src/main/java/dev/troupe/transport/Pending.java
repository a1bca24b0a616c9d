package dev.troupe.transport;

import dev.troupe.proto.v1.Envelope;

/** A message in an outbox. Guarded by the outbox's lock. */
final class Pending {
    final Envelope envelope;
    final int size;
    /** In the queue of what goes next. */
    boolean queued = true;
    /** How often it went out. */
    int offers;
    /** When it went out last, {@link System#nanoTime}. */
    long offeredAt;

    Pending(Envelope envelope) {
        this.envelope = envelope;
        this.size = envelope.getSerializedSize();
    }

    long sequence() {
        return envelope.getSequence();
    }

    /** Is it time to send it again? The wait doubles with each time, up to eight times the first. */
    boolean isDue(long now, long resendNanos) {
        return !queued && offers > 0 && now - offeredAt >= resendNanos << Math.min(offers - 1, 3);
    }
}
