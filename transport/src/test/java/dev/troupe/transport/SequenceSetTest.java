package dev.troupe.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SequenceSetTest {
    @Test
    void shouldTakeOneIntervalForAStreamWithoutGaps() {
        SequenceSet set = new SequenceSet();
        for (long i = 1; i <= 100_000; i++) {
            assertThat(set.add(i)).isTrue();
        }
        assertThat(set.intervals()).isEqualTo(1);
        assertThat(set.add(50_000)).isFalse();
    }

    @Test
    void shouldAgreeWithAPlainSetUnderRandomAddsAndRemoves() {
        Random random = new Random(7);
        for (int round = 0; round < 200; round++) {
            SequenceSet intervals = new SequenceSet();
            Set<Long> plain = new HashSet<>();
            for (int i = 0; i < 300; i++) {
                long value = 1 + random.nextInt(60);
                if (random.nextInt(3) > 0) {
                    assertThat(intervals.add(value)).isEqualTo(plain.add(value));
                } else {
                    assertThat(intervals.remove(value)).isEqualTo(plain.remove(value));
                }
                long probe = random.nextInt(62);
                assertThat(intervals.contains(probe)).isEqualTo(plain.contains(probe));
            }
            long maximal = plain.stream().filter(v -> !plain.contains(v - 1)).count();
            assertThat(intervals.intervals()).isEqualTo((int) maximal);
            Set<Long> drained = new HashSet<>();
            while (!intervals.isEmpty()) {
                for (SequenceSet.Range range : intervals.drain(3)) {
                    for (long v = range.first(); v <= range.last(); v++) {
                        assertThat(drained.add(v)).isTrue();
                    }
                }
            }
            assertThat(drained).isEqualTo(plain);
        }
    }

    @Test
    void shouldHoldTheLargestNumber() {
        SequenceSet set = new SequenceSet();
        assertThat(set.add(Long.MAX_VALUE)).isTrue();
        assertThat(set.add(Long.MAX_VALUE)).isFalse();
        assertThat(set.add(Long.MAX_VALUE - 1)).isTrue();
        assertThat(set.intervals()).isEqualTo(1);
    }
}
