package dev.troupe.data.rewards;

import java.math.BigDecimal;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The number that a text ends on: the first one after its last {@code ####}, or without that mark its last number.
 * Commas between thousands, a dollar sign before and a percent sign after do not belong to the number; 72, 72.0 and
 * $72.00 are equal. A minus sign counts unless it stands between two terms, as in 10-5.
 */
final class FinalAnswer {
    private static final String MARK = "####";
    private static final Pattern NUMBER = Pattern.compile(
            "(?<sign>(?<![\\w)])-)?\\$?(?<minus>(?<=\\$)-)?(?<digits>\\d{1,3}(?:,\\d{3})+(?:\\.\\d+)?|\\d+(?:\\.\\d+)?|\\.\\d+)");
    /** No answer has more; a text of digits alone must not cost quadratic time. */
    private static final int MOST_DIGITS = 64;

    private FinalAnswer() {}

    /** The number, normalised; empty when there is none. */
    static Optional<BigDecimal> of(String text) {
        int mark = text.lastIndexOf(MARK);
        Matcher found = NUMBER.matcher(text);
        Optional<BigDecimal> last = Optional.empty();
        for (int from = Math.max(mark, 0); found.find(from); from = found.end()) {
            last = Optional.of(number(found));
            if (mark >= 0) {
                break;
            }
        }
        return last;
    }

    private static BigDecimal number(Matcher found) {
        String digits = found.group("digits").replace(",", "");
        BigDecimal number = new BigDecimal(digits.substring(0, Math.min(digits.length(), MOST_DIGITS)));
        boolean negative = found.group("sign") != null || found.group("minus") != null;
        BigDecimal normal = (negative ? number.negate() : number).stripTrailingZeros();
        return normal.signum() == 0 ? BigDecimal.ZERO : normal;
    }
}
