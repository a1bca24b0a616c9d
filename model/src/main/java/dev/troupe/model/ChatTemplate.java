package dev.troupe.model;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.el.JinjavaInterpreterResolver;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.InterpretException;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jinjava.javax.el.CompositeELResolver;
import jinjava.javax.el.ELResolver;

/**
 * A dialogue as one text, by the Jinja template of the model's makers. What users say is data: put into the text as
 * it stands and never read as Jinja. Templates see what transformers gives them: messages, add_generation_prompt, the
 * texts of the special tokens, raise_exception; not the date. Safe for use by several threads.
 */
public final class ChatTemplate {
    /** Longest text in characters; a template that runs away ends there. */
    private static final long LONGEST = 16L << 20;

    /** Tags that would read other files. */
    private static final Set<String> READING = Set.of("include", "import", "from", "extends");

    /** Where Jinjava of old differs from Jinja 2. */
    private static final LegacyOverrides AS_JINJA2 = LegacyOverrides.newBuilder()
            .withEvaluateMapKeys(true)
            .withIterateOverMapKeys(true)
            .withUsePyishObjectMapper(true)
            .withUseNaturalOperatorPrecedence(true)
            .withParseWhitespaceControlStrictly(true)
            .withAllowAdjacentTextNodes(true)
            .withUseTrimmingForNotesAndExpressions(true)
            .withKeepNullableLoopValues(true)
            .withHandleBackslashInQuotesOnly(true)
            .build();

    private static final Pattern NAMESPACE = Pattern.compile("\\bnamespace\\(\\s*(?=\\w+\\s*=[^=])");
    private static final Pattern ARGUMENT = Pattern.compile("(^|,\\s*)(\\w+)\\s*=(?!=)\\s*");

    private final String template;
    private final Map<String, String> specials;
    private final String source;
    private final Jinjava jinja;
    private final Map<String, Boolean> mentioned = new ConcurrentHashMap<>();

    /**
     * @param specials texts of special tokens by their names ({@code bos_token}, ...); empty ones are not defined
     * @param source where the template is from, for errors
     */
    ChatTemplate(String template, Map<String, String> specials, String source) {
        this.template = inJinjavasWords(template);
        this.specials = Map.copyOf(specials);
        this.source = source;
        this.jinja = new Jinjava(JinjavaConfig.newBuilder()
                .withNestedInterpretationEnabled(false)
                .withTrimBlocks(true)
                .withLstripBlocks(true)
                .withMaxOutputSize(LONGEST)
                .withDisabled(Map.of(Context.Library.TAG, READING))
                .withLegacyOverrides(AS_JINJA2)
                .withElResolver(resolver())
                .build());
        jinja.getGlobalContext()
                .registerFunction(new ELFunctionDefinition(
                        "", "raise_exception", ChatTemplate.class, "raiseException", String.class));
    }

    private static ELResolver resolver() {
        CompositeELResolver resolver = new CompositeELResolver();
        resolver.add(new PythonStrings());
        resolver.add(JinjavaInterpreterResolver.DEFAULT_RESOLVER_READ_WRITE);
        return resolver;
    }

    /**
     * Two things that Jinjava reads differently: {@code namespace(a=b, c=d)} becomes {@code namespace({'a': b, 'c':
     * d})}, for its a=b ends before an operator; and {@code [::-1]} becomes {@code |reverse}.
     */
    private static String inJinjavasWords(String template) {
        Matcher call = NAMESPACE.matcher(template);
        StringBuilder out = new StringBuilder();
        int from = 0;
        while (call.find(from)) {
            int end = closing(template, call.end());
            if (end < 0) {
                break;
            }
            String arguments =
                    ARGUMENT.matcher(template.substring(call.end(), end)).replaceAll("$1'$2': ");
            out.append(template, from, call.end()).append('{').append(arguments).append("})");
            from = end + 1;
        }
        return out.append(template.substring(from)).toString().replace("[::-1]", "|reverse");
    }

    /** Where the parenthesis that was opened before {@code from} closes, or -1. */
    private static int closing(String text, int from) {
        int open = 1;
        for (int i = from; i < text.length(); i++) {
            open += text.charAt(i) == '(' ? 1 : text.charAt(i) == ')' ? -1 : 0;
            if (open == 0) {
                return i;
            }
        }
        return -1;
    }

    /** What a template calls when a dialogue is not as it must be. */
    public static String raiseException(String message) {
        throw new InterpretException(message);
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
                .matcher(template)
                .find();
    }

    /**
     * The dialogue as text.
     *
     * @param addGenerationPrompt whether to end with what makes the model answer
     * @throws ModelException when the template refuses the dialogue or is not one that can be read
     */
    public String render(Dialogue dialogue, boolean addGenerationPrompt) {
        Map<String, Object> names = new HashMap<>();
        specials.forEach((name, text) -> {
            if (!text.isEmpty()) {
                names.put(name, text);
            }
        });
        names.putAll(dialogue.names());
        names.put("add_generation_prompt", addGenerationPrompt);
        RenderResult result = jinja.renderForResult(template, names);
        for (TemplateError error : result.getErrors()) {
            if (error.getSeverity() == TemplateError.ErrorType.FATAL) {
                throw new ModelException("the chat template of " + source + " failed in line " + error.getLineno()
                        + ": " + reason(error));
            }
        }
        return result.getOutput();
    }

    private static String reason(TemplateError error) {
        Throwable cause = error.getException();
        while (cause != null && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause instanceof InterpretException ? String.valueOf(cause.getMessage()) : error.getMessage();
    }

    /** Whether an answer in this template ends with a token's text. */
    boolean endsAnswersWith(String end) {
        if (end.isEmpty()) {
            return false;
        }
        String answer = "answer";
        String text = render(List.of(new ChatMessage("user", "question"), new ChatMessage("assistant", answer)), false);
        return text.indexOf(end, text.lastIndexOf(answer)) >= 0;
    }
}
