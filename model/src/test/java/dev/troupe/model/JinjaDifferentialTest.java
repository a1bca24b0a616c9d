package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Composed templates and the templates of real models against jinja2 itself, run by the Python that is given. */
class JinjaDifferentialTest {
    private static final Path SCRIPT = Path.of("../.ci/jinja_cases.py");
    private static final Path HASHES = Path.of("src/test/resources/jinja/templates.sha256");
    private static final int SEED = Integer.getInteger("troupe.jinja.seed", 20);
    private static final int EXPRESSIONS = Integer.getInteger("troupe.jinja.expressions", 20_000);
    private static final int STATEMENTS = Integer.getInteger("troupe.jinja.statements", 6_000);

    /** What docs/chat-templates.md lists as refused, by words of its errors. */
    private static final List<String> REFUSALS = List.of(
            "other files",
            "HTML escaping",
            "blocks by name",
            "complex numbers",
            "bytes",
            "sets",
            "random",
            "float.fromhex",
            "more than",
            "deeper than");

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path work;

    /** Counts of outcomes, and what differed. */
    private static final class Tally {
        private final Map<JinjaCase.Outcome, Integer> counts = new EnumMap<>(JinjaCase.Outcome.class);
        private final List<String> different = new ArrayList<>();
        private final Set<String> refusals = new TreeSet<>();

        void add(JinjaCase c) {
            JinjaCase.Compared compared = c.compare();
            counts.merge(compared.outcome(), 1, Integer::sum);
            if (compared.outcome() == JinjaCase.Outcome.DIFFERENT) {
                different.add(compared.said());
            } else if (compared.outcome() == JinjaCase.Outcome.REFUSED) {
                refusals.add(compared.said());
            }
        }

        int count(JinjaCase.Outcome outcome) {
            return counts.getOrDefault(outcome, 0);
        }

        int all() {
            return counts.values().stream().mapToInt(Integer::intValue).sum();
        }
    }

    private Tally run(String kind, int count) {
        Path out = work.resolve(kind + ".jsonl");
        Python.runFile(work, SCRIPT, kind, Integer.toString(SEED), Integer.toString(count), out.toString());
        Tally tally = new Tally();
        JinjaCase.forEach(out, null, tally::add);
        assertThat(tally.all()).isEqualTo(count);
        assertThat(tally.different).isEmpty();
        assertThat(tally.refusals).allSatisfy(said -> assertThat(REFUSALS).anyMatch(said::contains));
        assertThat(tally.count(JinjaCase.Outcome.REFUSED)).isLessThan(count / 100);
        return tally;
    }

    @Test
    void shouldEvaluateComposedExpressionsAsJinja2Does() {
        Tally tally = run("expressions", EXPRESSIONS);
        assertThat(tally.count(JinjaCase.Outcome.SAME)).isGreaterThan(EXPRESSIONS / 2);
    }

    @Test
    void shouldRenderComposedStatementsAsJinja2Does() {
        Tally tally = run("statements", STATEMENTS);
        assertThat(tally.count(JinjaCase.Outcome.SAME)).isGreaterThan(STATEMENTS / 3);
    }

    /** The templates of real models: {@code -Dtroupe.templates} names a folder of them. */
    @Test
    void shouldRenderTheTemplatesOfRealModelsAsJinja2Does() throws IOException {
        String folder = System.getProperty("troupe.templates", "");
        Assumptions.assumeFalse(folder.isBlank(), "-Dtroupe.templates (a folder of chat templates) is not given");
        Path out = work.resolve("templates.jsonl");
        Python.runFile(work, SCRIPT, "templates", folder, out.toString());
        Map<String, String> hashes = hashes();
        Tally tally = new Tally();
        Set<String> templates = new HashSet<>();
        JinjaCase.forEach(out, Path.of(folder), c -> {
            tally.add(c);
            templates.add(c.id().replaceFirst("/.*", ""));
            assertThat(hash(c.text())).as(c.id()).isEqualTo(hashes.remove(c.id()));
        });
        assertThat(tally.different).isEmpty();
        assertThat(tally.refusals).isEmpty();
        assertThat(hashes).as("cases that jinja2 was not run on").isEmpty();
        assertThat(templates).hasSizeGreaterThan(40);
        assertThat(tally.count(JinjaCase.Outcome.SAME)).isGreaterThan(2000);
    }

    private static Map<String, String> hashes() throws IOException {
        Map<String, String> hashes = new HashMap<>();
        for (String line : Files.readAllLines(HASHES)) {
            int space = line.indexOf(' ');
            hashes.put(line.substring(space + 1), line.substring(0, space));
        }
        return hashes;
    }

    private static String hash(@Nullable String text) {
        if (text == null) {
            return "refused";
        }
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
