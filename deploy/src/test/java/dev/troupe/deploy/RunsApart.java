package dev.troupe.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Tests whose runs are kept in a folder of their own. */
abstract class RunsApart {
    @TempDir
    Path runs;

    @BeforeEach
    void keepRunsHere() {
        System.setProperty("troupe.runs", runs.toString());
    }

    @AfterEach
    void keepRunsWhereTheyBelong() {
        System.clearProperty("troupe.runs");
    }

    JsonNode summary(String run) throws IOException {
        return new ObjectMapper()
                .readTree(runs.resolve(run).resolve("summary.json").toFile());
    }

    List<JsonNode> metrics(String run) throws IOException {
        List<JsonNode> steps = new ArrayList<>();
        for (String line : Files.readAllLines(runs.resolve(run).resolve("metrics.jsonl"))) {
            steps.add(new ObjectMapper().readTree(line));
        }
        return steps;
    }
}
