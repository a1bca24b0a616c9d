package dev.troupe.train.algorithm;

import dev.troupe.model.Script;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Generalized knowledge distillation (Agarwal et al. 2023, arXiv 2306.13649, eq. 4): at each token of a completion the
 * student's distribution moves towards the teacher's, whatever the completion's reward. With student S, teacher T and
 * M = (1 - beta) S + beta T
 *
 * <pre>
 *   loss = mean over tokens of beta KL(T || M) + (1 - beta) KL(S || M);   beta 0: KL(T || S);   beta 1: KL(S || T)
 * </pre>
 *
 * <p>The score only joins the metrics.
 *
 * @param distillation what is asked of the teacher
 */
public record Gkd(Distillation distillation) implements Algorithm {
    private static final Script SCRIPT = Loss.script("gkd", """
            def gkd(self, t: Dict[str, Tensor]) -> Dict[str, Tensor]:
              loss = self.aggregate(t, t["divergence"])
              return {"loss": loss, "policy/entropy_avg": self.token_average(t, t["entropy"])}
            """);

    @Override
    public String name() {
        return "gkd";
    }

    @Override
    public Needs needs() {
        return Needs.teacher(distillation);
    }

    @Override
    public double klCoef() {
        return 0;
    }

    @Override
    public Loss loss() {
        return new Loss(SCRIPT, "gkd", Aggregation.TOKENS, Map.of());
    }

    @Override
    public Targets targets(List<Experience> batch, double klCoef) {
        double[] scores = Objective.scores(batch, 0);
        double[][] none = batch.stream().map(e -> new double[e.length()]).toArray(double[][]::new);
        Map<String, Double> metrics = Objective.metrics(batch, new double[0][], scores, 0);
        return new Targets(none, Optional.empty(), new int[0], metrics);
    }
}
