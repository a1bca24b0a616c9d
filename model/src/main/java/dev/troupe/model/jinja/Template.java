package dev.troupe.model.jinja;

import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A chat template in Jinja, with the meaning that jinja2 3.1 gives it in the environment of transformers. Values are
 * data: nothing in them is read as Jinja, and a template reaches neither files nor Java. Safe for use by several
 * threads.
 */
public final class Template {
    private final String name;
    private final StatementCompiler.Compiled compiled;

    private Template(String name, StatementCompiler.Compiled compiled) {
        this.name = name;
        this.compiled = compiled;
    }

    /**
     * Reads a template.
     *
     * @param name where it is from, for errors
     * @throws TemplateException when it is not valid, with line and column
     */
    public static Template parse(String source, String name) {
        try {
            List<Stmt> body = Parser.parse(source);
            return new Template(name, StatementCompiler.compile(body));
        } catch (PyError e) {
            throw told(name, e);
        }
    }

    /**
     * Renders it.
     *
     * @param names the variables: null, Boolean, Integer, Long, BigInteger, Double, String, and Lists and Maps of them;
     *     a name that is absent is undefined
     * @param now the date that strftime_now gives
     * @throws TemplateException when the template refuses them, fails on them or runs out of bounds
     */
    public Rendered render(Map<String, ? extends @Nullable Object> names, ZonedDateTime now) {
        try {
            Map<String, Object> given = new HashMap<>(Globals.ALL);
            names.forEach((key, value) -> given.put(key, Types.ofJava(value, 0)));
            Run run = new Run(given, now);
            Sink out = new Sink(true);
            compiled.code().run(Locals.outermost(run, compiled.function()), out);
            return new Rendered(out.text(), List.copyOf(out.ranges()), !run.hasLostGeneration());
        } catch (PyError e) {
            throw told(name, e);
        }
    }

    private static TemplateException told(String name, PyError error) {
        int line = Math.max(1, error.line());
        String message = "the chat template of " + name + " failed in line " + line + ": " + error.getMessage();
        return new TemplateException(message, line, error.is(PyError.Kind.UNSUPPORTED, PyError.Kind.LIMIT));
    }
}
