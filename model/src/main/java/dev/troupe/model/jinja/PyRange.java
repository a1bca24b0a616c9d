package dev.troupe.model.jinja;

import java.math.BigInteger;
import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * Python's range.
 *
 * @param size number of its items, at most {@link #LONGEST} where a template made it
 */
record PyRange(BigInteger start, BigInteger stop, BigInteger step, int size) {
    static final int LONGEST = 100_000;

    static PyRange of(BigInteger start, BigInteger stop, BigInteger step) {
        if (step.signum() == 0) {
            throw PyError.value("range() arg 3 must not be zero");
        }
        BigInteger span = step.signum() > 0 ? stop.subtract(start) : start.subtract(stop);
        BigInteger by = step.abs();
        BigInteger size = span.signum() <= 0
                ? BigInteger.ZERO
                : span.add(by).subtract(BigInteger.ONE).divide(by);
        if (size.compareTo(BigInteger.valueOf(LONGEST)) > 0) {
            throw new PyError(
                    PyError.Kind.OVERFLOW, "range of " + size + " items: a template may have at most " + LONGEST);
        }
        return new PyRange(start, stop, step, size.intValue());
    }

    Object get(int index) {
        return start.add(step.multiply(BigInteger.valueOf(index)));
    }

    /** The index of a number, or -1. */
    int indexOf(BigInteger number) {
        BigInteger[] parts = number.subtract(start).divideAndRemainder(step);
        boolean inside =
                parts[1].signum() == 0 && parts[0].signum() >= 0 && parts[0].compareTo(BigInteger.valueOf(size)) < 0;
        return inside ? parts[0].intValue() : -1;
    }

    PyRange reversed() {
        BigInteger last = start.add(step.multiply(BigInteger.valueOf(size - 1L)));
        return new PyRange(last, start.subtract(step), step.negate(), size);
    }

    Iterator<Object> iterator() {
        return new Iterator<>() {
            private int next;

            @Override
            public boolean hasNext() {
                return next < size;
            }

            @Override
            public Object next() {
                if (next >= size) {
                    throw new NoSuchElementException();
                }
                return get(next++);
            }
        };
    }
}
