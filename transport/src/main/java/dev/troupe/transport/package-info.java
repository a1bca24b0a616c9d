/**
 * How token batches and weights travel: reliable streams of messages between stations, over Aeron. Aeron promises order
 * within one live image only; the rest is added here: producer, incarnation and sequence, acknowledgement, resend,
 * recognition of duplicates, bounds in bytes. This is the only room that knows Aeron.
 */
@NullMarked
package dev.troupe.transport;

import org.jspecify.annotations.NullMarked;
