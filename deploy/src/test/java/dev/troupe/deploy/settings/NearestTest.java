package dev.troupe.deploy.settings;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearestTest {
    @ParameterizedTest
    @CsvSource({"kitten,sitting,3", "flaw,lawn,2", "'',abc,3", "abc,'',3", "seed,SEED,0", "gumbo,gambol,2"})
    void countsEdits(String a, String b, int edits) {
        assertThat(Nearest.edits(a, b)).isEqualTo(edits);
    }

    @Test
    void aBareWordFindsAKeyInAGroup() {
        assertThat(Nearest.to("replica", List.of("seed", "rollout.replicas", "vf_coef")))
                .isEqualTo("rollout.replicas");
    }
}
