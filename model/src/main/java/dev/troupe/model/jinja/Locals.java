package dev.troupe.model.jinja;

import java.util.Arrays;

/** The variables of one call of a function: the template itself, a macro, a recursive loop, the test of a loop. */
final class Locals {
    private final Run run;
    private final Object[] slots;
    private final Locals parent;

    private Locals(Run run, int size, @org.jspecify.annotations.Nullable Locals parent) {
        this.run = run;
        this.slots = new Object[size];
        this.parent = parent == null ? this : parent;
        Arrays.fill(slots, Missing.MISSING);
    }

    static Locals outermost(Run run, FunctionScope function) {
        return new Locals(run, function.size(), null);
    }

    Locals inner(FunctionScope function) {
        return new Locals(run, function.size(), this);
    }

    Run run() {
        return run;
    }

    /** The variables so many functions outwards. */
    Locals up(int functions) {
        Locals found = this;
        for (int i = 0; i < functions; i++) {
            found = found.parent;
        }
        return found;
    }

    Object get(int slot) {
        return slots[slot];
    }

    void set(int slot, Object value) {
        slots[slot] = value;
    }
}
