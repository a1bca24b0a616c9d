package dev.troupe.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELResolver;
import org.jspecify.annotations.Nullable;

/** The methods of Python's strings that chat templates call: Jinja 2 gives them Python's, Jinjava Java's. */
final class PythonStrings extends ELResolver {

    @Override
    public @Nullable Object invoke(
            ELContext context,
            @Nullable Object base,
            @Nullable Object method,
            Class<?> @Nullable [] types,
            Object @Nullable [] arguments) {
        if (!(base instanceof String text) || method == null) {
            return null;
        }
        String argument = arguments == null || arguments.length == 0 ? null : String.valueOf(arguments[0]);
        Object result = call(text, method.toString(), argument);
        if (result != null) {
            context.setPropertyResolved(true);
        }
        return result;
    }

    private static @Nullable Object call(String text, String method, @Nullable String argument) {
        if (argument != null) {
            switch (method) {
                case "startswith":
                    return text.startsWith(argument);
                case "endswith":
                    return text.endsWith(argument);
                case "split":
                    return split(text, argument);
                default:
                    break;
            }
        }
        return switch (method) {
            case "strip" -> stripped(text, argument, true, true);
            case "lstrip" -> stripped(text, argument, true, false);
            case "rstrip" -> stripped(text, argument, false, true);
            case "upper" -> text.toUpperCase(Locale.ROOT);
            case "lower" -> text.toLowerCase(Locale.ROOT);
            case "split" ->
                text.isBlank() ? List.of() : Arrays.asList(text.strip().split("\\s+"));
            default -> null;
        };
    }

    private static List<String> split(String text, String separator) {
        List<String> parts = new ArrayList<>();
        int from = 0;
        for (int at = text.indexOf(separator); at >= 0 && !separator.isEmpty(); at = text.indexOf(separator, from)) {
            parts.add(text.substring(from, at));
            from = at + separator.length();
        }
        parts.add(text.substring(from));
        return parts;
    }

    private static String stripped(String text, @Nullable String characters, boolean front, boolean back) {
        IntPredicate gone = characters == null ? Character::isWhitespace : c -> characters.indexOf(c) >= 0;
        int from = 0;
        int to = text.length();
        while (front && from < to && gone.test(text.charAt(from))) {
            from++;
        }
        while (back && to > from && gone.test(text.charAt(to - 1))) {
            to--;
        }
        return text.substring(from, to);
    }

    @Override
    public @Nullable Object getValue(ELContext context, @Nullable Object base, @Nullable Object property) {
        return null;
    }

    @Override
    public @Nullable Class<?> getType(ELContext context, @Nullable Object base, @Nullable Object property) {
        return null;
    }

    @Override
    public @Nullable Class<?> getCommonPropertyType(ELContext context, @Nullable Object base) {
        return null;
    }

    @Override
    public java.util.@Nullable Iterator<java.beans.FeatureDescriptor> getFeatureDescriptors(
            ELContext context, @Nullable Object base) {
        return null;
    }

    @Override
    public boolean isReadOnly(ELContext context, @Nullable Object base, @Nullable Object property) {
        return true;
    }

    @Override
    public void setValue(ELContext context, @Nullable Object base, @Nullable Object property, @Nullable Object value) {
        // Strings have nothing to set.
    }
}
