package dev.troupe.transport;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Bytes by stream, frames included, both ways. */
final class Traffic {
    private final Map<Stream, LongAdder> sent = new EnumMap<>(Stream.class);
    private final Map<Stream, LongAdder> received = new EnumMap<>(Stream.class);

    Traffic() {
        for (Stream stream : Stream.values()) {
            sent.put(stream, new LongAdder());
            received.put(stream, new LongAdder());
        }
    }

    void sent(Stream stream, int bytes) {
        add(sent, stream, bytes);
    }

    void received(Stream stream, int bytes) {
        add(received, stream, bytes);
    }

    private static void add(Map<Stream, LongAdder> counters, Stream stream, int bytes) {
        LongAdder counter = counters.get(stream);
        if (counter != null) {
            counter.add(bytes);
        }
    }

    Map<String, Long> sentByStream() {
        return snapshot(sent);
    }

    Map<String, Long> receivedByStream() {
        return snapshot(received);
    }

    private static Map<String, Long> snapshot(Map<Stream, LongAdder> counters) {
        Map<String, Long> byLabel = new LinkedHashMap<>();
        counters.forEach((stream, counter) -> byLabel.put(stream.label(), counter.sum()));
        return byLabel;
    }
}
