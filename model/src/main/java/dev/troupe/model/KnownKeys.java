package dev.troupe.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys of a file that says what a model is. Each is used, changes nothing in what the model computes, or may only
 * have values that change nothing. A key that is not among them and is set stops the load, unless the user lets it
 * pass: a dropped key could be a different model.
 */
public final class KnownKeys {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final Logger LOG = LoggerFactory.getLogger(KnownKeys.class);
    /** Of these it was said already: a run opens a model several times. */
    private static final Set<String> SAID = ConcurrentHashMap.newKeySet();

    /**
     * @param why ends the refusal, or the warning
     * @param harmless values that change nothing; null: every value is fine
     * @param warns whether other values are warned of and not refused
     */
    private record Rule(@Nullable String why, @Nullable List<Object> harmless, boolean warns) {}

    private final Map<String, Rule> rules = new HashMap<>();

    /** Knows the keys of another list and those that are added. */
    public KnownKeys and(KnownKeys other) {
        KnownKeys both = new KnownKeys();
        both.rules.putAll(rules);
        both.rules.putAll(other.rules);
        return both;
    }

    /** Keys that the reader looks at. One that ends with {@code *} stands for all that begin so. */
    public KnownKeys used(String... keys) {
        return all(keys);
    }

    /** Keys that change nothing in what the model computes. One that ends with {@code *} stands for its beginnings. */
    public KnownKeys harmless(String... keys) {
        return all(keys);
    }

    /** Whether a key is among them. */
    boolean knows(String key) {
        return rule(key) != null;
    }

    private KnownKeys all(String... keys) {
        Arrays.stream(keys).forEach(key -> rules.put(key, new Rule(null, null, false)));
        return this;
    }

    /**
     * A key that changes the model when it is set: only null, false, an empty list or map, and these values pass.
     *
     * @param why ends the refusal
     */
    public KnownKeys refused(String key, String why, Object... harmless) {
        rules.put(key, new Rule(why, List.of(harmless), false));
        return this;
    }

    /** A key that is not applied and is warned of, unless it has one of the values that change nothing. */
    public KnownKeys warned(String key, String why, Object... harmless) {
        rules.put(key, new Rule(why, List.of(harmless), true));
        return this;
    }

    /** {@link #check(Map, String, Set)} of a JSON object. */
    public void check(JsonNode object, String source, Set<String> ignored) {
        check(JSON.convertValue(object, Map.class), source, ignored);
    }

    /**
     * Refuses keys that are unknown and set, and known ones with a value that is not supported.
     *
     * @param source names the file
     * @param ignored keys that pass whatever they say
     */
    public void check(Map<?, ?> object, String source, Set<String> ignored) {
        Set<String> unknown = new TreeSet<>();
        for (Map.Entry<?, ?> entry : object.entrySet()) {
            String key = String.valueOf(entry.getKey());
            Rule rule = rule(key);
            if (ignored.contains(key) || isNothing(entry.getValue())) {
                continue;
            }
            if (rule == null) {
                unknown.add(key + " = " + shown(entry.getValue()));
            } else if (rule.harmless != null
                    && !Boolean.FALSE.equals(entry.getValue())
                    && rule.harmless.stream().noneMatch(value -> same(value, entry.getValue()))) {
                String what = source + ": " + key + " = " + shown(entry.getValue());
                if (!rule.warns) {
                    throw new ModelException(what + " is not supported: " + rule.why + pass(Set.of(key)));
                }
                if (SAID.add(what)) {
                    LOG.warn("{}: {}", what, rule.why);
                }
            }
        }
        if (!unknown.isEmpty()) {
            Set<String> names = new TreeSet<>();
            unknown.forEach(each -> names.add(each.substring(0, each.indexOf(" = "))));
            throw new ModelException(source + ": not known: " + String.join(", ", unknown)
                    + ". A key that is not read may be a different model" + pass(names));
        }
    }

    private static String pass(Set<String> keys) {
        String all = String.join(",", keys);
        return "; to load it as if the key were not there: model.ignore_keys = \"" + all + "\" (--ignore-keys " + all
                + ")";
    }

    private @Nullable Rule rule(String key) {
        Rule exact = rules.get(key);
        if (exact != null) {
            return exact;
        }
        return rules.entrySet().stream()
                .filter(e -> e.getKey().endsWith("*")
                        && key.startsWith(e.getKey().substring(0, e.getKey().length() - 1)))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(null);
    }

    private static boolean isNothing(@Nullable Object value) {
        return value == null
                || value instanceof Collection<?> list && list.isEmpty()
                || value instanceof Map<?, ?> map && map.isEmpty();
    }

    private static boolean same(Object harmless, Object value) {
        return harmless instanceof Number a && value instanceof Number b
                ? a.doubleValue() == b.doubleValue()
                : harmless.equals(value);
    }

    private static String shown(Object value) {
        String text = String.valueOf(value);
        return text.length() > 80 ? text.substring(0, 80) + "..." : text;
    }
}
