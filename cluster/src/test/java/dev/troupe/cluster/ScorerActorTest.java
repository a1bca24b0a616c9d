package dev.troupe.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.cluster.protocol.ScorerCommand;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What it does is tested with the services that use it. */
class ScorerActorTest {
    @Test
    void everyCommandHasAHandler() throws Exception {
        String source = Files.readString(Path.of("src/main/java/dev/troupe/cluster/ScorerActor.java"));
        assertThat(ScorerCommand.class.getDeclaredClasses())
                .filteredOn(ScorerCommand.class::isAssignableFrom)
                .hasSize(2)
                .allSatisfy(c -> assertThat(source).contains(".onMessage(" + c.getSimpleName() + ".class"));
    }
}
