package dev.troupe.deploy.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.util.regex.Pattern;

/** What a key's value must be; the default's own form says it. */
enum KeyType {
    INTEGER("an integer"),
    NUMBER("a number"),
    BOOLEAN("true or false"),
    LIST("a list, as in [a, b]"),
    DURATION("a duration, as in 500ms, 30s or 2m"),
    SIZE("a size in bytes, as in 64k or 16m"),
    TEXT("a text"),
    /** The default is null: a text, a number, true or false, a list, or null. The room that reads it checks further. */
    OPTIONAL("a value or null");

    private static final Pattern DURATION_FORM =
            Pattern.compile("\\d+(\\.\\d+)?\\s*(ns|us|ms|s|m|h|d|nanos|micros|millis|seconds?|minutes?|hours?|days?)");
    private static final Pattern SIZE_FORM = Pattern.compile("\\d+\\s*([kKMGgT]i?B?|b|B|bytes?)");

    private final String expected;

    KeyType(String expected) {
        this.expected = expected;
    }

    /** What to tell someone whose value does not fit. */
    String expected() {
        return expected;
    }

    /** The type of a key with this default. */
    static KeyType of(ConfigValue byDefault) {
        return switch (byDefault.valueType()) {
            // As written: HOCON reads 0.0 as the integer 0.
            case NUMBER -> byDefault.atKey("v").getString("v").matches("-?\\d+") ? INTEGER : NUMBER;
            case BOOLEAN -> BOOLEAN;
            case LIST -> LIST;
            case NULL -> OPTIONAL;
            default -> {
                String text = String.valueOf(byDefault.unwrapped());
                if (DURATION_FORM.matcher(text).matches()) {
                    yield DURATION;
                }
                yield SIZE_FORM.matcher(text).matches() ? SIZE : TEXT;
            }
        };
    }

    /** Whether the value at the key fits. */
    boolean fits(Config config, String key, ConfigValue value) {
        ConfigValueType type = value.valueType();
        Object raw = value.unwrapped();
        return switch (this) {
            case INTEGER ->
                raw instanceof Integer || raw instanceof Long || (raw instanceof Double d && d == Math.rint(d));
            case NUMBER -> type == ConfigValueType.NUMBER;
            case BOOLEAN -> type == ConfigValueType.BOOLEAN;
            case LIST -> type == ConfigValueType.LIST;
            case DURATION -> reads(() -> config.getDuration(key));
            case SIZE -> reads(() -> config.getMemorySize(key));
            case TEXT ->
                type == ConfigValueType.STRING || type == ConfigValueType.NUMBER || type == ConfigValueType.BOOLEAN;
            case OPTIONAL -> type != ConfigValueType.OBJECT;
        };
    }

    private static boolean reads(Runnable getter) {
        try {
            getter.run();
            return true;
        } catch (ConfigException e) {
            return false;
        }
    }
}
