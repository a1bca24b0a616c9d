package dev.troupe.train.golden;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * Cases with numbers from the peers' own code: those in this project, or in the folder {@code -Dtroupe.golden} names.
 */
public final class Golden {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Golden() {}

    /** One file. */
    public record Case(Path file, JsonNode json) {
        public String kind() {
            return json.path("kind").asText();
        }

        public JsonNode hyper() {
            return json.path("hyper");
        }

        public JsonNode expected() {
            return json.path("expected");
        }

        /** A path in the case, from the case's own folder. */
        public Path resolve(String relative) {
            return file.resolveSibling(relative).normalize();
        }

        public float[] input(String name) {
            return floats(json.path("inputs").path(name));
        }

        public int[] inputInts(String name) {
            return ints(json.path("inputs").path(name));
        }

        public int columns(String name) {
            return json.path("inputs").path(name).path("shape").path(1).asInt();
        }

        /** Compares with a number or a tensor of the expected ones, within the case's tolerance. */
        public void check(String name, double... got) {
            JsonNode node = expected();
            for (String part : name.split("\\.", 2)) {
                node = node.path(part);
            }
            double[] want = node.isNumber() ? new double[] {node.asDouble()} : doubles(node);
            double abs = json.path("tolerance").path("abs").asDouble();
            double rel = json.path("tolerance").path("rel").asDouble();
            assertThat(got).as("%s of %s", name, file).hasSameSizeAs(want);
            for (int i = 0; i < want.length; i++) {
                assertThat(Math.abs(got[i] - want[i]))
                        .as("%s[%d] of %s: %s, expected %s", name, i, file, got[i], want[i])
                        .isLessThanOrEqualTo(abs + rel * Math.abs(want[i]));
            }
        }

        @Override
        public String toString() {
            return file.getParent().getFileName() + "/" + file.getFileName();
        }
    }

    /** Whether the folder is this project's own. */
    public static boolean own() {
        return named().isEmpty();
    }

    /**
     * The cases that a test covers; skipped by name when a named folder has none, an error when the own folder has
     * none.
     */
    public static Stream<Case> cases(String what, Predicate<Case> covered) {
        List<Case> found = all().stream().filter(covered).toList();
        if (own()) {
            assertThat(found).as("cases of " + what + " in " + folder()).isNotEmpty();
        }
        Assumptions.assumeFalse(found.isEmpty(), "no case of " + what + " in " + folder());
        return found.stream();
    }

    /** Every case of the folder, whatever its kind. */
    public static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder())) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
                JsonNode json = JSON.readTree(file.toFile());
                if (json.has("kind")) {
                    cases.add(new Case(file, json));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return cases;
    }

    private static Path folder() {
        return own() ? Path.of("src/test/resources/golden") : Path.of(named());
    }

    private static String named() {
        return System.getProperty("troupe.golden", "");
    }

    public static float[] floats(JsonNode tensor) {
        JsonNode data = tensor.path("data");
        float[] out = new float[data.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = Float.parseFloat(data.get(i).asText());
        }
        return out;
    }

    public static double[] doubles(JsonNode tensor) {
        JsonNode data = tensor.isArray() ? tensor : tensor.path("data");
        double[] out = new double[data.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = data.get(i).asDouble();
        }
        return out;
    }

    public static int[] ints(JsonNode tensor) {
        JsonNode data = tensor.path("data");
        int[] out = new int[data.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = data.get(i).asInt();
        }
        return out;
    }
}
