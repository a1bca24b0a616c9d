package dev.troupe.transport;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;

/**
 * Settings of the transport; every key with its default and meaning stands in {@code troupe/transport.conf}.
 *
 * @param termLength bytes of one of a stream's three buffers, a power of two
 * @param window bytes under way on one UDP stream
 * @param socketBuffer bytes of socket buffer to ask for
 * @param mtu bytes of the largest piece on the wire
 * @param outboxBytes bound of one outbox
 * @param sendDeadline how long send waits for room
 * @param resendAfter when an unacknowledged message is sent again
 * @param peerTimeout when a receiver out of reach is reported
 * @param ackTimeout when a receiver that does not acknowledge is reported
 * @param idlePark longest nap of the idle media driver
 * @param directory folder for buffers, empty to choose
 * @param chunkBytes bytes of one chunk of weights
 * @param weightsKept versions of a set kept by the publisher
 * @param weightsQuiet when missing chunks are asked for
 * @param weightsMaxBytes largest set taken
 */
public record TransportSettings(
        int termLength,
        int window,
        int socketBuffer,
        int mtu,
        long outboxBytes,
        Duration sendDeadline,
        Duration resendAfter,
        Duration peerTimeout,
        Duration ackTimeout,
        Duration idlePark,
        String directory,
        int chunkBytes,
        int weightsKept,
        Duration weightsQuiet,
        long weightsMaxBytes) {

    private static final int MIN_TERM = 64 * 1024;
    private static final int MAX_TERM = 1024 * 1024 * 1024;
    private static final int MAX_MESSAGE = 16 * 1024 * 1024;
    /** Bytes that envelope and chunk fields take at most around a chunk's data. */
    static final int FRAME_BYTES = 1024;

    /** @throws IllegalArgumentException naming the key, its value and what was expected */
    public TransportSettings {
        check(
                Integer.bitCount(termLength) == 1 && termLength >= MIN_TERM && termLength <= MAX_TERM,
                "transport.term_length",
                termLength,
                "a power of two from 64 KiB to 1 GiB");
        check(mtu >= 512 && mtu <= 65504 && mtu % 32 == 0, "transport.mtu", mtu, "a multiple of 32, 512 to 65504");
        check(window >= mtu && window <= termLength / 2, "transport.window", window, "from mtu to term_length / 2");
        check(socketBuffer >= mtu, "transport.socket_buffer", socketBuffer, "at least mtu");
        check(
                outboxBytes >= maxMessage(termLength),
                "transport.outbox_bytes",
                outboxBytes,
                "room for one message, " + maxMessage(termLength));
        positive(sendDeadline, "transport.send_deadline");
        positive(resendAfter, "transport.resend_after");
        positive(peerTimeout, "transport.peer_timeout");
        positive(ackTimeout, "transport.ack_timeout");
        positive(idlePark, "transport.idle_park");
        positive(weightsQuiet, "transport.weights.quiet");
        check(
                chunkBytes >= 1 && chunkBytes <= maxMessage(termLength) - FRAME_BYTES,
                "transport.weights.chunk_bytes",
                chunkBytes,
                "at most " + (maxMessage(termLength) - FRAME_BYTES) + ", an eighth of transport.term_length");
        check(weightsKept >= 1, "transport.weights.kept", weightsKept, "at least 1");
        check(weightsMaxBytes >= 1, "transport.weights.max_bytes", weightsMaxBytes, "at least 1");
    }

    /** Reads {@code transport.*}; keys that are not there have their documented defaults. */
    public static TransportSettings from(Config config) {
        Config c = config.withFallback(
                        ConfigFactory.parseResources(TransportSettings.class.getClassLoader(), "troupe/transport.conf"))
                .resolve()
                .getConfig("transport");
        return new TransportSettings(
                bytes(c, "term_length"),
                bytes(c, "window"),
                bytes(c, "socket_buffer"),
                bytes(c, "mtu"),
                c.getBytes("outbox_bytes"),
                c.getDuration("send_deadline"),
                c.getDuration("resend_after"),
                c.getDuration("peer_timeout"),
                c.getDuration("ack_timeout"),
                c.getDuration("idle_park"),
                c.getString("directory"),
                bytes(c, "weights.chunk_bytes"),
                c.getInt("weights.kept"),
                c.getDuration("weights.quiet"),
                c.getBytes("weights.max_bytes"));
    }

    /** The documented defaults. */
    public static TransportSettings defaults() {
        return from(ConfigFactory.empty());
    }

    /** Bytes of the longest message, frame included: what Aeron carries with this term length. */
    public int maxMessageBytes() {
        return maxMessage(termLength);
    }

    private static int maxMessage(int termLength) {
        return Math.min(termLength / 8, MAX_MESSAGE);
    }

    private static int bytes(Config config, String key) {
        long value = config.getBytes(key);
        check(value >= 0 && value <= Integer.MAX_VALUE, "transport." + key, value, "less than 2 GiB");
        return (int) value;
    }

    private static void positive(Duration value, String key) {
        check(!value.isNegative() && !value.isZero(), key, value, "more than zero");
    }

    private static void check(boolean sound, String key, Object value, String expected) {
        if (!sound) {
            throw new IllegalArgumentException(key + " = " + value + ": expected " + expected);
        }
    }
}
