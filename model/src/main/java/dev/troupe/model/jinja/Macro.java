package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A macro: a function that returns the text its body renders. */
final class Macro implements PyCallable, Members {
    /**
     * @param name empty for what a call block hands over
     * @param kwargs whether the body reads {@code kwargs}
     * @param varargs whether the body reads {@code varargs}
     * @param caller whether the body reads {@code caller}
     */
    record Shape(String name, List<String> parameters, boolean kwargs, boolean varargs, boolean caller) {}

    /** Renders the body with the values of its parameters; {@link Missing} where none is given. */
    interface Body {
        String render(List<Object> values);
    }

    private final Shape shape;
    private final Body body;

    Macro(Shape shape, Body body) {
        this.shape = shape;
        this.body = body;
    }

    @Override
    public Object call(Run run, Args args) {
        int count = shape.parameters().size();
        int given = Math.min(count, args.positional().size());
        List<Object> values = new ArrayList<>(args.positional().subList(0, given));
        Map<String, Object> named = new LinkedHashMap<>(args.named());
        boolean foundCaller = given == count && shape.parameters().contains("caller");
        for (String name : shape.parameters().subList(given, count)) {
            Object value = named.remove(name);
            values.add(value == null ? Missing.MISSING : value);
            foundCaller |= name.equals("caller");
        }
        if (shape.caller() && !foundCaller) {
            Object caller = named.remove("caller");
            values.add(caller == null || caller == None.NONE ? Undefined.hint("No caller defined") : caller);
        }
        if (shape.kwargs()) {
            PyDict all = new PyDict();
            named.forEach(all::put);
            values.add(all);
        } else if (!named.isEmpty()) {
            throw PyError.type(this + " takes no keyword argument "
                    + Repr.repr(named.keySet().iterator().next()));
        }
        if (shape.varargs()) {
            values.add(new PyTuple(List.copyOf(
                    args.positional().subList(given, args.positional().size()))));
        } else if (args.positional().size() > count) {
            throw PyError.type(this + " takes not more than " + count + " arguments");
        }
        return render(run, values);
    }

    private Object render(Run run, List<Object> values) {
        run.enterCall();
        try {
            return run.text(body.render(values));
        } finally {
            run.leaveCall();
        }
    }

    @Override
    public Object member(Run run, String name) {
        return switch (name) {
            case "name" -> shape.name().isEmpty() ? None.NONE : shape.name();
            case "arguments" -> new PyTuple(List.copyOf(shape.parameters()));
            case "catch_kwargs" -> shape.kwargs();
            case "catch_varargs" -> shape.varargs();
            case "caller" -> shape.caller();
            case "explicit_caller" -> shape.parameters().contains("caller");
            default -> Missing.MISSING;
        };
    }

    @Override
    public String toString() {
        return "<Macro " + (shape.name().isEmpty() ? "anonymous" : Repr.repr(shape.name())) + ">";
    }
}
