package dev.troupe.experience;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SequenceTest {
    @Test
    void marksWhatFollowsThePrompt() {
        assertThat(Sequence.after(2, 7, 8, 9).trained()).containsExactly(false, false, true);
        assertThat(Sequence.after(0, 7, 8, 9)).isEqualTo(Sequence.whole(7, 8, 9));
        assertThat(Sequence.whole(7, 8, 9).trained()).containsExactly(false, true, true);
        assertThat(Sequence.after(5, 7, 8, 9).trainedTokens()).isZero();
    }

    @Test
    void isCutAtItsEnd() {
        Sequence cut = Sequence.after(2, 7, 8, 9, 10).cut(3);
        assertThat(cut).isEqualTo(Sequence.after(2, 7, 8, 9));
        assertThat(cut.trainedTokens()).isEqualTo(1);
        assertThat(cut.cut(9)).isSameAs(cut);
    }

    @Test
    void refusesAMarkOnTheFirstToken() {
        assertThatThrownBy(() -> new Sequence(new int[] {1, 2}, new boolean[] {true, false}))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Sequence.whole(1)).hasMessageContaining("a sequence of 1 tokens");
    }
}
