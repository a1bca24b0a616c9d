package dev.troupe.learner.run;

import dev.troupe.learner.ledger.LedgerCounts;
import java.util.Map;

/**
 * How a run ended.
 *
 * @param status "done" or "interrupted"
 * @param steps trained in all, those before a resume included
 * @param tokensTrained completion tokens of the batches trained by this process
 * @param tokensGenerated those of them that were sampled, and not given
 * @param overlap share of these that were sampled while a learner pass was under way
 * @param parity mean over the steps of p95, largest max, mean share outside, sum of mixed; empty without any
 * @param weights the final sets of tensors
 */
public record RunReport(
        String status,
        long steps,
        long tokensTrained,
        long tokensGenerated,
        LedgerCounts ledger,
        double stalenessMean,
        long stalenessMax,
        double overlap,
        double waitShare,
        Map<String, Double> parity,
        PolicyWeights weights) {}
