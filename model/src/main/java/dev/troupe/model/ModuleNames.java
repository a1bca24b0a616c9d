package dev.troupe.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Some of a model's modules, as peft's {@code target_modules} and {@code exclude_modules} say which: an expression that
 * a whole name must match, or names, each a whole one or its last parts.
 *
 * @param regex Python's syntax, or null
 * @param names where there is no expression
 */
public record ModuleNames(@Nullable String regex, List<String> names) {
    /** None at all. */
    public static final ModuleNames NONE = new ModuleNames(null, List.of());

    /** @throws IllegalArgumentException when the expression is none */
    public ModuleNames {
        names = List.copyOf(names);
        if (regex != null) {
            PythonRegex.of(regex);
        }
    }

    /** Whether a module, by its whole name ({@code model.layers.0.self_attn.q_proj}), is one of them. */
    public boolean contains(String module) {
        return regex != null
                ? PythonRegex.of(regex).matchesAll(module)
                : names.stream().anyMatch(name -> isNamed(module, name));
    }

    /** Whether a module's whole name or its last parts are this. */
    static boolean isNamed(String module, String name) {
        return module.equals(name) || module.endsWith("." + name);
    }
}
