package dev.troupe.deploy.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Two evaluations of the same prompts beside each other, as text for a terminal and as Markdown. */
public final class EvaluationTable {
    private static final int SIDE_BY_SIDE = 5;
    private static final int COLUMN = 56;

    private final EvaluationReport before;
    private final EvaluationReport after;
    private final String nameBefore;
    private final String nameAfter;

    /** The table of a policy before and after training. */
    public EvaluationTable(EvaluationReport before, EvaluationReport after) {
        this(before, after, "before", "after");
    }

    /** The table of two policies with these names. */
    public EvaluationTable(EvaluationReport before, EvaluationReport after, String nameBefore, String nameAfter) {
        if (!before.prompts().equals(after.prompts())) {
            throw new IllegalArgumentException("the two evaluations are of different prompts");
        }
        this.before = before;
        this.after = after;
        this.nameBefore = nameBefore;
        this.nameAfter = nameAfter;
    }

    /** For a terminal: the figures, then five prompts with both outputs in columns. */
    public String text() {
        StringBuilder out = new StringBuilder();
        out.append(String.format(Locale.ROOT, "%-32s %10s %10s %10s%n", "", nameBefore, nameAfter, "change"));
        for (Row row : rows()) {
            out.append(String.format(
                    Locale.ROOT, "%-32s %10s %10s %10s%n", row.name, row.before(), row.after(), row.change()));
        }
        for (int i = 0; i < shown(); i++) {
            out.append(String.format(
                    Locale.ROOT, "%n> %s%n", oneLine(before.prompts().get(i))));
            List<String> left = wrap(before.completions().get(i).get(0));
            List<String> right = wrap(after.completions().get(i).get(0));
            out.append(String.format(Locale.ROOT, "  %-" + COLUMN + "s | %s%n", nameBefore, nameAfter));
            for (int k = 0; k < Math.max(left.size(), right.size()); k++) {
                out.append(String.format(
                        Locale.ROOT,
                        "  %-" + COLUMN + "s | %s%n",
                        k < left.size() ? left.get(k) : "",
                        k < right.size() ? right.get(k) : ""));
            }
        }
        return out.toString();
    }

    /** For a page. */
    public String markdown() {
        StringBuilder out = new StringBuilder();
        out.append("| | ").append(nameBefore).append(" | ").append(nameAfter).append(" | change |\n");
        out.append("| --- | ---: | ---: | ---: |\n");
        for (Row row : rows()) {
            out.append(String.format(
                    Locale.ROOT, "| %s | %s | %s | %s |%n", row.name, row.before(), row.after(), row.change()));
        }
        out.append("\n| prompt | ")
                .append(nameBefore)
                .append(" | ")
                .append(nameAfter)
                .append(" |\n");
        out.append("| --- | --- | --- |\n");
        for (int i = 0; i < shown(); i++) {
            out.append("| ").append(cell(before.prompts().get(i)));
            out.append(" | ").append(cell(before.completions().get(i).get(0)));
            out.append(" | ").append(cell(after.completions().get(i).get(0))).append(" |\n");
        }
        return out.toString();
    }

    private int shown() {
        return Math.min(SIDE_BY_SIDE, before.prompts().size());
    }

    private List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        if (before.rewards() != null || after.rewards() != null) {
            rows.add(new Row("reward", before.reward(), after.reward(), 3));
        }
        if (before.rewards() != null && after.rewards() != null) {
            rows.addAll(errors(before.rewards(), after.rewards()));
        }
        Set<String> parts = new TreeSet<>(before.parts().keySet());
        parts.addAll(after.parts().keySet());
        for (String part : parts) {
            rows.add(new Row(
                    "reward: " + part, before.parts().get(part), after.parts().get(part), 3));
        }
        rows.add(new Row("gold score (sentiment rule)", before.gold(), after.gold(), 3));
        rows.add(new Row("KL to the reference, nats", before.kl(), after.kl(), 2));
        if (before.teacherKl() != null || after.teacherKl() != null) {
            rows.add(new Row("KL to the teacher, nats", before.teacherKl(), after.teacherKl(), 2));
        }
        rows.add(new Row("length, tokens", before.length(), after.length(), 1));
        rows.add(new Row("distinct completions, %", percent(before.distinct()), percent(after.distinct()), 1));
        if (before.grammar() != null || after.grammar() != null) {
            rows.add(new Row("accepted by the grammar, %", percent(before.grammar()), percent(after.grammar()), 1));
        }
        return rows;
    }

    /** Standard errors clustered by prompt, the change's from the prompts' changes. */
    private static List<Row> errors(ClusteredMean first, ClusteredMean second) {
        double ofChange = second.standardErrorOfDifference(first);
        if (!(ofChange > 0)) {
            return List.of();
        }
        double changes = (second.mean() - first.mean()) / ofChange;
        return List.of(
                new Row("its standard error by prompt", first.standardError(), second.standardError(), ofChange, 3),
                new Row("change in standard errors", null, null, changes, 1));
    }

    private static @Nullable Double percent(@Nullable Double share) {
        return share == null ? null : 100 * share;
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s+", " ");
    }

    private static String cell(String text) {
        return oneLine(text).replace("|", "\\|").replace("<", "&lt;");
    }

    private static List<String> wrap(String text) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : oneLine(text).split(" ", -1)) {
            String rest = word;
            if (line.length() > 0 && line.length() + 1 + rest.length() > COLUMN) {
                lines.add(line.toString());
                line.setLength(0);
            }
            while (rest.length() > COLUMN) {
                lines.add(rest.substring(0, COLUMN));
                rest = rest.substring(COLUMN);
            }
            line.append(line.length() > 0 ? " " : "").append(rest);
        }
        lines.add(line.toString());
        return lines;
    }

    private record Row(
            String name,
            @Nullable Double first,
            @Nullable Double second,
            @Nullable Double difference,
            int digits) {
        Row(String name, @Nullable Double first, @Nullable Double second, int digits) {
            this(name, first, second, first == null || second == null ? null : second - first, digits);
        }

        String before() {
            return shown(first, "");
        }

        String after() {
            return shown(second, "");
        }

        String change() {
            return shown(difference, "+");
        }

        private String shown(@Nullable Double value, String flag) {
            return value == null ? "-" : String.format(Locale.ROOT, "%" + flag + "." + digits + "f", value);
        }
    }
}
