package dev.troupe.learner.assembly;

import dev.troupe.model.SoftTargets;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.RowScore;
import java.util.BitSet;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A teacher's answer for one trajectory, put together from its pieces in whatever order they come. */
final class TeacherPieces {
    private static final HostTensor NO_IDS = HostTensor.ofInts(new int[0], 0, 0);

    private final int positions;
    private final BitSet there = new BitSet();
    private int buckets;
    private int[] ids = {};
    private float[] logprobs = {};

    /** @param positions completion tokens of the trajectory */
    TeacherPieces(int positions) {
        this.positions = positions;
    }

    /**
     * Adds a piece.
     *
     * @return what is wrong with it, empty when nothing is
     */
    Optional<String> add(RowScore piece) {
        HostTensor values = Tensors.host(piece.getValues());
        HostTensor likeliest = piece.hasIds() ? Tensors.host(piece.getIds()) : NO_IDS;
        int first = piece.getFirst();
        int count = (int) values.shape()[0];
        int width = (int) values.shape()[1];
        int k = (int) likeliest.shape()[1];
        if (first < 0 || first + (long) count > positions) {
            return Optional.of("teacher answered positions " + first + " to " + (first + (long) count)
                    + " of a completion of " + positions);
        }
        if (buckets == 0) {
            buckets = width;
            logprobs = new float[positions * buckets];
            ids = new int[positions * k];
        }
        if (width != buckets || k * positions != ids.length) {
            return Optional.of("teacher answered " + width + " numbers and " + k + " tokens a position after " + buckets
                    + " and " + ids.length / positions);
        }
        float[] numbers = values.floats();
        for (int i = 0; i < numbers.length; i++) {
            if (!Float.isFinite(numbers[i])) {
                return Optional.of("teacher answered " + numbers[i] + " at position " + (first + i / width));
            }
        }
        System.arraycopy(numbers, 0, logprobs, first * buckets, numbers.length);
        System.arraycopy(likeliest.ints(), 0, ids, first * k, count * k);
        there.set(first, first + count);
        return Optional.empty();
    }

    /** Everything, once it is there. */
    @Nullable
    SoftTargets whole() {
        return there.cardinality() == positions ? new SoftTargets(positions, ids, logprobs) : null;
    }
}
