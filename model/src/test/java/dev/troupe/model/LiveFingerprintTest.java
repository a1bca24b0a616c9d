package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What lies on the device has the fingerprint of what travels, however a family's tensors lie in the matrices. */
class LiveFingerprintTest {
    private static final Path MODELS = Path.of("src/test/resources/golden/models");

    static List<Path> models() throws IOException {
        try (Stream<Path> folders = Files.list(MODELS)) {
            List<Path> models = folders.filter(f -> Files.exists(f.resolve("config.json")))
                    .sorted()
                    .toList();
            assertThat(models).hasSizeGreaterThan(15);
            return models;
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void isThatOfTheTensors(Path path) {
        ModelFolder model = ModelFolder.open(path);
        try (TensorThread thread = TensorThread.start("fingerprint", 1)) {
            thread.run(() -> {
                try (Decoder decoder = Decoder.load(model.config(), model.weights(), false)) {
                    assertThat(decoder.liveFingerprint())
                            .isEqualTo(decoder.export().fingerprint());
                }
            });
        }
    }
}
