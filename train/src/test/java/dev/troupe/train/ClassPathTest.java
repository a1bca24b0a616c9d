package dev.troupe.train;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What trains can be used without actors, network and command line: they are not even on its class path. */
class ClassPathTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "akka.actor.typed.ActorSystem",
                "io.aeron.Aeron",
                "dev.troupe.transport.TransportSettings",
                "dev.troupe.cluster.ClusterSettings",
                "dev.troupe.learner.LearnerSettings",
                "dev.troupe.deploy.Main"
            })
    void shouldNotHaveIt(String name) {
        assertThatThrownBy(() -> Class.forName(name)).isInstanceOf(ClassNotFoundException.class);
    }
}
