package dev.troupe.train.algorithm;

import dev.troupe.model.Script;
import dev.troupe.train.loss.Groups;
import dev.troupe.train.loss.KlEstimator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Online DPO (Guo et al. 2024, arXiv 2402.04792): of two completions of a prompt the one with the higher score is
 * chosen, and with {@code d = (log pi/ref of the chosen) - (log pi/ref of the rejected)}, sums over tokens,
 *
 * <pre>
 *   sigmoid: mean over pairs of -log sigmoid(beta d)       (Rafailov et al. 2023, arXiv 2305.18290, eq. 7)
 *   ipo:     mean over pairs of (d - 1 / (2 beta))^2       (Azar et al. 2023, arXiv 2310.12036, eq. 17)
 * </pre>
 *
 * @param beta how far the policy may move
 * @param ipo the second form
 * @param missingEosPenalty taken off the score of a completion that did not end itself
 */
public record OnlineDpo(double beta, boolean ipo, double missingEosPenalty) implements Algorithm {
    private static final int PAIR = 2;

    private static final Script SCRIPT = Loss.script("online_dpo", """
            # [R] of the rows, by pair: as many numbers as rows, those after the last pair 0.
            def gap(self, t: Dict[str, Tensor], x: Tensor) -> Tensor:
              return torch.index_add(torch.zeros_like(x), 0, t["pair"], x * t["side"])

            def finish(self, t: Dict[str, Tensor], each: Tensor, d: Tensor, logps: Tensor) -> Dict[str, Tensor]:
              pairs = t["rows"] * 0.5
              here = torch.slice(each, 0, 0, torch.floordiv(t["side"].numel() + 1, 2))
              metrics = self.statistics(t, torch.sum(here) / pairs)
              margin = torch.detach(t["beta"] * d)
              chosen = torch.gt(t["side"], 0)
              reward = torch.detach(t["beta"] * (logps - self.row_sum(t, t["reference"])))
              zero = torch.zeros_like(reward)
              metrics["rewards/margins"] = torch.sum(margin) / pairs
              metrics["rewards/accuracies"] = torch.sum(self.count(t, torch.gt(margin, 0))) / pairs
              metrics["rewards/chosen"] = torch.sum(torch.where(chosen, reward, zero)) / pairs
              metrics["rewards/rejected"] = torch.sum(torch.where(chosen, zero, reward)) / pairs
              metrics["logps/chosen"] = torch.sum(torch.where(chosen, torch.detach(logps), zero)) / pairs
              metrics["logps/rejected"] = torch.sum(torch.where(chosen, zero, torch.detach(logps))) / pairs
              return metrics

            def sigmoid(self, t: Dict[str, Tensor]) -> Dict[str, Tensor]:
              logps = self.row_sum(t, t["current"])
              d = self.gap(t, logps - self.row_sum(t, t["reference"]))
              return self.finish(t, torch.neg(torch.log_sigmoid(t["beta"] * d)), d, logps)

            def ipo(self, t: Dict[str, Tensor]) -> Dict[str, Tensor]:
              logps = self.row_sum(t, t["current"])
              d = self.gap(t, logps - self.row_sum(t, t["reference"]))
              return self.finish(t, torch.square(d - 0.5 / t["beta"]), d, logps)
            """);

    /** Checks each value; the error names the key. */
    public OnlineDpo {
        Check.above("beta", beta, 0);
        Check.atLeast("missing_eos_penalty", missingEosPenalty, 0);
    }

    @Override
    public String name() {
        return "online_dpo";
    }

    @Override
    public Needs needs() {
        return Needs.twos();
    }

    /** No KL is added: the loss itself keeps the policy near the reference. */
    @Override
    public double klCoef() {
        return 0;
    }

    @Override
    public Loss loss() {
        return new Loss(SCRIPT, ipo ? "ipo" : "sigmoid", Aggregation.SUMS, Map.of("beta", beta));
    }

    @Override
    public Targets targets(List<Experience> batch, double klCoef) {
        double[] scores = Objective.scores(batch, missingEosPenalty);
        int[] starts = Objective.groups(batch);
        int[] sides = new int[scores.length];
        for (int g = 0; g + 1 < starts.length; g++) {
            int first = starts[g];
            if (starts[g + 1] - first != PAIR) {
                throw new IllegalArgumentException("online_dpo: prompt "
                        + batch.get(first).id().draw() + " has " + (starts[g + 1] - first)
                        + " completions; expected num_generations = 2");
            }
            boolean firstChosen = scores[first] >= scores[first + 1];
            sides[first] = firstChosen ? 1 : -1;
            sides[first + 1] = -sides[first];
        }
        double[][] kl = Objective.kl(batch, KlEstimator.K1);
        Map<String, Double> metrics = new TreeMap<>(Objective.metrics(batch, kl, scores, 0));
        metrics.put("frac_reward_zero_std", Groups.equalShare(scores, starts));
        double[][] none = batch.stream().map(e -> new double[e.length()]).toArray(double[][]::new);
        return new Targets(none, Optional.empty(), sides, metrics);
    }
}
