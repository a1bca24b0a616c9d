package dev.troupe.model.jinja;

import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.util.Locale;

/** Python's strftime in the C locale, for a date without a time zone. */
final class Strftime {
    private final ZonedDateTime date;
    private final StringBuilder out = new StringBuilder();

    private Strftime(ZonedDateTime date) {
        this.date = date;
    }

    static String format(ZonedDateTime date, String format) {
        Strftime formatted = new Strftime(date);
        formatted.append(format);
        return formatted.out.toString();
    }

    private void append(String format) {
        int at = 0;
        while (at < format.length()) {
            char c = format.charAt(at++);
            if (c != '%') {
                out.append(c);
                continue;
            }
            int from = at;
            char flag = 0;
            boolean upper = false;
            boolean swapped = false;
            while (at < format.length() && "_-0^#".indexOf(format.charAt(at)) >= 0) {
                char given = format.charAt(at++);
                upper |= given == '^';
                swapped |= given == '#';
                flag = given == '^' || given == '#' ? flag : given;
            }
            int width = 0;
            while (at < format.length() && Character.digit(format.charAt(at), 10) >= 0) {
                width = Math.min(Run.LONGEST_TEXT, width * 10 + Character.digit(format.charAt(at++), 10));
            }
            if (at < format.length() && "EO".indexOf(format.charAt(at)) >= 0) {
                at++;
            }
            String text = at < format.length() ? directive(format.charAt(at), flag, width) : null;
            if (text == null) {
                out.append('%').append(format, from, Math.min(at + 1, format.length()));
            } else {
                out.append(cased(text, format.charAt(at), upper, swapped));
            }
            at++;
            Run.checkLength(out.length());
        }
    }

    private static String cased(String text, char directive, boolean upper, boolean swapped) {
        if (swapped && directive == 'p') {
            return text.toLowerCase(Locale.ROOT);
        }
        return upper || swapped && "aAbBh".indexOf(directive) >= 0 ? text.toUpperCase(Locale.ROOT) : text;
    }

    private @org.jspecify.annotations.Nullable String directive(char c, char flag, int width) {
        int hour12 = date.getHour() % 12 == 0 ? 12 : date.getHour() % 12;
        int weekday = date.getDayOfWeek().getValue() % 7;
        return switch (c) {
            case 'd' -> number(date.getDayOfMonth(), 2, '0', flag, width);
            case 'e' -> number(date.getDayOfMonth(), 2, ' ', flag, width);
            case 'm' -> number(date.getMonthValue(), 2, '0', flag, width);
            case 'y' -> number(Math.floorMod(date.getYear(), 100), 2, '0', flag, width);
            case 'C' -> number(Math.floorDiv(date.getYear(), 100), 2, '0', flag, width);
            case 'Y' -> number(date.getYear(), 1, '0', flag, width);
            case 'H' -> number(date.getHour(), 2, '0', flag, width);
            case 'k' -> number(date.getHour(), 2, ' ', flag, width);
            case 'I' -> number(hour12, 2, '0', flag, width);
            case 'l' -> number(hour12, 2, ' ', flag, width);
            case 'M' -> number(date.getMinute(), 2, '0', flag, width);
            case 'S' -> number(date.getSecond(), 2, '0', flag, width);
            case 'j' -> number(date.getDayOfYear(), 3, '0', flag, width);
            case 'f' -> flag == 0 && width == 0 ? number(date.getNano() / 1000, 6, '0', flag, width) : null;
            case 'u' -> number(date.getDayOfWeek().getValue(), 1, '0', flag, width);
            case 'w' -> number(weekday, 1, '0', flag, width);
            case 'U' -> number((date.getDayOfYear() + 6 - weekday) / 7, 2, '0', flag, width);
            case 'W' -> number((date.getDayOfYear() + 6 - (weekday + 6) % 7) / 7, 2, '0', flag, width);
            case 'V' -> number(date.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR), 2, '0', flag, width);
            case 'G' -> number(date.get(IsoFields.WEEK_BASED_YEAR), 1, '0', flag, width);
            case 'g' -> number(Math.floorMod(date.get(IsoFields.WEEK_BASED_YEAR), 100), 2, '0', flag, width);
            case 's' -> number(date.getLong(ChronoField.INSTANT_SECONDS), 1, '0', flag, width);
            default -> words(c, flag, width);
        };
    }

    private @org.jspecify.annotations.Nullable String words(char c, char flag, int width) {
        String text = switch (c) {
            case 'a' -> pattern("EEE");
            case 'A' -> pattern("EEEE");
            case 'b', 'h' -> pattern("MMM");
            case 'B' -> pattern("MMMM");
            case 'p' -> date.getHour() < 12 ? "AM" : "PM";
            case 'P' -> date.getHour() < 12 ? "am" : "pm";
            case 'c' -> format(date, "%a %b %e %H:%M:%S %Y");
            case 'D', 'x' -> format(date, "%m/%d/%y");
            case 'F' -> format(date, "%Y-%m-%d");
            case 'R' -> format(date, "%H:%M");
            case 'r' -> format(date, "%I:%M:%S %p");
            case 'T', 'X' -> format(date, "%H:%M:%S");
            case 'n' -> "\n";
            case 't' -> "\t";
            case '%' -> "%";
            case 'z', 'Z' -> "";
            default -> null;
        };
        return text == null || flag == '-'
                ? text
                : (flag == '0' ? "0" : " ").repeat(Math.max(0, width - text.length())) + text;
    }

    private String pattern(String pattern) {
        return DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).format(date);
    }

    private static String number(long value, int digits, char usual, char flag, int width) {
        String text = Long.toString(value);
        char fill = flag == '_' || flag == '-' ? ' ' : flag == '0' ? '0' : usual;
        int size = flag == '-' && width == 0 ? 0 : Math.max(digits, width);
        return String.valueOf(fill).repeat(Math.max(0, size - text.length())) + text;
    }
}
