package dev.troupe.data.rewards;

import dev.troupe.data.DataException;
import dev.troupe.data.DataSettings;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;

/** Rules by name: {@code sentiment}, {@code length}, {@code brevity}, or the full name of a class that implements {@link RuleReward}. */
public final class RuleRewards {
    private RuleRewards() {}

    /**
     * The rule of a name.
     *
     * @throws DataException when the name is unknown, or the class cannot be made
     */
    public static RuleReward byName(String name, DataSettings settings) {
        return switch (name) {
            case "sentiment" -> sentiment(settings);
            case "length" -> new LengthRule(settings.lengthWords());
            case "brevity" -> new BrevityRule(settings.lengthWords());
            default -> {
                if (name.indexOf('.') < 0) {
                    throw new DataException("reward.rule = " + name
                            + ": no such rule; expected sentiment, length, brevity, or the full name of a class that implements "
                            + RuleReward.class.getName());
                }
                yield ofClass(name);
            }
        };
    }

    /** The sentiment rule over the word list that {@code reward.lexicon} names: also the gold score of evaluations. */
    public static SentimentRule sentiment(DataSettings settings) {
        return settings.lexicon().equals(SentimentRule.OWN)
                ? SentimentRule.own()
                : SentimentRule.read(Path.of(settings.lexicon()));
    }

    private static RuleReward ofClass(String name) {
        try {
            Object made = Class.forName(name)
                    .asSubclass(RuleReward.class)
                    .getDeclaredConstructor()
                    .newInstance();
            return (RuleReward) made;
        } catch (ClassNotFoundException e) {
            throw new DataException("reward.rule = " + name + ": no such class on the class path", e);
        } catch (ClassCastException e) {
            throw new DataException(
                    "reward.rule = " + name + ": the class does not implement " + RuleReward.class.getName(), e);
        } catch (InvocationTargetException e) {
            throw new DataException("reward.rule = " + name + ": its constructor failed: " + e.getCause(), e);
        } catch (ReflectiveOperationException e) {
            throw new DataException(
                    "reward.rule = " + name + ": expected a public class with a public constructor without arguments",
                    e);
        }
    }
}
