package dev.troupe.model.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A statement as it is parsed. */
sealed interface Stmt extends Node {
    record Data(String text, int line) implements Stmt {
        @Override
        public List<Node> children() {
            return List.of();
        }
    }

    record Output(List<Expr> values, int line) implements Stmt {
        @Override
        public List<Node> children() {
            return List.copyOf(values);
        }
    }

    record For(
            Expr target,
            Expr iterable,
            List<Stmt> body,
            List<Stmt> otherwise,
            @Nullable Expr test,
            boolean recursive,
            int line)
            implements Stmt {
        @Override
        public List<Node> children() {
            List<Node> all = new java.util.ArrayList<>(Node.list(target, iterable, body, otherwise));
            if (test != null) {
                all.add(test);
            }
            return all;
        }
    }

    record If(Expr test, List<Stmt> body, List<If> elifs, List<Stmt> otherwise, int line) implements Stmt {
        @Override
        public List<Node> children() {
            return Node.list(test, body, elifs, otherwise);
        }
    }

    record Assign(Expr target, Expr value, int line) implements Stmt {
        @Override
        public List<Node> children() {
            return List.of(target, value);
        }
    }

    record AssignBlock(Expr target, Expr.@Nullable Filter filter, List<Stmt> body, int line) implements Stmt {
        @Override
        public List<Node> children() {
            return filter == null ? Node.list(target, body) : Node.list(target, filter, body);
        }
    }

    record With(List<Expr> targets, List<Expr> values, List<Stmt> body, int line) implements Stmt {
        @Override
        public List<Node> children() {
            return Node.list(targets, values, body);
        }
    }

    record FilterBlock(List<Stmt> body, Expr.Filter filter, int line) implements Stmt {
        @Override
        public List<Node> children() {
            return Node.list(body, filter);
        }
    }

    /** Parameters, defaults of the last ones, and what is rendered. */
    record Signature(List<Expr.Name> parameters, List<Expr> defaults, List<Stmt> body) {}

    record MacroDef(String name, Signature signature, int line) implements Stmt {
        @Override
        public List<Node> children() {
            return Node.list(signature.parameters(), signature.defaults(), signature.body());
        }
    }

    record CallBlock(Expr.Call call, Signature signature, int line) implements Stmt {
        @Override
        public List<Node> children() {
            return Node.list(call, signature.parameters(), signature.defaults(), signature.body());
        }
    }

    /** What the model's makers mark as the assistant's own words. */
    record Generation(Signature signature, int line) implements Stmt {
        @Override
        public List<Node> children() {
            return List.copyOf(signature.body());
        }
    }

    record Block(String name, List<Stmt> body, boolean scoped, boolean required, int line) implements Stmt {
        @Override
        public List<Node> children() {
            return List.copyOf(body);
        }
    }

    /** break or continue. */
    record Jump(boolean ends, int line) implements Stmt {
        @Override
        public List<Node> children() {
            return List.of();
        }
    }
}
