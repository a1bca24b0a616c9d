package dev.troupe.reward;

import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import dev.troupe.transport.ScoreAnswers;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * One of those who judge.
 *
 * @param name in samples and metrics
 * @param what the model, the rule's name, or the service's URL
 * @param key that names it, for errors
 * @param weight of its score in the reward
 */
public record RewardPart(String name, Kind kind, String what, String key, double weight) {

    /** Who judges. */
    public enum Kind {
        /** A reward model. */
        MODEL,
        /** Code. */
        RULE,
        /** A remote service. */
        HTTP;

        /** As a key of a part. */
        String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    private static final Set<String> KEYS = Set.of("model", "rule", "http", "name", "weight");

    /** The reward of a run that has one. */
    static RewardPart of(Kind kind, String key, String what) {
        return checked(new RewardPart(kind == Kind.RULE ? simple(what) : kind.word(), kind, what, key, 1));
    }

    /**
     * A part of {@code reward.parts}.
     *
     * @param number its place, from 1
     * @throws IllegalArgumentException naming the part and what is wrong with it
     */
    static RewardPart listed(int number, ConfigValue value) {
        String where = "reward.parts has as part " + number + " " + value.render(ConfigRenderOptions.concise()) + ": ";
        if (!(value instanceof ConfigObject part)) {
            throw new IllegalArgumentException(where + "expected {rule = NAME}, {model = DIR} or {http = URL}, with a"
                    + " weight and a name if wanted");
        }
        Set<String> unknown = new TreeSet<>(part.keySet());
        unknown.removeAll(KEYS);
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(
                    where + "unknown key " + unknown + "; expected one of rule, model, http, and name, weight");
        }
        List<Kind> kinds = new ArrayList<>(List.of(Kind.values()));
        kinds.removeIf(kind -> !part.containsKey(kind.word()));
        if (kinds.size() != 1) {
            throw new IllegalArgumentException(where + "expected exactly one of rule, model and http");
        }
        Kind kind = kinds.get(0);
        String what = text(where, part, kind.word());
        String byDefault = kind == Kind.RULE ? simple(what) : kind.word();
        String name = part.containsKey("name") ? text(where, part, "name") : byDefault;
        if (!name.matches("[A-Za-z0-9_.-]+") || name.equals(ScoreAnswers.REWARD)) {
            throw new IllegalArgumentException(where + "its name is " + name
                    + "; expected letters, digits, dots, dashes and underscores, and not reward, which is the sum");
        }
        return checked(new RewardPart(name, kind, what, "reward.parts part " + number, weight(where, part)));
    }

    private static RewardPart checked(RewardPart part) {
        if (part.kind == Kind.HTTP) {
            HttpSettings.address(part.key, part.what);
        }
        return part;
    }

    private static String text(String where, ConfigObject part, String key) {
        if (part.toConfig().getIsNull(key) || !(part.toConfig().getAnyRef(key) instanceof String text)) {
            throw new IllegalArgumentException(where + key + " is no text");
        }
        return text;
    }

    private static double weight(String where, ConfigObject part) {
        if (!part.containsKey("weight")) {
            return 1;
        }
        Object weight =
                part.toConfig().getIsNull("weight") ? null : part.toConfig().getAnyRef("weight");
        if (weight instanceof Number number && Double.isFinite(number.doubleValue())) {
            return number.doubleValue();
        }
        throw new IllegalArgumentException(where + "weight = " + weight + ": expected a number, as in 0.5");
    }

    /** A rule's name; of a class its last part. */
    private static String simple(String rule) {
        return rule.substring(Math.max(rule.lastIndexOf('.'), rule.lastIndexOf('$')) + 1);
    }
}
