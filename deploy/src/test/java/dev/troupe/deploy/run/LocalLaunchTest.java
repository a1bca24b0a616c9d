package dev.troupe.deploy.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.cluster.ClusterSettings;
import dev.troupe.deploy.settings.Settings;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class LocalLaunchTest {
    @Test
    void shouldGiveEveryNodeThePatienceThatTheRunIsGivenAndItsOwnPlace() {
        Settings run = Settings.parse(
                "a run",
                "cluster.acceptable_pause = 30s",
                List.of("cluster.stable_after=5s", "cluster.host=127.0.0.2", "cluster.port=2552", "steps=3"));

        List<String> arguments = LocalLaunch.other("rollout-2", "127.0.0.2:2552", run);

        assertThat(arguments).startsWith("node", "rollout", "--join", "127.0.0.2:2552", "--name", "rollout-2");
        List<String> overrides = arguments.subList(6, arguments.size());
        ClusterSettings own =
                ClusterSettings.from(Settings.parse("node", "", overrides).config());
        assertThat(own.acceptablePause()).isEqualTo(Duration.ofSeconds(30));
        assertThat(own.stableAfter()).isEqualTo(Duration.ofSeconds(5));
        assertThat(own.host()).isEqualTo("127.0.0.1");
        assertThat(own.port()).isZero();
    }
}
