package dev.troupe.transport;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * A set of sequence numbers kept as disjoint closed intervals, so that a stream without gaps takes one entry however
 * long it runs. Not thread-safe.
 */
final class SequenceSet {
    private final NavigableMap<Long, Long> lastByFirst = new TreeMap<>();

    /** A closed interval. */
    record Range(long first, long last) {}

    /** Adds a number; false when it was there already. */
    boolean add(long value) {
        Map.Entry<Long, Long> below = lastByFirst.floorEntry(value);
        if (below != null && below.getValue() >= value) {
            return false;
        }
        long first = below != null && below.getValue() == value - 1 ? below.getKey() : value;
        Long last = value == Long.MAX_VALUE ? null : lastByFirst.remove(value + 1);
        lastByFirst.put(first, last == null ? value : last);
        return true;
    }

    /** Takes a number out; false when it was not there. */
    boolean remove(long value) {
        Map.Entry<Long, Long> around = lastByFirst.floorEntry(value);
        if (around == null || around.getValue() < value) {
            return false;
        }
        if (around.getKey() == value) {
            lastByFirst.remove(value);
        } else {
            lastByFirst.put(around.getKey(), value - 1);
        }
        if (around.getValue() > value) {
            lastByFirst.put(value + 1, around.getValue());
        }
        return true;
    }

    boolean contains(long value) {
        Map.Entry<Long, Long> below = lastByFirst.floorEntry(value);
        return below != null && below.getValue() >= value;
    }

    boolean isEmpty() {
        return lastByFirst.isEmpty();
    }

    /** How many intervals there are. */
    int intervals() {
        return lastByFirst.size();
    }

    /** Takes out and returns up to this many intervals, lowest first. */
    List<Range> drain(int limit) {
        List<Range> ranges = new ArrayList<>();
        while (ranges.size() < limit) {
            Map.Entry<Long, Long> lowest = lastByFirst.pollFirstEntry();
            if (lowest == null) {
                break;
            }
            ranges.add(new Range(lowest.getKey(), lowest.getValue()));
        }
        return ranges;
    }

    @Override
    public String toString() {
        return lastByFirst.toString();
    }
}
