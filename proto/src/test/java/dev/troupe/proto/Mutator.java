package dev.troupe.proto;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Damages bytes in the ways that break decoders: flipped bits, cuts, wrong lengths, pieces of other messages. */
final class Mutator {
    private static final byte[][] VARINTS = {
        {0},
        {1},
        {0x7f},
        {(byte) 0xff, 0x7f},
        {(byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x07}, // 2^31 - 1
        {(byte) 0x80, (byte) 0x80, (byte) 0x80, (byte) 0x80, 0x08}, // 2^31
        {(byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x0f}, // 2^32 - 1
        {-1, -1, -1, -1, -1, -1, -1, -1, -1, 1}, // 2^64 - 1
        {-128, -128, -128, -128, -128, -128, -128, -128, -128, 1}, // 2^63
    };

    private final SplittableRandom random;
    private final List<byte[]> others;

    Mutator(SplittableRandom random, List<byte[]> others) {
        this.random = random;
        this.others = others;
    }

    /** One to three damages. */
    byte[] mutate(byte[] bytes) {
        byte[] mutant = bytes.clone();
        for (int i = 0, n = 1 + random.nextInt(3); i < n; i++) {
            mutant = damage(mutant);
        }
        return mutant;
    }

    private byte[] damage(byte[] bytes) {
        if (bytes.length == 0) {
            return others.get(random.nextInt(others.size())).clone();
        }
        int at = random.nextInt(bytes.length);
        switch (random.nextInt(8)) {
            case 0, 1 -> {
                bytes[at] ^= (byte) (1 << random.nextInt(8));
                return bytes;
            }
            case 2 -> {
                bytes[at] = (byte) random.nextInt(256);
                return bytes;
            }
            case 3 -> {
                // A length field is often small: one more, one less.
                bytes[at] += (byte) (random.nextBoolean() ? 1 : -1);
                return bytes;
            }
            case 4 -> {
                return random.nextBoolean() ? Arrays.copyOf(bytes, at) : Arrays.copyOfRange(bytes, at, bytes.length);
            }
            case 5 -> {
                return splice(bytes, at, at + 1, VARINTS[random.nextInt(VARINTS.length)]);
            }
            case 6 -> {
                byte[] other = others.get(random.nextInt(others.size()));
                int from = random.nextInt(other.length);
                int to = from + random.nextInt(Math.min(64, other.length - from) + 1);
                int end = Math.min(bytes.length, at + random.nextInt(64));
                return splice(bytes, at, end, Arrays.copyOfRange(other, from, to));
            }
            default -> {
                int end = Math.min(bytes.length, at + 1 + random.nextInt(32));
                return splice(bytes, at, random.nextBoolean() ? at : end, Arrays.copyOfRange(bytes, at, end));
            }
        }
    }

    /** The bytes with [from, to) replaced. */
    private static byte[] splice(byte[] bytes, int from, int to, byte[] piece) {
        byte[] spliced = new byte[bytes.length - (to - from) + piece.length];
        System.arraycopy(bytes, 0, spliced, 0, from);
        System.arraycopy(piece, 0, spliced, from, piece.length);
        System.arraycopy(bytes, to, spliced, from + piece.length, bytes.length - to);
        return spliced;
    }
}
