package dev.troupe.model;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Chat templates of well-known formats, for models that come without one. A new one is a file and a name here. */
final class NamedTemplates {
    /** What a model without a template takes. */
    static final String FALLBACK = "chatml";

    static final List<String> NAMES = List.of(
            "alpaca",
            "chatml",
            "deepseek",
            "deepseek-r1",
            "gemma",
            "granite",
            "internlm2",
            "llama2",
            "llama3",
            "minicpm",
            "mistral",
            "olmo2",
            "phi3",
            "qwen",
            "qwen3",
            "vicuna",
            "zephyr");

    private NamedTemplates() {}

    /** The template of that name, or null. */
    static @Nullable String named(String name) {
        if (!NAMES.contains(name)) {
            return null;
        }
        try (InputStream file = NamedTemplates.class.getResourceAsStream("templates/" + name + ".jinja")) {
            if (file == null) {
                throw new IllegalStateException("the template " + name + " is not among the resources");
            }
            return new String(file.readAllBytes(), StandardCharsets.UTF_8).stripTrailing();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
