package dev.troupe.model;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The chat template that a model's dialogues are written with.
 *
 * @param name what it goes by
 * @param template its text
 * @param own whether it is the one that the model comes with and would take unasked
 */
record TemplateChoice(String name, String template, boolean own) {

    /** @param asked a name, a file that ends in .jinja, or empty */
    static TemplateChoice of(String asked, ChatTemplates templates, boolean tools, String source) {
        if (asked.isEmpty()) {
            String own = templates.chosen(tools, source);
            return own == null ? fallback() : new TemplateChoice(ChatTemplates.DEFAULT, own, true);
        }
        String named = templates.named(asked);
        String known = named == null ? NamedTemplates.named(asked) : named;
        if (known != null) {
            return new TemplateChoice(asked, known, false);
        }
        if (asked.endsWith(".jinja")) {
            return new TemplateChoice(asked, file(asked), false);
        }
        throw new ModelException("template = " + asked + " is not known: expected "
                + (templates.byName().isEmpty()
                        ? ""
                        : "one that the model has, " + templates.byName().keySet() + ", ")
                + "one of " + String.join(", ", NamedTemplates.NAMES) + ", or a file that ends in .jinja");
    }

    private static TemplateChoice fallback() {
        String chatml = NamedTemplates.named(NamedTemplates.FALLBACK);
        if (chatml == null) {
            throw new IllegalStateException("no template " + NamedTemplates.FALLBACK);
        }
        return new TemplateChoice(NamedTemplates.FALLBACK, chatml, false);
    }

    private static String file(String path) {
        try {
            return Utf8File.read(Path.of(path));
        } catch (IOException e) {
            throw new ModelException("template = " + path + " cannot be read: " + e, e);
        }
    }

    /** Says once which template is used, where the model does not say it, and whether its answers can end. */
    void log(String source, Vocabulary vocabulary, @Nullable String eos) {
        if (own) {
            return;
        }
        String end = end();
        String ends = "";
        if (end != null && !end.equals(eos)) {
            ends = vocabulary.id(end) < 0
                    ? "; " + end + " is no token of its tokenizer but plain text, so only the end token ends an answer"
                    : "; an answer in it ends with " + end + ", which is not the end token: --stop or stop can name it";
        }
        TokenizerSettings.say(source + ": dialogues are written in the chat template " + name
                + (name.equals(NamedTemplates.FALLBACK) ? ", template = NAME names another" : "") + ends);
    }

    /** The text that ends a turn, where the template has one of the usual ones. */
    private @Nullable String end() {
        return List.of("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|end_of_text|>").stream()
                .filter(template::contains)
                .findFirst()
                .orElse(null);
    }
}
