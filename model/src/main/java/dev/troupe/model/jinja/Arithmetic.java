package dev.troupe.model.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;

/** Python's operators on values. */
final class Arithmetic {
    private static final int MOST_BITS = 1 << 20;
    private static final int EXACT_POWERS = 64;

    private final Run run;

    Arithmetic(Run run) {
        this.run = run;
    }

    Object apply(String op, Object a, Object b) {
        if (op.equals("%") && Texts.is(a)) {
            return Texts.like(a, new Percent(run, a, b).apply());
        }
        for (Object each : List.of(a, b)) {
            if (each instanceof Undefined undefined) {
                throw undefined.failure();
            }
        }
        if (Numbers.isInt(a) && Numbers.isInt(b)) {
            return integers(op, Numbers.integer(a), Numbers.integer(b));
        }
        if (Numbers.is(a) && Numbers.is(b)) {
            return reals(op, Numbers.real(a), Numbers.real(b));
        }
        if (op.equals("+")) {
            return add(a, b);
        }
        if (op.equals("*") && Numbers.isInt(b)) {
            return repeat(a, b);
        }
        if (op.equals("*") && Numbers.isInt(a)) {
            return repeat(b, a);
        }
        if (op.equals("-")
                && (a instanceof DictView view && view.isSet() || b instanceof DictView other && other.isSet())) {
            throw PyError.unsupported("sets are");
        }
        throw unsupported(op, a, b);
    }

    private static PyError unsupported(String op, Object a, Object b) {
        return PyError.type("unsupported operand types for " + op + ": " + Repr.repr(Types.name(a)) + " and "
                + Repr.repr(Types.name(b)));
    }

    private Object add(Object a, Object b) {
        if (Texts.is(a) && Texts.is(b)) {
            if (a instanceof Markup || b instanceof Markup) {
                return new Markup(
                        run.text(Markup.escape(a).text() + Markup.escape(b).text()));
            }
            return run.text(Texts.of(a) + Texts.of(b));
        }
        if (a instanceof Sequence x && b instanceof Sequence y && a.getClass() == b.getClass()) {
            run.items(x.items().size() + (long) y.items().size());
            List<Object> all = new ArrayList<>(x.items());
            all.addAll(y.items());
            return a instanceof PyList ? new PyList(all) : new PyTuple(all);
        }
        throw unsupported("+", a, b);
    }

    private Object repeat(Object value, Object times) {
        if (!Texts.is(value) && !(value instanceof Sequence)) {
            throw unsupported("*", value, times);
        }
        long count = Math.max(0, Numbers.size(times));
        if (value instanceof Sequence sequence) {
            run.items(count * sequence.items().size());
            List<Object> all = new ArrayList<>();
            for (long i = 0; i < count && !sequence.items().isEmpty(); i++) {
                all.addAll(sequence.items());
            }
            return value instanceof PyList ? new PyList(all) : new PyTuple(all);
        }
        String text = Texts.of(value);
        run.length(count * text.length());
        return Texts.like(value, text.isEmpty() ? "" : text.repeat((int) count));
    }

    private static PyError zero(String what) {
        return new PyError(PyError.Kind.ZERO_DIVISION, what + " by zero");
    }

    private static void bits(long bits) {
        if (bits > MOST_BITS) {
            throw PyError.limit("an integer of more than " + MOST_BITS + " bits");
        }
    }

    private Object integers(String op, BigInteger a, BigInteger b) {
        return switch (op) {
            case "+" -> a.add(b);
            case "-" -> a.subtract(b);
            case "*" -> {
                bits(a.bitLength() + (long) b.bitLength());
                yield a.multiply(b);
            }
            case "/" -> quotient(a, b);
            case "//" -> floored(a, b)[0];
            case "%" -> floored(a, b)[1];
            default -> power(a, b);
        };
    }

    private static BigInteger[] floored(BigInteger a, BigInteger b) {
        if (b.signum() == 0) {
            throw zero("integer division or modulo");
        }
        BigInteger[] parts = a.divideAndRemainder(b);
        boolean down = parts[1].signum() != 0 && parts[1].signum() != b.signum();
        return down ? new BigInteger[] {parts[0].subtract(BigInteger.ONE), parts[1].add(b)} : parts;
    }

    private static Object quotient(BigInteger a, BigInteger b) {
        if (b.signum() == 0) {
            throw zero("division");
        }
        double quotient = a.bitLength() <= 53 && b.bitLength() <= 53
                ? a.doubleValue() / b.doubleValue()
                : Math.copySign(
                        new BigDecimal(a)
                                .divide(new BigDecimal(b), new MathContext(60))
                                .doubleValue(),
                        a.signum() < 0 == b.signum() < 0 ? 1 : -1);
        if (Double.isInfinite(quotient)) {
            throw new PyError(PyError.Kind.OVERFLOW, "integer division result too large for a float");
        }
        return quotient;
    }

    private Object power(BigInteger a, BigInteger b) {
        if (b.signum() < 0) {
            return reals("**", Numbers.real(a), Numbers.real(b));
        }
        if (a.abs().bitLength() <= 1) {
            return a.signum() >= 0 || b.testBit(0) ? (b.signum() == 0 ? BigInteger.ONE : a) : BigInteger.ONE;
        }
        bits(b.bitLength() > 31 ? Long.MAX_VALUE : a.abs().bitLength() * b.longValue());
        return a.pow(b.intValue());
    }

    private Object reals(String op, double a, double b) {
        return switch (op) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "/" -> {
                if (b == 0) {
                    throw zero("float division");
                }
                yield a / b;
            }
            case "//" -> flooredReal(a, b)[0];
            case "%" -> flooredReal(a, b)[1];
            default -> power(a, b);
        };
    }

    private static double[] flooredReal(double a, double b) {
        if (b == 0) {
            throw zero("float floor division or modulo");
        }
        double rest = a % b;
        double quotient = (a - rest) / b;
        if (rest != 0) {
            if (b < 0 != rest < 0) {
                rest += b;
                quotient -= 1;
            }
        } else {
            rest = Math.copySign(0.0, b);
        }
        if (quotient == 0) {
            return new double[] {Math.copySign(0.0, a / b), rest};
        }
        double floor = Math.floor(quotient);
        return new double[] {quotient - floor > 0.5 ? floor + 1 : floor, rest};
    }

    private static Object power(double a, double b) {
        if (a == 0 && b < 0) {
            throw zero("0.0 cannot be raised to a negative power: division");
        }
        if (a < 0 && !Double.isInfinite(a) && b != Math.rint(b) && !Double.isNaN(b)) {
            throw PyError.unsupported("complex numbers are");
        }
        if (a == 1 || b == 0) {
            return 1.0;
        }
        if (a == -1 && Double.isInfinite(b)) {
            return 1.0;
        }
        double power = exact(a, b);
        boolean finite = !Double.isInfinite(a) && !Double.isInfinite(b);
        if (Double.isInfinite(power) && finite) {
            throw new PyError(PyError.Kind.OVERFLOW, "numerical result out of range");
        }
        return power;
    }

    /** Small whole powers to the last bit; the others as the platform computes them. */
    private static double exact(double a, double b) {
        boolean finite = !Double.isNaN(a) && !Double.isInfinite(a) && a != 0;
        if (finite && b == Math.rint(b) && Math.abs(b) <= EXACT_POWERS) {
            BigDecimal power = new BigDecimal(a).pow((int) Math.abs(b), new MathContext(60));
            BigDecimal value = b < 0 ? BigDecimal.ONE.divide(power, new MathContext(60)) : power;
            return value.doubleValue();
        }
        return Math.pow(a, b);
    }

    Object negative(Object value) {
        return value instanceof Double d ? (Object) (-d) : whole("-", value).negate();
    }

    Object positive(Object value) {
        return value instanceof Double ? value : whole("+", value);
    }

    private static BigInteger whole(String op, Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.failure();
        }
        if (!Numbers.isInt(value)) {
            throw PyError.type("bad operand type for unary " + op + ": " + Repr.repr(Types.name(value)));
        }
        return Numbers.integer(value);
    }
}
