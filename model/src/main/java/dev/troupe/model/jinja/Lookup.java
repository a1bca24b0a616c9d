package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** The attributes that filters such as map, sort and groupby take by name: {@code 'a.b.0'}. */
final class Lookup {
    private Lookup() {}

    /** Takes an attribute; None takes the value itself. A default that is not None stands in for what is undefined. */
    static UnaryOperator<Object> of(Run run, Object attribute, boolean ignoreCase, Object byDefault) {
        List<Object> parts = parts(attribute);
        return value -> {
            Object found = value;
            for (Object part : parts) {
                found = Attributes.item(run, found, part);
                if (byDefault != None.NONE && found instanceof Undefined) {
                    found = byDefault;
                }
            }
            return ignoreCase ? lower(found) : found;
        };
    }

    /** Takes several attributes, named with commas between them, as a list. */
    static UnaryOperator<Object> ofSeveral(Run run, Object attribute, boolean ignoreCase) {
        List<UnaryOperator<Object>> all = new ArrayList<>();
        if (Texts.is(attribute)) {
            Splitting.at(Texts.of(attribute), ",", -1).forEach(each -> all.add(of(run, each, ignoreCase, None.NONE)));
        } else {
            all.add(of(run, attribute, ignoreCase, None.NONE));
        }
        return value -> {
            List<Object> found = new ArrayList<>();
            all.forEach(each -> found.add(each.apply(value)));
            return new PyList(found);
        };
    }

    static Object lower(Object value) {
        return Texts.is(value) ? Casing.lower(Texts.of(value)) : value;
    }

    private static List<Object> parts(Object attribute) {
        if (attribute == None.NONE) {
            return List.of();
        }
        if (!Texts.is(attribute)) {
            return List.of(attribute);
        }
        List<Object> parts = new ArrayList<>();
        for (String part : Splitting.at(Texts.of(attribute), ".", -1)) {
            boolean number = !part.isEmpty() && part.codePoints().allMatch(Characters::isDigit);
            parts.add(number ? Conversions.integer(part, 10) : part);
        }
        return parts;
    }
}
