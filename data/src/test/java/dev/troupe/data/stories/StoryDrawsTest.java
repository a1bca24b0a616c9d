package dev.troupe.data.stories;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class StoryDrawsTest {
    private static final StoryGrammar GRAMMAR = StoryGrammar.stories();

    @Test
    void trainAndHeldOutShareNoOpening() {
        StoryDraws train = new StoryDraws(GRAMMAR, 1, Split.TRAIN);
        StoryDraws heldOut = new StoryDraws(GRAMMAR, 1, Split.HELD_OUT);
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < 20_000; i++) {
            seen.add(train.opening(i));
        }
        Set<String> unseen = new HashSet<>();
        for (int i = 0; i < 2_000; i++) {
            unseen.add(heldOut.opening(i));
        }
        assertThat(unseen).hasSizeGreaterThan(200).doesNotContainAnyElementsOf(seen);
    }

    @Test
    void aDrawDependsOnItsNumberAlone() {
        StoryDraws once = new StoryDraws(GRAMMAR, 3, Split.TRAIN);
        StoryDraws again = new StoryDraws(GRAMMAR, 3, Split.TRAIN);
        Story late = again.story(1_000_000_007L);
        for (int i = 0; i < 100; i++) {
            once.story(i);
        }
        assertThat(once.story(1_000_000_007L)).isEqualTo(late);
        assertThat(once.opening(1_000_000_007L)).isEqualTo(late.opening());
        assertThat(new StoryDraws(GRAMMAR, 4, Split.TRAIN).story(0)).isNotEqualTo(once.story(0));
    }

    @Test
    void variantsShareTheOpeningOnly() {
        StoryDraws draws = new StoryDraws(GRAMMAR, 3, Split.TRAIN);
        for (int i = 0; i < 100; i++) {
            assertThat(draws.story(i, 1).opening()).isEqualTo(draws.story(i, 0).opening());
            assertThat(draws.story(i, 1).rest()).isNotEqualTo(draws.story(i, 0).rest());
        }
    }
}
