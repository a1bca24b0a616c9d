package dev.troupe.model.jinja;

/**
 * A piece of a template.
 *
 * @param value a name, an operator, the text of data or of a literal, or a number
 * @param line from 1
 * @param column from 1
 */
record Token(Type type, Object value, int line, int column) {
    enum Type {
        DATA("text"),
        BLOCK_BEGIN("begin of statement block"),
        BLOCK_END("end of statement block"),
        VARIABLE_BEGIN("begin of print statement"),
        VARIABLE_END("end of print statement"),
        NAME("name"),
        STRING("string"),
        INTEGER("integer"),
        FLOAT("float"),
        OPERATOR("operator"),
        EOF("end of template");

        private final String said;

        Type(String said) {
            this.said = said;
        }
    }

    boolean is(Type kind) {
        return type == kind;
    }

    boolean isName(String name) {
        return type == Type.NAME && value.equals(name);
    }

    boolean isOperator(String sign) {
        return type == Type.OPERATOR && value.equals(sign);
    }

    String text() {
        return value.toString();
    }

    /** How an error names it. */
    String said() {
        return type == Type.NAME || type == Type.OPERATOR ? "'" + value + "'" : type.said;
    }
}
