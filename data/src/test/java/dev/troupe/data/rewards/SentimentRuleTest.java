package dev.troupe.data.rewards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.data.DataException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SentimentRuleTest {
    @TempDir
    Path folder;

    @Test
    void goldEqualsValuesComputedByHand() throws IOException {
        SentimentRule rule = rule("good\t1.9\t0.9\t[2, 1]", "sad\t-2.1", ":D\t2.3", ":)\t2.0", "great\t3.1");
        assertThat(rule.gold("A good day.")).isCloseTo(0.440434, within(1e-6)); // 1.9 / sqrt(3.61 + 15)
        assertThat(rule.gold("\"Good, GREAT\" and sad!")).isCloseTo(0.599373, within(1e-6)); // 2.9 / sqrt(8.41 + 15)
        assertThat(rule.gold("sad sad sad")).isCloseTo(-0.851896, within(1e-6)); // -6.3 / sqrt(39.69 + 15)
        assertThat(rule.gold("home :D :)")).isCloseTo(0.743038, within(1e-6)); // 4.3 / sqrt(18.49 + 15)
        assertThat(rule.gold("goodness, not-good")).isZero();
        assertThat(rule.gold("")).isZero();
        assertThat(rule.gold(" \n ")).isZero();
    }

    @Test
    void judgesTheCompletionAlone() throws IOException {
        SentimentRule rule = rule("good\t1.9");
        assertThat(rule.score("a good start", " and no end")).isZero();
        assertThat(rule.score(List.of(new Answer("", "good"), new Answer("", "-"))))
                .hasSize(2);
    }

    @Test
    void readsVadersLexiconWhereItIsGiven() {
        String given = System.getProperty("troupe.data", "");
        org.junit.jupiter.api.Assumptions.assumeFalse(
                given.isEmpty(), "needs -Dtroupe.data=DIR with vader_lexicon.txt");
        SentimentRule rule = SentimentRule.read(Path.of(given, "vader_lexicon.txt"));
        assertThat(rule.valence("aching")).isEqualTo(-2.2);
        assertThat(rule.valence("ACHIEVABLE,")).isEqualTo(1.3);
        assertThat(rule.valence("(-:")).isEqualTo(1.6);
        assertThat(rule.valence("$:")).isEqualTo(-1.5);
    }

    @Test
    void refusesABadListByFileAndLine() throws IOException {
        assertThatThrownBy(() -> rule("good\t1.9", "bad"))
                .hasMessageEndingWith("list.txt:2: expected word TAB valence, found no tab");
        assertThatThrownBy(() -> rule("good\tmuch"))
                .hasMessageEndingWith("list.txt:1: valence \"much\" is not a number");
        assertThatThrownBy(() -> rule("good\tNaN")).hasMessageContaining("list.txt:1: valence NaN lies outside");
        assertThatThrownBy(() -> rule("good\t19")).hasMessageContaining("lies outside -4 to 4");
        assertThatThrownBy(() -> rule("")).hasMessageEndingWith("list.txt: the word list is empty");
        assertThatThrownBy(() -> SentimentRule.read(folder.resolve("none.txt")))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("none.txt: no such word list");
    }

    private SentimentRule rule(String... lines) throws IOException {
        Path file = folder.resolve("list.txt");
        Files.write(file, List.of(lines));
        return SentimentRule.read(file);
    }
}
