package dev.troupe.deploy.study;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** A study's outcome in Markdown: a line an arm, means over seeds. */
final class StudyTable {
    /** A mean staleness under this share of the bound tells nothing about the bound. */
    private static final double REACHED = 0.7;

    private final Study study;
    private final List<StudyRow> rows;

    StudyTable(Study study, List<StudyRow> rows) {
        this.study = study;
        this.rows = rows;
    }

    String markdown() {
        StringBuilder out = new StringBuilder();
        out.append(
                        "| arm | seeds | final gold | gained | each seed | grammar | distinct | KL | staleness | seconds |\n")
                .append("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
        for (Study.Arm arm : study.arms()) {
            out.append(line(arm.name(), StudyRow.of(rows, arm.name()))).append('\n');
        }
        return out.toString();
    }

    private static String line(String name, List<StudyRow> rows) {
        if (rows.isEmpty()) {
            return "| " + name + " | 0 | not run yet | | | | | | | |";
        }
        StringBuilder each = new StringBuilder();
        rows.forEach(r -> each.append(each.length() == 0 ? "" : ", ").append(text("%.3f", r.gold())));
        int eta = rows.get(0).eta();
        double staleness = mean(rows, StudyRow::staleness);
        return text(
                "| %s | %d | %.3f ± %.3f | %.3f | %s | %+.1f points | %.0f %% | %.1f%s | %.2f of %d%s | %.0f |",
                name,
                rows.size(),
                mean(rows, r -> r.goldBefore() + r.gold()),
                deviation(rows, r -> r.goldBefore() + r.gold()),
                mean(rows, StudyRow::gold),
                each,
                100 * mean(rows, StudyRow::grammar),
                100 * mean(rows, StudyRow::distinct),
                mean(rows, StudyRow::kl),
                teacher(rows),
                staleness,
                eta,
                staleness < REACHED * eta ? ", not reached" : "",
                mean(rows, StudyRow::seconds));
    }

    private static String teacher(List<StudyRow> rows) {
        double left = mean(rows, StudyRow::teacherKl);
        return Double.isNaN(left) ? "" : text("; to the teacher %+.0f %%", 100 * (left - 1));
    }

    static double mean(List<StudyRow> rows, ToDoubleFunction<StudyRow> of) {
        return rows.stream().mapToDouble(of).average().orElse(Double.NaN);
    }

    /** Standard deviation over seeds, divisor n - 1; 0 of one. */
    static double deviation(List<StudyRow> rows, ToDoubleFunction<StudyRow> of) {
        double mean = mean(rows, of);
        double squares = rows.stream()
                .mapToDouble(r -> Math.pow(of.applyAsDouble(r) - mean, 2))
                .sum();
        return rows.size() < 2 ? 0 : Math.sqrt(squares / (rows.size() - 1));
    }

    private static String text(String format, Object... arguments) {
        return String.format(Locale.ROOT, format, arguments);
    }
}
