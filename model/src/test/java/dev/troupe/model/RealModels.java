package dev.troupe.model;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Larger models, an optional input: -Dtroupe.models or TROUPE_MODELS names the folder that holds them. */
final class RealModels {
    private RealModels() {}

    /** SmolLM2-135M-Instruct as the GGUF file (Q4_1) that the golden numbers were taken from. */
    static Path smollm2() {
        return input("smollm2-135m-instruct.gguf");
    }

    /** A file or folder among the models; a test that needs one that is not there is skipped. */
    static Path input(String name) {
        String models = System.getProperty("troupe.models", "");
        if (models.isBlank()) {
            models = System.getenv().getOrDefault("TROUPE_MODELS", "");
        }
        Assumptions.assumeFalse(models.isBlank(), "-Dtroupe.models (a folder with " + name + ") is not given");
        Path path = Path.of(models).resolve(name);
        Assumptions.assumeTrue(Files.exists(path), "no " + name + " in -Dtroupe.models=" + models);
        return path;
    }
}
