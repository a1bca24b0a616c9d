package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.deploy.settings.Home;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** docs/metrics.md lists what runs write: every key, and no other. */
class MetricsPageTest extends RunsApart {
    private static final Pattern KEY = Pattern.compile("`([^`]+)`");
    private static final Pattern CHOICE = Pattern.compile("\\{([^}]+)}");

    /** Online runs that between them write every key that such a run can have; other algorithms write some of these. */
    private static final List<List<String>> ONLINE = List.of(
            List.of("algorithm=ppo", "off_policy.correction=decoupled"),
            List.of("algorithm=grpo", "beta=0.1", "entropy_coef=0.01"),
            List.of("algorithm=cispo"),
            List.of("algorithm=grpo", "loss_type=vespo"),
            List.of("algorithm=online_dpo"));

    /** The cells of each row below the table's head. */
    private static List<List<String>> rows() throws IOException {
        return Files.readAllLines(Home.find().path().resolve("docs/metrics.md")).stream()
                .filter(line -> line.startsWith("| `"))
                .map(line -> List.of(line.strip().substring(1).split("\\|", -1)))
                .toList();
    }

    /** The keys of the page's first column: {a,b} is a or b, and a name in capitals is any. */
    private static List<Pattern> listed() throws IOException {
        List<Pattern> keys = new ArrayList<>();
        for (List<String> row : rows()) {
            KEY.matcher(row.get(0))
                    .results()
                    .map(key -> CHOICE.matcher(key.group(1))
                            .replaceAll(choice -> "(" + choice.group(1).replace(',', '|') + ")")
                            .replaceAll("NAME|STREAM", "[^/]+"))
                    .map(Pattern::compile)
                    .forEach(keys::add);
        }
        return keys;
    }

    private Set<String> written() throws IOException {
        Set<String> keys = new TreeSet<>();
        for (int i = 0; i < ONLINE.size(); i++) {
            List<String> settings = new ArrayList<>(ONLINE.get(i));
            settings.addAll(List.of("steps=1", "eval.count=1"));
            keys.addAll(keysOf("online" + i, Troupe.run("online" + i, settings.toArray(new String[0]))));
        }
        keys.addAll(keysOf(
                "offline", Troupe.of("run", "stories/reward", "--name", "offline", "steps=1", "batch.prompts=4")));
        return keys;
    }

    private Set<String> keysOf(String run, Troupe told) throws IOException {
        assertThat(told.code()).as(told.err()).isZero();
        Set<String> keys = new TreeSet<>();
        for (JsonNode step : metrics(run)) {
            step.fieldNames().forEachRemaining(keys::add);
        }
        return keys;
    }

    @Test
    void everyKeyHasARowAndEveryRowAKey() throws IOException {
        List<Pattern> listed = listed();
        Set<String> written = written();

        assertThat(written)
                .allMatch(
                        key -> listed.stream().anyMatch(row -> row.matcher(key).matches()));
        assertThat(listed)
                .allMatch(
                        row -> written.stream().anyMatch(key -> row.matcher(key).matches()));
    }

    @Test
    void noCellIsEmpty() throws IOException {
        assertThat(rows()).isNotEmpty().allSatisfy(row -> {
            assertThat(row).hasSize(5);
            assertThat(row.subList(0, 4)).noneMatch(String::isBlank);
        });
    }
}
