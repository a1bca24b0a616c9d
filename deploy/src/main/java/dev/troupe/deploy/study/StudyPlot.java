package dev.troupe.deploy.study;

import java.util.List;
import java.util.Locale;

/** A study's outcome as a picture: gold gained, a dot a seed and a bar at each arm's mean. SVG. */
final class StudyPlot {
    private static final int LEFT = 190;
    private static final int WIDTH = 520;
    private static final int LINE = 26;
    private static final int TOP = 24;

    private final Study study;
    private final List<StudyRow> rows;

    StudyPlot(Study study, List<StudyRow> rows) {
        this.study = study;
        this.rows = rows;
    }

    String svg() {
        double low = Math.min(0, rows.stream().mapToDouble(StudyRow::gold).min().orElse(0));
        double high = Math.max(
                low + 0.1, rows.stream().mapToDouble(StudyRow::gold).max().orElse(1));
        int height = TOP + LINE * study.arms().size() + 30;
        StringBuilder out = new StringBuilder();
        add(
                out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\""
                        + " font-size=\"12\">",
                LEFT + WIDTH + 20,
                height);
        add(out, "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>");
        for (int tick = (int) Math.ceil(low * 10); tick <= Math.floor(high * 10); tick++) {
            double x = x(tick / 10.0, low, high);
            add(out, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#ddd\"/>", x, x, TOP - 8, height - 28);
            add(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.1f</text>", x, height - 12, tick / 10.0);
        }
        for (int i = 0; i < study.arms().size(); i++) {
            arm(out, study.arms().get(i).name(), TOP + LINE * i + LINE / 2, low, high);
        }
        return out.append("</svg>\n").toString();
    }

    private void arm(StringBuilder out, String name, int y, double low, double high) {
        List<StudyRow> ours = StudyRow.of(rows, name);
        add(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>", LEFT - 12, y + 4, escaped(name));
        if (ours.isEmpty()) {
            return;
        }
        double mean = x(StudyTable.mean(ours, StudyRow::gold), low, high);
        add(
                out,
                "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#c33\" stroke-width=\"3\"/>",
                mean,
                mean,
                y - 8,
                y + 8);
        for (StudyRow row : ours) {
            add(
                    out,
                    "<circle cx=\"%.1f\" cy=\"%d\" r=\"4\" fill=\"#357\" fill-opacity=\"0.6\"/>",
                    x(row.gold(), low, high),
                    y);
        }
    }

    private static double x(double value, double low, double high) {
        return LEFT + WIDTH * (value - low) / (high - low);
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;");
    }

    private static void add(StringBuilder out, String format, Object... arguments) {
        out.append(String.format(Locale.ROOT, format, arguments)).append('\n');
    }
}
