package dev.troupe.model;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;

/**
 * How dialogues are written.
 *
 * @param template the name of one of the model's chat templates, of a known format, or a file that ends in .jinja;
 *     empty for the model's own
 * @param date what {@code strftime_now} of a template gives
 */
public record ChatFormat(String template, ZonedDateTime date) {
    private static final ZonedDateTime STARTED = ZonedDateTime.now(ZoneId.systemDefault());

    /** The model's own template, and the date at which the process was started. */
    public static final ChatFormat OWN = named("");

    /** A template at the date at which the process was started. */
    public static ChatFormat named(String template) {
        return new ChatFormat(template, STARTED);
    }

    /**
     * A template at a date.
     *
     * @param date as in 2026-11-30 or 2026-11-30T21:55:00; empty for the start of the process
     * @throws IllegalArgumentException when the text is no date
     */
    static ChatFormat of(String template, String date) {
        if (date.isEmpty()) {
            return named(template);
        }
        try {
            LocalDateTime time = date.contains("T")
                    ? LocalDateTime.parse(date)
                    : LocalDate.parse(date).atStartOfDay();
            return new ChatFormat(template, time.atZone(ZoneId.systemDefault()));
        } catch (DateTimeException e) {
            throw new IllegalArgumentException("expected a date as in 2026-11-30 or 2026-11-30T21:55:00", e);
        }
    }
}
