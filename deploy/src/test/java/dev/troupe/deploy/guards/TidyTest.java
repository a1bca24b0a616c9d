package dev.troupe.deploy.guards;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.deploy.settings.Home;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** House rules that no other tool checks, over every text file of the source tree. CONTRIBUTING.md tells them. */
class TidyTest {
    private static final int LINE = 120;
    private static final int FILE = 500;
    /** What stands in quotes may be long: the formatter does not break it, and a reader finds it by search. */
    private static final Pattern TEXT = Pattern.compile("\"([^\"\\\\]|\\\\.)*\"");

    private static final Set<String> SOURCES = Set.of("java", "proto", "py", "conf", "xml", "sh", "md");
    private static final Set<String> SKIPPED = Set.of("target", "runs", ".git", ".cache", "models", "golden");

    /** Split so that this file does not find itself. */
    private static final List<Rule> RULES = List.of(
            new Rule(
                    "unfinished work: do it, or say it in CHANGELOG.md", "\\b(TO" + "DO|FIX" + "ME|XX" + "X)\\b", ".*"),
            new Rule("a path of one machine", "(?<![\\w.}])/(ro" + "ot|wo" + "rk|ho" + "me/\\w+)/", ".*"),
            new Rule(
                    "only the main class ends the process",
                    "System\\.ex" + "it\\(",
                    "(?!.*/deploy/Main\\.java).*\\.java"),
            new Rule("wait for a state with a deadline, do not sleep", "Thread\\.sle" + "ep\\(", ".*\\.java"),
            new Rule(
                    "tell, do not print: stdout belongs to the door",
                    "System\\.out\\.",
                    "(?!deploy/).*/src/main/.*\\.java"),
            new Rule("a test that is switched off", "@Dis" + "abled", ".*\\.java"),
            new Rule("a tab", "\t", ".*"),
            new Rule("space at the end of a line", "\\s$", ".*\\.(java|proto|py|conf|sh)"));

    private static final Pattern PUBLIC_TYPE = Pattern.compile(
            "^public (final |abstract |sealed |non-sealed )*(class|interface|record|enum|@interface) .*");

    private record Rule(String reason, Pattern pattern, Pattern where) {
        Rule(String reason, String pattern, String where) {
            this(reason, Pattern.compile(pattern), Pattern.compile(where));
        }

        boolean concerns(String file) {
            return where.matcher(file).matches();
        }

        boolean broken(String line) {
            return pattern.matcher(line).find();
        }
    }

    private record Source(String name, List<String> lines) {}

    private static final List<Source> HOUSE = sources(Home.find().path());

    @Test
    void theHouseIsTidy() {
        List<String> found = new ArrayList<>();
        HOUSE.forEach(source -> found.addAll(problems(source)));
        assertThat(found).isEmpty();
    }

    @Test
    void everyRoomIsLookedAt() {
        assertThat(HOUSE.stream().map(s -> s.name().replaceFirst("/.*", "")).distinct())
                .contains(
                        "proto",
                        "data",
                        "model",
                        "transport",
                        "cluster",
                        "reference-service",
                        "reward-service",
                        "rollout-actors",
                        "learner",
                        "deploy",
                        "pom.xml");
    }

    /** Each rule must be able to fail, or it guards nothing. */
    @Test
    void everyRuleFindsItsCase() {
        String main = "learner/src/main/java/dev/troupe/learner/X.java";
        assertThat(problems(main, "// TO" + "DO later")).isNotEmpty();
        assertThat(problems(main, "\"/ro" + "ot/x\"")).isNotEmpty();
        assertThat(problems(main, "System.ex" + "it(1);")).isNotEmpty();
        assertThat(problems("deploy/src/main/java/dev/troupe/deploy/Main.java", "System.ex" + "it(1);"))
                .isEmpty();
        assertThat(problems(main, "Thread.sle" + "ep(1);")).isNotEmpty();
        assertThat(problems(main, "System.out.println();")).isNotEmpty();
        assertThat(problems(main, "@Dis" + "abled")).isNotEmpty();
        assertThat(problems(main, "\tx")).isNotEmpty();
        assertThat(problems(main, "x ")).isNotEmpty();
        assertThat(problems(main, "x".repeat(LINE + 1))).isNotEmpty();
        assertThat(problems(main, "x".repeat(LINE))).isEmpty();
        assertThat(problems(new Source(main, java.util.Collections.nCopies(FILE + 1, "x"))))
                .isNotEmpty();
        assertThat(problems(main, "public final class X {")).isNotEmpty();
        assertThat(problems(new Source(main, List.of("/** It. */", "@Deprecated", "public final class X {"))))
                .isEmpty();
    }

    private static List<String> problems(String file, String line) {
        return problems(new Source(file, List.of(line)));
    }

    private static List<String> problems(Source source) {
        List<String> found = new ArrayList<>();
        String name = source.name();
        boolean prose = name.endsWith(".md");
        if (source.lines().size() > FILE && !prose) {
            found.add(name + ": " + source.lines().size() + " lines, at most " + FILE + ": split it");
        }
        List<Rule> rules = RULES.stream().filter(rule -> rule.concerns(name)).toList();
        for (int i = 0; i < source.lines().size(); i++) {
            String line = source.lines().get(i);
            String at = name + ":" + (i + 1) + ": ";
            if (line.length() > LINE
                    && TEXT.matcher(line).replaceAll("").length() > LINE
                    && name.matches(".*\\.(java|proto|conf|sh)")) {
                found.add(at + line.length() + " columns, at most " + LINE);
            }
            for (Rule rule : rules) {
                if (rule.broken(line)) {
                    found.add(at + rule.reason());
                }
            }
            if (name.contains("/src/main/") && PUBLIC_TYPE.matcher(line).matches() && !documented(source.lines(), i)) {
                found.add(at + "a public type without Javadoc");
            }
        }
        return found;
    }

    /** Whether a comment ends above the line, annotations between them aside. */
    private static boolean documented(List<String> lines, int type) {
        for (int i = type - 1; i >= 0 && !lines.get(i).isBlank(); i--) {
            if (lines.get(i).strip().endsWith("*/")) {
                return true;
            }
        }
        return false;
    }

    private static List<Source> sources(Path root) {
        List<Source> all = new ArrayList<>();
        try {
            Files.walkFileTree(root, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes a) {
                    return SKIPPED.contains(String.valueOf(folder.getFileName()))
                            ? FileVisitResult.SKIP_SUBTREE
                            : FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes a) throws IOException {
                    String name = root.relativize(file).toString();
                    String ending = name.substring(name.lastIndexOf('.') + 1);
                    if (SOURCES.contains(ending) || name.equals("troupe") || name.equals(".ci/run")) {
                        all.add(new Source(name, Files.readAllLines(file)));
                    }
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return all;
    }
}
