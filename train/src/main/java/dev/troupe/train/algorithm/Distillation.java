package dev.troupe.train.algorithm;

/**
 * What a teacher is asked, about which completions, and how the distance from its answers is taken.
 *
 * @param beta the teacher's weight in the mixture of the generalized Jensen-Shannon divergence: 0 is KL(teacher ||
 *     student), 1 the reverse
 * @param topK how many of the teacher's likeliest tokens have a probability of their own, all others having one
 *     together; 0 for the whole vocabulary
 * @param temperature that both models' logits are divided by
 * @param lmbda share of the prompts that the student completes; the other completions are given
 * @param sequences whether the teacher writes what is given, or the data has it (sequence-level distillation, Kim and
 *     Rush 2016, arXiv 1606.07947)
 */
public record Distillation(double beta, int topK, double temperature, double lmbda, boolean sequences) {

    /** Checks each value; the error names the key. */
    public Distillation {
        Check.between("beta", beta, 0, 1);
        Check.atLeast("teacher.top_k", topK, 0);
        Check.above("teacher.temperature", temperature, 0);
        Check.between("lmbda", lmbda, 0, 1);
    }
}
