package dev.troupe.reward;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SlowSamplesTest {
    @Test
    void tellsTheFiveSlowestAndBeginsAgain() {
        SlowSamples slow = new SlowSamples();
        assertThat(slow.tell()).isEmpty();
        double[] seconds = {0.5, 3, 0.25, 7, 1, 2, 0.125};
        for (int i = 0; i < seconds.length; i++) {
            slow.note("4/" + i, seconds[i]);
        }
        assertThat(slow.tell())
                .contains("the slowest of 7 samples: 4/3 7.000 s, 4/1 3.000 s, 4/5 2.000 s, 4/4 1.000 s, 4/0 0.500 s");
        assertThat(slow.tell()).isEmpty();
        slow.note("9/0", 0.25);
        assertThat(slow.tell()).contains("the slowest of 1 samples: 9/0 0.250 s");
    }
}
