package dev.troupe.model;

import dev.troupe.model.jinja.Rendered;
import dev.troupe.model.jinja.Template;
import dev.troupe.model.jinja.TemplateException;
import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A dialogue as one text, by the Jinja template of the model's makers. What users say is data: put into the text as
 * it stands and never read as Jinja. Templates see what transformers gives them: messages, tools, documents,
 * add_generation_prompt, the texts of the special tokens, raise_exception, strftime_now. Safe for use by several
 * threads.
 */
public final class ChatTemplate {
    private final String text;
    private final Template template;
    private final Map<String, String> specials;
    private final ZonedDateTime now;
    private final Map<String, Boolean> mentioned = new ConcurrentHashMap<>();

    /**
     * @param specials texts of special tokens by their names ({@code bos_token}, ...); empty ones are not defined
     * @param source where the template is from, for errors
     * @throws ModelException when the template cannot be read
     */
    ChatTemplate(String template, Map<String, String> specials, String source) {
        this(template, parsed(template, source), Map.copyOf(specials), ChatFormat.OWN.date());
    }

    private ChatTemplate(String text, Template template, Map<String, String> specials, ZonedDateTime now) {
        this.text = text;
        this.template = template;
        this.specials = specials;
        this.now = now;
    }

    private static Template parsed(String template, String source) {
        try {
            return Template.parse(template, source);
        } catch (TemplateException e) {
            throw new ModelException(String.valueOf(e.getMessage()));
        }
    }

    /** The same template with the date that {@code strftime_now} gives; without it, the start of the process. */
    public ChatTemplate at(ZonedDateTime date) {
        return new ChatTemplate(text, template, specials, date);
    }

    /**
     * Turns as text.
     *
     * @param addGenerationPrompt whether to end with what makes the model answer
     * @throws ModelException when the template refuses the dialogue or is not one that can be read
     */
    public String render(List<ChatMessage> messages, boolean addGenerationPrompt) {
        return render(new Dialogue(messages), addGenerationPrompt);
    }

    /**
     * A prompt as text, up to where the model writes: after what makes it answer, or, where the last turn is its own,
     * after that turn's text, which it goes on with.
     *
     * @throws ModelException as of {@link #render(Dialogue, boolean)}, or when the template drops that last turn
     */
    public String prompt(Dialogue dialogue) {
        return dialogue.endsWithAssistant() ? BegunAnswer.of(this, dialogue) : render(dialogue, true);
    }

    /**
     * What of a dialogue the template never mentions, and so cannot put into the text: of its tools, arguments, and the
     * turns' keys beside role and content.
     */
    public List<String> ignores(Dialogue dialogue) {
        return dialogue.optionalNames().entrySet().stream()
                .filter(name -> name.getValue().stream().noneMatch(this::mentions))
                .map(Map.Entry::getKey)
                .toList();
    }

    private boolean mentions(String name) {
        return mentioned.computeIfAbsent(name, this::looksFor);
    }

    private boolean looksFor(String name) {
        return Pattern.compile("\\b" + Pattern.quote(name) + "\\b")
                .matcher(text)
                .find();
    }

    /**
     * The dialogue as text.
     *
     * @param addGenerationPrompt whether to end with what makes the model answer
     * @throws ModelException when the template refuses the dialogue or is not one that can be read
     */
    public String render(Dialogue dialogue, boolean addGenerationPrompt) {
        return rendered(dialogue, addGenerationPrompt).text();
    }

    /** As {@link #render(Dialogue, boolean)}, with what {@code generation} tags enclose. */
    Rendered rendered(Dialogue dialogue, boolean addGenerationPrompt) {
        Map<String, @Nullable Object> names = new HashMap<>(dialogue.names());
        names.put("add_generation_prompt", addGenerationPrompt);
        return render(names);
    }

    /**
     * The text with the given names: messages, add_generation_prompt and whatever else the template reads. As in
     * transformers, tools and documents are None where they are not given, and special tokens that the tokenizer lacks
     * are undefined.
     */
    Rendered render(Map<String, ? extends @Nullable Object> given) {
        Map<String, @Nullable Object> names = new HashMap<>();
        names.put("tools", null);
        names.put("documents", null);
        specials.forEach((name, token) -> {
            if (!token.isEmpty()) {
                names.put(name, token);
            }
        });
        names.putAll(given);
        try {
            return template.render(names, now);
        } catch (TemplateException e) {
            throw new ModelException(String.valueOf(e.getMessage()));
        }
    }

    /** Whether an answer in this template ends with a token's text. */
    boolean endsAnswersWith(String end) {
        if (end.isEmpty()) {
            return false;
        }
        String answer = "answer";
        String rendered =
                render(List.of(new ChatMessage("user", "question"), new ChatMessage("assistant", answer)), false);
        return rendered.indexOf(end, rendered.lastIndexOf(answer)) >= 0;
    }
}
