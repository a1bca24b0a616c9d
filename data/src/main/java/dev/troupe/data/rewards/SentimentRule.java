package dev.troupe.data.rewards;

import dev.troupe.data.DataException;
import dev.troupe.data.Resources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How glad a text sounds: {@code s / sqrt(s^2 + 15)} over the sum {@code s} of its words' valences, in (-1, 1). That is
 * VADER's form without its rules for negation and emphasis. A word is what stands between white space: first as it is
 * (emoticons), then in lower case, then without the punctuation around it; unknown words count zero.
 */
public final class SentimentRule implements RuleReward {
    /** The setting's word for this project's own list. */
    public static final String OWN = "own";

    private static final String OWN_RESOURCE = "/troupe/stories-valence.txt";
    private static final double ALPHA = 15;
    private static final double LARGEST_VALENCE = 4;
    private static final SentimentRule OWN_RULE =
            new SentimentRule(parse(Path.of("stories-valence.txt"), Resources.lines(OWN_RESOURCE)));

    private final Map<String, Double> valences;

    private SentimentRule(Map<String, Double> valences) {
        this.valences = Map.copyOf(valences);
    }

    /** The rule over this project's own word list. */
    public static SentimentRule own() {
        return OWN_RULE;
    }

    /**
     * The rule over a list from a file, one word a line: the word, a tab, its valence from -4 to 4; further columns are
     * ignored (VADER's lexicon has this form). Lines that begin with "# " are comments. Of a repeated word the last
     * counts.
     *
     * @throws DataException with file, line and reason
     */
    public static SentimentRule read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw DataException.of(
                    file, "no such word list; reward.lexicon takes \"" + OWN + "\" or a file of word TAB valence");
        }
        try {
            return new SentimentRule(parse(file, Files.readAllLines(file)));
        } catch (IOException e) {
            throw new DataException(file + ": cannot be read as UTF-8 text: " + e.getMessage(), e);
        }
    }

    /** The valence of a word as the rule sees it; zero when unknown. */
    public double valence(String token) {
        Double exact = valences.get(token);
        if (exact != null) {
            return exact;
        }
        String lower = token.toLowerCase(Locale.ROOT);
        Double found = valences.get(lower);
        return found != null ? found : valences.getOrDefault(bare(lower), 0.0);
    }

    /** The sum of the valences of a text's words. */
    public double valenceSum(String text) {
        double sum = 0;
        for (String token : text.strip().split("\\s+", -1)) {
            sum += valence(token);
        }
        return sum;
    }

    /** The gold score of a text, in (-1, 1). */
    public double gold(String text) {
        double sum = valenceSum(text);
        return sum / Math.sqrt(sum * sum + ALPHA);
    }

    @Override
    public String name() {
        return "sentiment";
    }

    @Override
    public boolean readsRows() {
        return false;
    }

    @Override
    public double[] score(List<Answer> answers) {
        return answers.stream().mapToDouble(answer -> gold(answer.completion())).toArray();
    }

    private static String bare(String token) {
        int from = 0;
        int to = token.length();
        while (from < to && !Character.isLetterOrDigit(token.charAt(from))) {
            from++;
        }
        while (to > from && !Character.isLetterOrDigit(token.charAt(to - 1))) {
            to--;
        }
        return token.substring(from, to);
    }

    private static Map<String, Double> parse(Path file, List<String> lines) {
        Map<String, Double> valences = new HashMap<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (line.isBlank() || line.startsWith("# ")) {
                continue;
            }
            String[] columns = line.split("\t", -1);
            if (columns.length < 2) {
                throw DataException.at(file, i + 1, "expected word TAB valence, found no tab");
            }
            valences.put(columns[0].strip(), number(file, i + 1, columns[1]));
        }
        if (valences.isEmpty()) {
            throw DataException.of(file, "the word list is empty");
        }
        return valences;
    }

    private static double number(Path file, int line, String text) {
        try {
            double value = Double.parseDouble(text.strip());
            if (Math.abs(value) <= LARGEST_VALENCE) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw DataException.at(file, line, "valence \"" + text + "\" is not a number");
        }
        throw DataException.at(file, line, "valence " + text + " lies outside -4 to 4");
    }
}
