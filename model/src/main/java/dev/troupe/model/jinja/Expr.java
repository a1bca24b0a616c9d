package dev.troupe.model.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** An expression as it is parsed. */
sealed interface Expr extends Node {
    /** What a name is there for. */
    enum Use {
        LOAD,
        STORE,
        PARAMETER
    }

    record Const(Object value, int line) implements Expr {
        @Override
        public List<Node> children() {
            return List.of();
        }
    }

    record Name(String name, Use use, int line) implements Expr {
        @Override
        public List<Node> children() {
            return List.of();
        }
    }

    /** {@code name.attribute} where it is assigned to. */
    record NamespaceRef(String name, String attribute, int line) implements Expr {
        @Override
        public List<Node> children() {
            return List.of();
        }
    }

    record TupleOf(List<Expr> items, int line) implements Expr {
        @Override
        public List<Node> children() {
            return List.copyOf(items);
        }
    }

    record ListOf(List<Expr> items, int line) implements Expr {
        @Override
        public List<Node> children() {
            return List.copyOf(items);
        }
    }

    /** Keys and values in turn. */
    record DictOf(List<Expr> pairs, int line) implements Expr {
        @Override
        public List<Node> children() {
            return List.copyOf(pairs);
        }
    }

    record Conditional(Expr test, Expr then, @Nullable Expr otherwise, int line) implements Expr {
        @Override
        public List<Node> children() {
            return otherwise == null ? List.of(test, then) : List.of(test, then, otherwise);
        }
    }

    record Logic(boolean and, Expr left, Expr right, int line) implements Expr {
        @Override
        public List<Node> children() {
            return List.of(left, right);
        }
    }

    record Binary(String op, Expr left, Expr right, int line) implements Expr {
        @Override
        public List<Node> children() {
            return List.of(left, right);
        }
    }

    /** One of {@code + - not}. */
    record Unary(String op, Expr operand, int line) implements Expr {
        @Override
        public List<Node> children() {
            return List.of(operand);
        }
    }

    record Concat(List<Expr> parts, int line) implements Expr {
        @Override
        public List<Node> children() {
            return List.copyOf(parts);
        }
    }

    /** A chain of comparisons: as many operators as right sides. */
    record Compare(Expr first, List<String> ops, List<Expr> others, int line) implements Expr {
        @Override
        public List<Node> children() {
            return Node.list(first, others);
        }
    }

    /** A filter; without an operand it is applied to a block's text. */
    record Filter(@Nullable Expr operand, String name, CallArgs args, int line) implements Expr {
        @Override
        public List<Node> children() {
            return operand == null ? args.nodes() : Node.list(operand, args.nodes());
        }
    }

    record Test(Expr operand, String name, CallArgs args, int line) implements Expr {
        @Override
        public List<Node> children() {
            return Node.list(operand, args.nodes());
        }
    }

    record Call(Expr function, CallArgs args, int line) implements Expr {
        @Override
        public List<Node> children() {
            return Node.list(function, args.nodes());
        }
    }

    record Attribute(Expr operand, String name, int line) implements Expr {
        @Override
        public List<Node> children() {
            return List.of(operand);
        }
    }

    record Item(Expr operand, Expr key, int line) implements Expr {
        @Override
        public List<Node> children() {
            return List.of(operand, key);
        }
    }

    record Slice(
            @Nullable Expr start,
            @Nullable Expr stop,
            @Nullable Expr step,
            int line) implements Expr {
        @Override
        public List<Node> children() {
            List<Node> all = new java.util.ArrayList<>();
            for (@Nullable Expr each : new @Nullable Expr[] {start, stop, step}) {
                if (each != null) {
                    all.add(each);
                }
            }
            return all;
        }
    }

    /** The arguments of a call, a filter or a test. */
    record CallArgs(
            List<Expr> positional,
            List<String> names,
            List<Expr> named,
            @Nullable Expr moreList,
            @Nullable Expr moreNamed) {
        static final CallArgs NONE = new CallArgs(List.of(), List.of(), List.of(), null, null);

        List<Node> nodes() {
            List<Node> all = new java.util.ArrayList<>(Node.list(positional, named));
            if (moreList != null) {
                all.add(moreList);
            }
            if (moreNamed != null) {
                all.add(moreNamed);
            }
            return all;
        }
    }
}
