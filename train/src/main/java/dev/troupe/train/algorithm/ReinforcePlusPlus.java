package dev.troupe.train.algorithm;

import dev.troupe.model.Script;
import dev.troupe.train.loss.Groups;
import dev.troupe.train.loss.KlEstimator;
import dev.troupe.train.loss.Whitening;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * REINFORCE++ (Hu et al. 2025, arXiv 2501.03262): PPO's clipped loss without a value model. The reward of a token is
 * {@code -kl_coef k1_t}, plus the score at the last (eq. 6 of the paper); its advantage is the reward to go (gamma 1),
 * normalised over the batch's tokens. With {@code baseline} the score enters less the mean of its group's.
 *
 * @param klCoef weight of the KL in the reward
 * @param klEstimator of a token's KL
 * @param epsilon lower clip range
 * @param epsilonHigh upper clip range
 * @param baseline take the group's mean off each score
 * @param missingEosPenalty taken off the score of a completion that did not end itself
 */
public record ReinforcePlusPlus(
        double klCoef,
        KlEstimator klEstimator,
        double epsilon,
        double epsilonHigh,
        boolean baseline,
        double missingEosPenalty)
        implements Algorithm {

    private static final Script SCRIPT = Loss.script("reinforce_plus_plus", """
            def reinforce_plus_plus(self, t: Dict[str, Tensor]) -> Dict[str, Tensor]:
              ratio = torch.exp(t["current"] - t["proximal"])
              surrogate = self.clipped_surrogate(ratio, t["advantages"], t["epsilon"], t["epsilon_high"])
              metrics = self.statistics(t, self.aggregate(t, t["weight"] * surrogate))
              a = t["advantages"]
              return self.clip_metrics(t, metrics, torch.detach(ratio), a, t["epsilon"], t["epsilon_high"], t["tokens"])
            """);

    /** Checks each value; the error names the key. */
    public ReinforcePlusPlus {
        Check.atLeast("kl_coef", klCoef, 0);
        Check.above("epsilon", epsilon, 0);
        Check.above("epsilon_high", epsilonHigh, 0);
        Check.atLeast("missing_eos_penalty", missingEosPenalty, 0);
    }

    @Override
    public String name() {
        return "reinforce_plus_plus";
    }

    @Override
    public Needs needs() {
        return baseline ? Needs.inGroups(klCoef > 0, false) : Needs.single(klCoef > 0, false);
    }

    @Override
    public Loss loss() {
        return new Loss(
                SCRIPT,
                "reinforce_plus_plus",
                Aggregation.TOKENS,
                Map.of("epsilon", epsilon, "epsilon_high", epsilonHigh));
    }

    @Override
    public Targets targets(List<Experience> batch, double coefficient) {
        double[] scores = Objective.scores(batch, missingEosPenalty);
        double[][] kl = klCoef > 0 ? Objective.kl(batch, klEstimator) : new double[0][];
        double[] centred = baseline ? Groups.centred(scores, Objective.groups(batch)) : scores;
        double[][] toGo = new double[batch.size()][];
        for (int r = 0; r < toGo.length; r++) {
            toGo[r] = new double[batch.get(r).length()];
            double next = centred[r];
            for (int t = toGo[r].length - 1; t >= 0; t--) {
                next -= kl.length == 0 ? 0 : coefficient * kl[r][t];
                toGo[r][t] = next;
            }
        }
        Map<String, Double> metrics = new TreeMap<>(Objective.metrics(batch, kl, scores, coefficient));
        return new Targets(Whitening.whiten(toGo, false), Optional.empty(), new int[0], metrics);
    }
}
