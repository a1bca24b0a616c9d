package dev.troupe.data.sources;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The shapes of rows, told apart by their columns; the first that fits counts. */
public enum RowKind {
    PREFERENCE("prompt", "chosen", "rejected"),
    PROMPT_COMPLETION("prompt", "completion"),
    PROMPT("prompt"),
    TEXT("text");

    private final List<String> columns;

    RowKind(String... columns) {
        this.columns = List.of(columns);
    }

    /** The columns that a row of this kind has at least. */
    public List<String> columns() {
        return columns;
    }

    /** The kind of a row with these columns; null when no kind fits. */
    public static @Nullable RowKind of(Set<String> present) {
        for (RowKind kind : values()) {
            if (present.containsAll(kind.columns)) {
                return kind;
            }
        }
        return null;
    }
}
