package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KnownKeysTest {
    private static final KnownKeys KEYS = new KnownKeys()
            .used("size", "rope.*")
            .harmless("note")
            .warned("dropout", "it is not applied", 0)
            .refused("bias", "linear maps have none", "none")
            .refused("scale", "nothing is scaled", 1);

    private static JsonNode json(String text) {
        try {
            return new ObjectMapper().readTree(text.replace('\'', '"'));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'size': 3, 'note': 'x', 'rope.base': 4}",
                "{'other': null, 'more': [], 'and': {}}",
                "{'bias': 'none', 'scale': 1.0}",
                "{'bias': false, 'scale': null}",
                "{'dropout': 0.1}"
            })
    void whatChangesNothingPasses(String text) {
        assertThatCode(() -> KEYS.check(json(text), "file", Set.of())).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{'foo_scale': 2}", "{'foo_scale': 0}", "{'foo_scale': false}", "{'foo_scale': ''}"})
    void unknownKeysThatAreSetAreRefusedByName(String text) {
        assertThatThrownBy(() -> KEYS.check(json(text), "file", Set.of()))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("file: ")
                .hasMessageContaining("foo_scale = ")
                .hasMessageContaining("model.ignore_keys = \"foo_scale\"");
        assertThatCode(() -> KEYS.check(json(text), "file", Set.of("foo_scale")))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{'bias': 'all'}", "{'scale': 2}", "{'scale': 0}", "{'scale': true}"})
    void knownKeysWithOtherValuesAreRefusedWithTheReason(String text) {
        assertThatThrownBy(() -> KEYS.check(json(text), "file", Set.of()))
                .isInstanceOf(ModelException.class)
                .hasMessageMatching("file: (bias|scale) = .* is not supported: (linear|nothing) .*");
    }

    @Test
    void allUnknownKeysAreNamedAtOnce() {
        assertThatThrownBy(() -> KEYS.check(json("{'b': 1, 'a': 2}"), "file", Set.of("c")))
                .hasMessageContaining("a = 2, b = 1")
                .hasMessageContaining("--ignore-keys a,b");
    }
}
