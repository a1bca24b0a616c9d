package dev.troupe.data.rewards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.troupe.data.DataException;
import dev.troupe.data.DataSettings;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class VerifierTest {
    private static DataSettings settings(String overrides) {
        return DataSettings.from(ConfigFactory.parseString(overrides)
                .withFallback(ConfigFactory.parseResources("troupe/data.conf"))
                .resolve());
    }

    private static double gsm8k(Object truth, String completion) {
        RuleReward rule = RuleRewards.byName("gsm8k", settings(""));
        return rule.score(List.of(new Answer("q", completion, Map.of("answer", truth))))[0];
    }

    private static double format(String settings, String completion) {
        return RuleRewards.byName("format", settings(settings)).score("q", completion);
    }

    /** Read by eye; NONE for no number. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "48/2 = 24, 48 + 24 = 72 #### 72           | 72",
                "#### 72 and not 73                        | 72",
                "#### 1 no, wait #### 2                    | 2",
                "5 apples #### none                        | NONE",
                "She has 3 apples and 12 pears.            | 12",
                "She pays $1,234.50.                       | 1234.5",
                "the sum is 1,000,000                      | 1000000",
                "one of 1,2,3                              | 3",
                "that makes 25%                            | 25",
                "72.00                                     | 72",
                "0.0                                       | 0",
                ".5                                        | 0.5",
                "It is -5                                  | -5",
                "(-5)                                      | -5",
                "-$5                                       | -5",
                "$-5                                       | -5",
                "10-5                                      | 5",
                "nothing here                              | NONE",
                "100                                       | 100",
            })
    void readsTheNumberATextEndsOn(String text, String number) {
        assertThat(FinalAnswer.of(text).map(BigDecimal::toPlainString).orElse("NONE"))
                .isEqualTo(number);
    }

    @Test
    void gsm8kComparesFinalNumbers() {
        assertThat(gsm8k("He has 48/2 = 24 left.\n#### 72", "That is 72.")).isEqualTo(1);
        assertThat(gsm8k("#### 1,000", "so $1000.00 it is")).isEqualTo(1);
        assertThat(gsm8k("#### 72", "72, or maybe 73")).isZero();
        assertThat(gsm8k("#### 72", "no idea")).isZero();
        assertThat(gsm8k(72, "#### 72")).isEqualTo(1);
        assertThat(gsm8k(7.5e3, "7500")).isEqualTo(1);
    }

    @Test
    void gsm8kSaysWhichTruthItLacks() {
        RuleReward rule = RuleRewards.byName("gsm8k", settings(""));
        assertThat(rule.columns()).containsExactly("answer");
        assertThatThrownBy(() -> rule.score(List.of(new Answer("q", "5", Map.of("truth", "5")))))
                .hasMessageContaining("no column \"answer\"; it has [truth]");
        assertThatThrownBy(() -> gsm8k("unknown", "5")).hasMessageContaining("holds no number: \"unknown\"");
    }

    @Test
    void formatRewardsTheWholeFormAndHalfOfItForAPart() {
        assertThat(format("", "48 / 2 = 24\n#### 24")).isEqualTo(1);
        assertThat(format("", "#### $1,024.50\n ")).isEqualTo(1);
        assertThat(format("", "it is #### 24")).isEqualTo(0.5);
        assertThat(format("", "#### 24\nand that is all")).isEqualTo(0.5);
        assertThat(format("", "#### twenty")).isZero();
        assertThat(format("", "24")).isZero();
        String thinks = "reward.format = \"(?s)<think>.*</think>.*\"";
        assertThat(format(thinks, "<think>so\nso</think> 5")).isEqualTo(1);
        assertThat(format(thinks, "Well: <think>so</think>")).isEqualTo(0.5);
        assertThat(format(thinks, "<think>so")).isZero();
    }

    @Test
    void aPatternThatIsNoneIsNamed() {
        assertThatThrownBy(() -> RuleRewards.byName("format", settings("reward.format = \"(a\"")))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith("reward.format = (a: not a regular expression: Unclosed group");
    }
}
