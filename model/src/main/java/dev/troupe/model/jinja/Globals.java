package dev.troupe.model.jinja;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;

/** The functions that every template sees. */
final class Globals {
    static final Map<String, Object> ALL = Map.of(
            "range",
            function("safe_range", (run, args) -> range(args.only("range", 1, 3))),
            "dict",
            new DictMaker(),
            "namespace",
            function("namespace", (run, args) -> new Namespace(args.asDict("namespace"))),
            "cycler",
            function("cycler", (run, args) -> new Cycler(args.only("cycler", 0, Integer.MAX_VALUE))),
            "joiner",
            function(
                    "joiner",
                    (run, args) -> new Joiner(
                            Signature.of("joiner").with("sep", ", ").bind(args).get(0))),
            "lipsum",
            function("generate_lorem_ipsum", (run, args) -> {
                throw PyError.unsupported("random text (the function lipsum) is");
            }),
            "raise_exception",
            function("raise_exception", (run, args) -> {
                Object message =
                        Signature.of("raise_exception", "message").bind(args).get(0);
                throw PyError.template(Repr.str(message));
            }),
            "strftime_now",
            function("strftime_now", (run, args) -> {
                Object format =
                        Signature.of("strftime_now", "format").bind(args).get(0);
                return run.text(Strftime.format(run.now(), Texts.of(format)));
            }));

    private Globals() {}

    private static Function function(String name, PyCallable body) {
        return new Function("<function " + name + PyIterator.ADDRESS, body);
    }

    private static Object range(List<Object> given) {
        BigInteger first = Numbers.integer(given.get(0));
        if (given.size() == 1) {
            return PyRange.of(BigInteger.ZERO, first, BigInteger.ONE);
        }
        BigInteger step = given.size() == 3 ? Numbers.integer(given.get(2)) : BigInteger.ONE;
        return PyRange.of(first, Numbers.integer(given.get(1)), step);
    }

    /** The function dict, which has fromkeys. */
    private static final class DictMaker implements PyCallable, Members {
        @Override
        public Object call(Run run, Args args) {
            return args.asDict("dict");
        }

        @Override
        public Object member(Run run, String name) {
            return name.equals("fromkeys")
                    ? function("fromkeys", (r, args) -> CollectionMethods.fromKeys(args.only("fromkeys", 1, 2)))
                    : Missing.MISSING;
        }
    }

    /** Goes through its values again and again. */
    private static final class Cycler implements Members {
        private final List<Object> items;
        private int at;

        Cycler(List<Object> items) {
            if (items.isEmpty()) {
                throw PyError.template("at least one item has to be provided");
            }
            this.items = items;
        }

        @Override
        public Object member(Run run, String name) {
            return switch (name) {
                case "items" -> new PyTuple(items);
                case "pos" -> Numbers.of(at);
                case "current" -> items.get(at);
                case "next" ->
                    function("next", (r, args) -> {
                        args.only("next", 0, 0);
                        Object item = items.get(at);
                        at = (at + 1) % items.size();
                        return item;
                    });
                case "reset" ->
                    function("reset", (r, args) -> {
                        args.only("reset", 0, 0);
                        at = 0;
                        return None.NONE;
                    });
                default -> Missing.MISSING;
            };
        }
    }

    /** Gives nothing the first time, then its separator. */
    private static final class Joiner implements PyCallable, Members {
        private final Object separator;
        private boolean used;

        Joiner(Object separator) {
            this.separator = separator;
        }

        @Override
        public Object call(Run run, Args args) {
            args.only("joiner", 0, 0);
            Object text = used ? separator : "";
            used = true;
            return text;
        }

        @Override
        public Object member(Run run, String name) {
            return switch (name) {
                case "sep" -> separator;
                case "used" -> used;
                default -> Missing.MISSING;
            };
        }
    }
}
