package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * Where golden cases are found: our own copy of the kinds this room has code for, or the folder that -Dtroupe.golden
 * names. A case is a JSON file with a kind.
 */
final class GoldenFolder {
    /** The kinds this room has code for. */
    static final Set<String> KINDS = Set.of(
            "adapter",
            "loss/gkd",
            "lora",
            "model",
            "model-score",
            "nf4",
            "qlora",
            "regex",
            "sampling",
            "stories260k",
            "stories260k-tokenizer",
            "smollm2-weights",
            "smollm2-tokenizer",
            "smollm2-chat",
            "smollm2-forward");

    /** One file of numbers. */
    record Case(Path file, JsonNode json) {
        String name() {
            return kind() + "/" + json.path("name").asText();
        }

        String kind() {
            return json.path("kind").asText();
        }

        /** The file or folder that a key of the case names, relative to the case's own file. */
        Path beside(String key) {
            return file.resolveSibling(json.path(key).asText()).normalize();
        }
    }

    private GoldenFolder() {}

    static boolean isOwn() {
        return System.getProperty("troupe.golden", "").isBlank();
    }

    static Path path() {
        return isOwn() ? Path.of("src/test/resources/golden") : Path.of(System.getProperty("troupe.golden"));
    }

    /** All cases; none at all is a failure. */
    static List<Case> all() {
        ObjectMapper mapper = new ObjectMapper();
        List<Case> cases = new ArrayList<>();
        try (Stream<Path> files = Files.walk(path())) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
                JsonNode json = mapper.readTree(Files.readAllBytes(file));
                if (json.has("kind")) {
                    cases.add(new Case(file, json));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        assertThat(cases).as("golden cases in " + path()).isNotEmpty();
        return cases;
    }

    /** The cases of a kind. Our own copy must hold some; a test whose kind a named folder lacks is skipped. */
    static List<Case> of(String kind) {
        List<Case> cases = all().stream().filter(c -> c.kind().equals(kind)).toList();
        if (isOwn()) {
            assertThat(cases).as("our own golden cases of kind " + kind).isNotEmpty();
        }
        Assumptions.assumeFalse(cases.isEmpty(), "golden folder " + path() + " holds no case of kind " + kind);
        return cases;
    }

    static double[] numbers(JsonNode tensor) {
        JsonNode data = tensor.has("data") ? tensor.get("data") : tensor;
        double[] values = new double[data.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = data.get(i).isNull() ? Double.NaN : data.get(i).asDouble();
        }
        return values;
    }

    static float[] floats(JsonNode tensor) {
        double[] values = numbers(tensor);
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    static int[] ints(JsonNode tensor) {
        return Arrays.stream(numbers(tensor)).mapToInt(v -> (int) v).toArray();
    }

    static int[][] grid(JsonNode tensor) {
        int rows = tensor.get("shape").get(0).asInt();
        int columns = tensor.get("shape").get(1).asInt();
        int[] flat = ints(tensor);
        int[][] grid = new int[rows][];
        for (int r = 0; r < rows; r++) {
            grid[r] = Arrays.copyOfRange(flat, r * columns, (r + 1) * columns);
        }
        return grid;
    }
}
