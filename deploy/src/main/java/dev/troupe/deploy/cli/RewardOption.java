package dev.troupe.deploy.cli;

import com.typesafe.config.ConfigUtil;
import dev.troupe.data.rewards.RuleRewards;
import java.util.List;

/** What {@code --reward} means in settings: a rule's name, a service's URL, or else a model. */
final class RewardOption {
    private RewardOption() {}

    static List<String> settings(String reward) {
        String quoted = ConfigUtil.quoteString(reward);
        if (RuleRewards.isName(reward)) {
            return List.of("reward.parts=[]", "reward.kind=rule", "reward.rule=" + quoted);
        }
        if (reward.matches("https?://.*")) {
            return List.of("reward.parts=[]", "reward.kind=http", "reward.http.url=" + quoted);
        }
        return List.of("reward.parts=[]", "reward.kind=model", "model.reward=" + quoted);
    }
}
