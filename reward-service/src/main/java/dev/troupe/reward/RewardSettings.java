package dev.troupe.reward;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigList;
import dev.troupe.model.ModelSettings;
import dev.troupe.model.Numerics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Settings of the reward actor; {@code troupe/reward-service.conf} documents every key.
 *
 * @param parts who judges: one, or what {@code reward.parts} lists
 * @param weighted whether {@code reward.parts} lists them, so that weights count
 * @param concurrency calls of a rule at once
 * @param deadline for one sample: at a rule, or at a remote service with all attempts
 * @param batch completions of one request
 * @param threads cores of one pass of a model
 * @param numerics how a model computes
 * @param http how remote services are asked
 */
public record RewardSettings(
        List<RewardPart> parts,
        boolean weighted,
        int concurrency,
        Duration deadline,
        int batch,
        int threads,
        Numerics numerics,
        HttpSettings http) {

    /** Checks each value; the error names the key. */
    public RewardSettings {
        parts = List.copyOf(parts);
        atLeastOne("reward.concurrency", concurrency);
        atLeastOne("reward.batch", batch);
        atLeastOne("reward.threads", threads);
        if (deadline.isZero() || deadline.isNegative()) {
            throw new IllegalArgumentException("reward.deadline = " + deadline + ": expected more than nothing");
        }
    }

    /** Reads the settings; a key that is absent has its documented default. */
    public static RewardSettings from(Config config) {
        Config c = config.withFallback(ConfigFactory.parseResources(
                        RewardSettings.class.getClassLoader(), "troupe/reward-service.conf"))
                .resolve();
        RewardPart only = only(c);
        List<RewardPart> listed = listed(c.getList("reward.parts"));
        return new RewardSettings(
                listed.isEmpty() ? List.of(only) : listed,
                !listed.isEmpty(),
                c.getInt("reward.concurrency"),
                c.getDuration("reward.deadline"),
                c.getInt("reward.batch"),
                c.getInt("reward.threads"),
                ModelSettings.from(config).numerics(),
                new HttpSettings(
                        c.getInt("reward.http.concurrency"),
                        c.getInt("reward.http.attempts"),
                        c.getDuration("reward.http.backoff")));
    }

    /** Weights of several rewards by name, in their order; empty if there is but one. */
    public Map<String, Double> weights() {
        Map<String, Double> weights = new LinkedHashMap<>();
        if (parts.size() > 1) {
            parts.forEach(part -> weights.put(part.name(), part.weight()));
        }
        return weights;
    }

    /** The parts that are models. */
    public List<RewardPart> models() {
        return parts.stream()
                .filter(part -> part.kind() == RewardPart.Kind.MODEL)
                .toList();
    }

    private static RewardPart only(Config c) {
        String text = c.getString("reward.kind");
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "model" -> RewardPart.of(RewardPart.Kind.MODEL, "model.reward", c.getString("model.reward"));
            case "rule" -> RewardPart.of(RewardPart.Kind.RULE, "reward.rule", c.getString("reward.rule"));
            case "http" -> RewardPart.of(RewardPart.Kind.HTTP, "reward.http.url", c.getString("reward.http.url"));
            default -> throw new IllegalArgumentException("reward.kind = " + text + ": expected model, rule or http");
        };
    }

    private static List<RewardPart> listed(ConfigList values) {
        List<RewardPart> parts = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (int i = 0; i < values.size(); i++) {
            RewardPart part = RewardPart.listed(i + 1, values.get(i));
            if (!names.add(part.name())) {
                throw new IllegalArgumentException("reward.parts has two parts called " + part.name()
                        + ": give each a name of its own, as in {rule = format, name = form}");
            }
            parts.add(part);
        }
        return parts;
    }

    static void atLeastOne(String key, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(key + " = " + value + ": expected at least 1");
        }
    }
}
