package dev.troupe.model;

import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.model.jinja.Rendered;
import dev.troupe.model.jinja.Template;
import dev.troupe.model.jinja.TemplateException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A template with what jinja2 made of it, as .ci/jinja_cases.py writes it.
 *
 * @param text null where jinja2 failed, or where the text held an address of memory
 * @param failed how jinja2 failed, or null
 * @param ranges what generation tags enclose, in code points, or null
 */
record JinjaCase(
        String id,
        String source,
        Map<String, Object> names,
        @Nullable String text,
        @Nullable String failed,
        @Nullable List<?> ranges) {
    private static final ObjectMapper JSON = mapper();

    /** The date of .ci/jinja_cases.py. */
    static final ZonedDateTime NOW = ZonedDateTime.of(2024, 7, 5, 9, 3, 7, 4_210_000, ZoneOffset.UTC);

    private static ObjectMapper mapper() {
        ObjectMapper made = new ObjectMapper().enable(DeserializationFeature.USE_BIG_INTEGER_FOR_INTS);
        made.getFactory()
                .setStreamReadConstraints(
                        StreamReadConstraints.builder().maxStringLength(1 << 26).build());
        return made;
    }

    /** Reads a file of cases; one without a source gives its names to those behind it. */
    static void forEach(Path file, @Nullable Path templates, Consumer<JinjaCase> consumer) {
        try (Stream<String> lines = Files.lines(file)) {
            Map<String, Object>[] shared = newNames();
            lines.forEach(line -> {
                Map<String, Object> read = read(line);
                Map<String, Object> names = names(read);
                if (read.containsKey("source")) {
                    consumer.accept(of(read, names.isEmpty() ? shared[0] : names, templates));
                } else {
                    shared[0] = names;
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object>[] newNames() {
        return new Map[] {Map.of()};
    }

    private static Map<String, Object> read(String line) {
        try {
            return JSON.readValue(line, new TypeReference<>() {});
        } catch (IOException e) {
            throw new UncheckedIOException(line, e);
        }
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> names(Map<String, Object> read) {
        return (Map<String, Object>) read.getOrDefault("names", Map.of());
    }

    private static JinjaCase of(Map<String, Object> read, Map<String, Object> names, @Nullable Path templates) {
        String source = String.valueOf(read.get("source"));
        Object file = read.get("template");
        if (file != null) {
            try {
                source = Files.readString(Objects.requireNonNull(templates).resolve(file.toString()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return new JinjaCase(
                String.valueOf(read.getOrDefault("id", source)),
                source,
                names,
                (String) read.get("text"),
                (String) read.get("failed"),
                (List<?>) read.get("ranges"));
    }

    /** What Troupe makes of a case beside what jinja2 made. */
    enum Outcome {
        SAME,
        BOTH_FAIL,
        ADDRESS,
        REFUSED,
        DIFFERENT
    }

    /**
     * @param said what differs, or why it is refused
     */
    record Compared(Outcome outcome, String said) {}

    Compared compare() {
        try {
            Rendered rendered = Template.parse(source, "x").render(names, NOW);
            return compare(rendered);
        } catch (TemplateException e) {
            String said = String.valueOf(e.getMessage());
            if (failed != null) {
                return new Compared(Outcome.BOTH_FAIL, said);
            }
            return new Compared(
                    e.refused() ? Outcome.REFUSED : Outcome.DIFFERENT,
                    e.refused() ? said.substring(said.indexOf(": ") + 2) : told(said));
        }
    }

    private Compared compare(Rendered rendered) {
        if (failed != null) {
            return new Compared(Outcome.DIFFERENT, told(rendered.text()));
        }
        if (text == null) {
            return new Compared(Outcome.ADDRESS, "");
        }
        if (!text.equals(rendered.text())) {
            return new Compared(Outcome.DIFFERENT, told(rendered.text()));
        }
        if (ranges != null && rendered.allFound() && !ranges.toString().equals(ranges(rendered))) {
            return new Compared(Outcome.DIFFERENT, told(ranges + " and not " + ranges(rendered)));
        }
        return new Compared(Outcome.SAME, "");
    }

    private static String ranges(Rendered rendered) {
        return rendered.generated().stream()
                .map(r -> List.of(
                        rendered.text().codePointCount(0, r.start()),
                        rendered.text().codePointCount(0, r.end())))
                .toList()
                .toString();
    }

    private String told(String got) {
        return "\n" + id + "\n  jinja2: " + (failed != null ? "fails with " + failed : text) + "\n  Troupe: " + got;
    }
}
