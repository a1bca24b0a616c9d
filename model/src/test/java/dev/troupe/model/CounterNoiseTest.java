package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CounterNoiseTest {
    /** The known answers that the authors of Philox publish with Random123 (kat_vectors, philox4x32 10 rounds). */
    @Test
    void shouldGiveThePublishedNumbers() {
        assertPhilox(new int[] {0, 0, 0, 0}, 0, 0, new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
        assertPhilox(new int[] {-1, -1, -1, -1}, -1, -1, new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
        assertPhilox(new int[] {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0, new int[] {
            0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1
        });
    }

    private static void assertPhilox(int[] counter, int key0, int key1, int[] expected) {
        CounterNoise.philox(counter, key0, key1);
        assertThat(counter).isEqualTo(expected);
    }

    @Test
    void shouldBeUniformStrictlyInsideTheUnitInterval() {
        int n = 200_000;
        int[] bins = new int[100];
        double sum = 0;
        for (int i = 0; i < n; i++) {
            double u = CounterNoise.uniform(42, i / 1000, i % 10, i % 1000 / 10);
            assertThat(u).isGreaterThan(0).isLessThan(1);
            bins[(int) (u * 100)]++;
            sum += u;
        }
        double chiSquare = 0;
        for (int bin : bins) {
            chiSquare += Math.pow(bin - n / 100.0, 2) / (n / 100.0);
        }
        assertThat(sum / n).isCloseTo(0.5, within(0.003));
        assertThat(chiSquare).isLessThan(150); // 99 degrees of freedom: above 150 once in a thousand keys
    }

    @Test
    void shouldDependOnEveryPartOfTheKey() {
        Set<Double> values = new HashSet<>();
        values.add(CounterNoise.uniform(1, 1, 1, 1));
        values.add(CounterNoise.uniform(2, 1, 1, 1));
        values.add(CounterNoise.uniform(1L << 32 | 1, 1, 1, 1));
        values.add(CounterNoise.uniform(1, 2, 1, 1));
        values.add(CounterNoise.uniform(1, 1L << 32 | 1, 1, 1));
        values.add(CounterNoise.uniform(1, 1, 2, 1));
        values.add(CounterNoise.uniform(1, 1, 1, 2));
        assertThat(values).hasSize(7);
        assertThat(CounterNoise.uniform(1, 1, 1, 1)).isEqualTo(CounterNoise.uniform(1, 1, 1, 1));
    }
}
