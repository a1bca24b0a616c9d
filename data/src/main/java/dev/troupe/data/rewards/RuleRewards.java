package dev.troupe.data.rewards;

import dev.troupe.data.DataException;
import dev.troupe.data.DataSettings;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Rules by name: {@code sentiment}, {@code length}, {@code brevity}, {@code gsm8k}, {@code format}, or the
 * full name of a class that implements {@link RuleReward}.
 */
public final class RuleRewards {
    private static final Set<String> NAMES = Set.of("sentiment", "length", "brevity", "gsm8k", "format");
    private static final Pattern CLASS = Pattern.compile("(\\w+\\.)+[A-Z][\\w$]*");

    private RuleRewards() {}

    /** Whether this is a rule's name or has the form of a class's. */
    public static boolean isName(String text) {
        return NAMES.contains(text) || CLASS.matcher(text).matches();
    }

    /** As {@link #byName(String, String, DataSettings)}, of {@code reward.rule}. */
    public static RuleReward byName(String name, DataSettings settings) {
        return byName("reward.rule", name, settings);
    }

    /**
     * The rule of a name.
     *
     * @param key that names it, for the error
     * @throws DataException when the name is unknown, or the class cannot be made
     */
    public static RuleReward byName(String key, String name, DataSettings settings) {
        return switch (name) {
            case "sentiment" -> sentiment(settings);
            case "length" -> new LengthRule(settings.lengthWords());
            case "brevity" -> new BrevityRule(settings.lengthWords());
            case "gsm8k" -> new Gsm8kRule();
            case "format" -> new FormatRule(settings.format());
            default -> {
                if (name.indexOf('.') < 0) {
                    throw new DataException(key + " = " + name
                            + ": no such rule; expected sentiment, length, brevity, gsm8k, format, or the full name of a"
                            + " class that implements " + RuleReward.class.getName());
                }
                yield ofClass(key, name);
            }
        };
    }

    /** The sentiment rule over the word list that {@code reward.lexicon} names: also the gold score of evaluations. */
    public static SentimentRule sentiment(DataSettings settings) {
        return settings.lexicon().equals(SentimentRule.OWN)
                ? SentimentRule.own()
                : SentimentRule.read(Path.of(settings.lexicon()));
    }

    private static RuleReward ofClass(String key, String name) {
        try {
            Object made = Class.forName(name)
                    .asSubclass(RuleReward.class)
                    .getDeclaredConstructor()
                    .newInstance();
            return (RuleReward) made;
        } catch (ClassNotFoundException e) {
            throw new DataException(key + " = " + name + ": no such class on the class path", e);
        } catch (ClassCastException e) {
            throw new DataException(
                    key + " = " + name + ": the class does not implement " + RuleReward.class.getName(), e);
        } catch (InvocationTargetException e) {
            throw new DataException(key + " = " + name + ": its constructor failed: " + e.getCause(), e);
        } catch (ReflectiveOperationException e) {
            throw new DataException(
                    key + " = " + name + ": expected a public class with a public constructor without arguments", e);
        }
    }
}
