package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A node of a template's syntax tree. */
interface Node {
    int line();

    /** The nodes below it, in the order in which names are looked for. */
    List<Node> children();

    static List<Node> list(Object... parts) {
        List<Node> all = new ArrayList<>();
        for (@Nullable Object part : parts) {
            if (part instanceof Node node) {
                all.add(node);
            } else if (part instanceof List<?> nodes) {
                nodes.forEach(node -> all.add((Node) node));
            }
        }
        return all;
    }

    /** Whether a node below matches. */
    default boolean any(java.util.function.Predicate<Node> test) {
        return children().stream().anyMatch(child -> test.test(child) || child.any(test));
    }
}
