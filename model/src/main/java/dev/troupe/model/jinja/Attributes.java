package dev.troupe.model.jinja;

import java.util.Set;

/** The sandbox's lookups, {@code value.name} and {@code value[key]}. What does not exist or is unsafe is undefined. */
final class Attributes {
    private static final Set<String> OBJECT = Set.of(
            "__class__",
            "__delattr__",
            "__dir__",
            "__doc__",
            "__eq__",
            "__format__",
            "__ge__",
            "__getattribute__",
            "__getstate__",
            "__gt__",
            "__hash__",
            "__init__",
            "__init_subclass__",
            "__le__",
            "__lt__",
            "__ne__",
            "__new__",
            "__reduce__",
            "__reduce_ex__",
            "__repr__",
            "__setattr__",
            "__sizeof__",
            "__str__",
            "__subclasshook__");

    private static final Set<String> DICT = Set.of(
            "__class_getitem__",
            "__contains__",
            "__delitem__",
            "__getitem__",
            "__ior__",
            "__iter__",
            "__len__",
            "__or__",
            "__reversed__",
            "__ror__",
            "__setitem__");

    private static final Set<String> UNDEFINED = Set.of(
            "_undefined_hint",
            "_undefined_obj",
            "_undefined_name",
            "_undefined_exception",
            "_undefined_message",
            "_fail_with_undefined_error");

    private Attributes() {}

    /** {@code value.name}: the attribute, else the item. */
    static Object get(Run run, Object value, String name) {
        Object found = find(run, value, name);
        if (found != Missing.MISSING) {
            return found;
        }
        try {
            return Items.get(value, name);
        } catch (PyError e) {
            if (e.is(PyError.Kind.TYPE, PyError.Kind.LOOKUP)) {
                return Undefined.member(value, name);
            }
            throw e;
        }
    }

    /** {@code value[key]}: the item, else the attribute. */
    static Object item(Run run, Object value, Object key) {
        try {
            return Items.get(value, key);
        } catch (PyError e) {
            if (!e.is(PyError.Kind.TYPE, PyError.Kind.LOOKUP)) {
                throw e;
            }
        }
        Object found = Texts.is(key) ? find(run, value, Texts.of(key)) : Missing.MISSING;
        return found == Missing.MISSING ? Undefined.member(value, key) : found;
    }

    /** The attribute alone, or {@link Missing}; an unsafe one is undefined. */
    static Object find(Run run, Object value, String name) {
        if (value instanceof Undefined undefined) {
            return ofUndefined(undefined, name);
        }
        if (value instanceof Namespace namespace) {
            return name.equals("__class__") ? Undefined.unsafe(value, name) : namespace.get(name);
        }
        if (name.startsWith("_")) {
            boolean exists = OBJECT.contains(name) || value instanceof PyDict && DICT.contains(name);
            return exists ? Undefined.unsafe(value, name) : Missing.MISSING;
        }
        if (Texts.is(value)) {
            return StringMethods.find(value, name);
        }
        if (Numbers.is(value)) {
            return NumberMethods.find(value, name);
        }
        if (value instanceof Members members) {
            return members.member(run, name);
        }
        return CollectionMethods.find(value, name);
    }

    private static Object ofUndefined(Undefined undefined, String name) {
        boolean dunder = name.length() >= 2 && name.startsWith("__") && name.endsWith("__");
        if (dunder) {
            return OBJECT.contains(name) ? Undefined.unsafe(undefined, name) : Missing.MISSING;
        }
        if (UNDEFINED.contains(name)) {
            return Undefined.unsafe(undefined, name);
        }
        throw undefined.failure();
    }
}
