package dev.troupe.data.rewards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.troupe.data.DataException;
import dev.troupe.data.DataSettings;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RuleRewardsTest {
    private static final DataSettings SETTINGS = DataSettings.from(ConfigFactory.parseString("reward.length_words = 4")
            .withFallback(ConfigFactory.parseResources("troupe/data.conf")));

    /** A rule of a user's own. */
    public static final class Constant implements RuleReward {
        @Override
        public String name() {
            return "constant";
        }

        @Override
        public double[] score(List<Answer> answers) {
            return answers.stream().mapToDouble(a -> 7).toArray();
        }
    }

    @Test
    void findsRulesByName() {
        assertThat(RuleRewards.byName("sentiment", SETTINGS)).isSameAs(SentimentRule.own());
        RuleReward length = RuleRewards.byName("length", SETTINGS);
        assertThat(length.score("ignored words here", " one two")).isEqualTo(0.5);
        assertThat(length.score("", "a b c d e f")).isEqualTo(1);
        assertThat(length.score("", "  ")).isZero();
        assertThat(RuleRewards.byName(Constant.class.getName(), SETTINGS).score("", ""))
                .isEqualTo(7);
    }

    @Test
    void brevityIsFullUpToTheWordsAndNothingFromThreeTimesAsMany() {
        RuleReward brevity = RuleRewards.byName("brevity", SETTINGS);
        assertThat(brevity.score("", "one")).isEqualTo(1);
        assertThat(brevity.score("", " one two\nthree four ")).isEqualTo(1);
        assertThat(brevity.score("", "a b c d e f")).isEqualTo(0.75);
        assertThat(brevity.score("", "a b c d e f g h i j")).isEqualTo(0.25);
        assertThat(brevity.score("", "x ".repeat(12))).isZero();
        assertThat(brevity.score("", "x ".repeat(50))).isZero();
        assertThat(brevity.score("", " \n ")).as("no answer").isZero();
    }

    @Test
    void saysWhatIsWrongWithAName() {
        assertThatThrownBy(() -> RuleRewards.byName("sentimental", SETTINGS))
                .isInstanceOf(DataException.class)
                .hasMessageContaining(
                        "reward.rule = sentimental: no such rule; expected sentiment, length, brevity, gsm8k, format");
        assertThatThrownBy(() -> RuleRewards.byName("no.such.Rule", SETTINGS)).hasMessageContaining("no such class");
        assertThatThrownBy(() -> RuleRewards.byName("java.lang.String", SETTINGS))
                .hasMessageContaining("does not implement");
    }
}
