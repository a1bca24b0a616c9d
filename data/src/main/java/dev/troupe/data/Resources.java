package dev.troupe.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Text files that travel inside this jar. */
public final class Resources {
    private Resources() {}

    /**
     * The lines of a UTF-8 resource.
     *
     * @param name absolute, such as {@code /troupe/stories-grammar.txt}
     * @throws DataException when the jar lacks it
     */
    public static List<String> lines(String name) {
        try (InputStream in = Resources.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new DataException(name + ": not in the jar of the data room; build it again");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
