package dev.troupe.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.troupe.reward.RewardPart.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RewardSettingsTest {
    private static RewardSettings settings(String text) {
        return RewardSettings.from(ConfigFactory.parseString(text));
    }

    @Test
    void oneRewardIsOnePartWithoutWeights() {
        assertThat(settings("").parts())
                .containsExactly(new RewardPart("model", Kind.MODEL, "stories-reward", "model.reward", 1));
        assertThat(settings("").weighted()).isFalse();
        assertThat(settings("reward.kind = rule, reward.rule = \"com.example.Rules$Mine\"")
                        .parts())
                .containsExactly(new RewardPart("Mine", Kind.RULE, "com.example.Rules$Mine", "reward.rule", 1));
        assertThat(settings("reward.kind = http, reward.http.url = \"https://a.example/s\"")
                        .parts())
                .containsExactly(new RewardPart("http", Kind.HTTP, "https://a.example/s", "reward.http.url", 1));
    }

    @Test
    void partsHaveNamesAndWeights() {
        RewardSettings settings = settings(
                "reward.parts = [{rule = gsm8k}, {model = rm, weight = 0.5}, {http = \"http://127.0.0.1:1/\", weight = -2,"
                        + " name = judge}]");
        assertThat(settings.weighted()).isTrue();
        assertThat(settings.parts())
                .containsExactly(
                        new RewardPart("gsm8k", Kind.RULE, "gsm8k", "reward.parts part 1", 1),
                        new RewardPart("model", Kind.MODEL, "rm", "reward.parts part 2", 0.5),
                        new RewardPart("judge", Kind.HTTP, "http://127.0.0.1:1/", "reward.parts part 3", -2));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[gsm8k]                               | as part 1 \"gsm8k\": expected {rule = NAME}",
                "[{rule = a}, {rule = b, wieght = 2}]  | as part 2",
                "[{rule = b, wieght = 2}]              | unknown key [wieght]; expected one of rule, model, http",
                "[{weight = 2}]                        | expected exactly one of rule, model and http",
                "[{rule = a, model = b}]               | expected exactly one of rule, model and http",
                "[{rule = a, weight = heavy}]          | weight = heavy: expected a number",
                "[{rule = a, weight = null}]           | weight = null: expected a number",
                "[{rule = 3}]                          | rule is no text",
                "[{rule = a, name = reward}]           | its name is reward",
                "[{rule = a, name = 'x y'}]            | its name is x y",
                "[{rule = a}, {rule = a}]              | two parts called a",
                "[{http = nowhere}]                    | reward.parts part 1 = nowhere: expected https://HOST/PATH",
            })
    void aPartThatIsNoneIsNamed(String parts, String said) {
        assertThatThrownBy(() -> settings("reward.parts = " + parts.replace("'", "\"")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("reward.parts ")
                .hasMessageContaining(said);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "http//x                       | expected https://HOST/PATH",
                "ftp://a.example/s             | expected https://HOST/PATH",
                "http://a b/                   | not a URL",
                "http://judge.example/s        | plain http leaves this machine",
                "http://10.0.0.1/s             | plain http leaves this machine",
                "https://me:secret@a.example/  | a password in the URL",
            })
    void anAddressThatWillNotDoIsNamed(String url, String said) {
        assertThatThrownBy(() -> settings("reward.kind = http, reward.http.url = \"" + url + "\""))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("reward.http.url")
                .hasMessageContaining(said)
                .hasMessageNotContaining("secret");
    }

    @ParameterizedTest
    @CsvSource({"http://localhost:8000/s", "http://127.0.0.1/", "http://[::1]:80/", "https://judge.example/score?k=1"})
    void thisMachineAndEncryptedServicesWillDo(String url) {
        assertThat(settings("reward.kind = http, reward.http.url = \"" + url + "\"")
                        .parts()
                        .get(0)
                        .what())
                .isEqualTo(url);
    }

    @Test
    void numbersOutOfRangeNameTheirKey() {
        assertThatThrownBy(() -> settings("reward.http.attempts = 0"))
                .hasMessageStartingWith("reward.http.attempts = 0");
        assertThatThrownBy(() -> settings("reward.http.concurrency = 0"))
                .hasMessageStartingWith("reward.http.concurrency = 0");
        assertThatThrownBy(() -> settings("reward.http.backoff = -1s")).hasMessageStartingWith("reward.http.backoff");
    }
}
