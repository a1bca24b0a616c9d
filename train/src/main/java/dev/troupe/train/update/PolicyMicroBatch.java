package dev.troupe.train.update;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.troupe.model.Autograd;
import dev.troupe.model.Batch;
import dev.troupe.model.Decoder;
import dev.troupe.model.SoftTargets;
import dev.troupe.train.algorithm.Distillation;
import dev.troupe.train.algorithm.Experience;
import dev.troupe.train.algorithm.Loss;
import dev.troupe.train.algorithm.LossInputs;
import dev.troupe.train.algorithm.OffPolicy;
import dev.troupe.train.algorithm.Targets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The policy's share of some rows: the algorithm's loss of the completion tokens. */
final class PolicyMicroBatch implements MicroBatch {
    /**
     * What all micro-batches of an update have in common.
     *
     * @param temperature that the completions were sampled at
     * @param proximalVersion that the update starts from
     * @param teacher how the distance from a teacher is taken, null without one
     */
    record Common(
            List<Experience> experience,
            Targets targets,
            Loss loss,
            OffPolicy offPolicy,
            double klCoef,
            double temperature,
            long proximalVersion,
            @Nullable Distillation teacher) {}

    private final Decoder decoder;
    private final Common common;
    private final List<Experience> rows = new ArrayList<>();
    private final Batch batch;
    private final LossInputs inputs;
    private float[] lastOutputs = new float[0];

    /** @param picked rows of the experience */
    PolicyMicroBatch(Decoder decoder, Common common, int[] picked, MiniBatch mini) {
        this.decoder = decoder;
        this.common = common;
        for (int r : picked) {
            rows.add(common.experience.get(r));
        }
        batch = decoder.batch(rows.stream().map(Experience::row).toList(), Batch.Kind.COMPLETION);
        inputs = LossInputs.of(
                batch.manager(),
                common.experience,
                common.targets,
                picked,
                common.loss,
                common.klCoef,
                mini.tokens(),
                mini.rows());
        if (common.offPolicy.weighs() && !common.offPolicy.follows()) {
            inputs.weigh(common.offPolicy);
        }
    }

    @Override
    public Map<String, Double> accumulate() {
        NDList outputs;
        Map<String, NDArray> answers;
        try (Autograd.Recording recording = Autograd.record()) {
            outputs = outputs();
            if (common.offPolicy.follows()) {
                inputs.follow(common.offPolicy, outputs.get(0).toFloatArray(), common.proximalVersion);
            }
            answers = inputs.loss(
                    common.loss, common.teacher == null ? "current" : "divergence", outputs.get(0), outputs.get(1));
            Autograd.backward(Loss.of(answers));
        }
        Map<String, Double> statistics = new TreeMap<>();
        answers.forEach((name, x) -> statistics.put(name, (double) x.getFloat()));
        if (!Double.isFinite(statistics.getOrDefault(LOSS, Double.NaN))) {
            lastOutputs = common.teacher == null && batch.lines() < rows.size()
                    ? apart()
                    : outputs.get(0).toFloatArray();
        }
        outputs.close();
        answers.values().forEach(NDArray::close);
        return statistics;
    }

    /** [N] log-probabilities, or divergences from the teacher, with their graph; and entropies. */
    private NDList outputs() {
        Distillation teacher = common.teacher;
        if (teacher == null) {
            return decoder.logprobsAndEntropy(batch, common.temperature, common.loss.onEntropy());
        }
        List<SoftTargets> targets = rows.stream()
                .map(e -> Objects.requireNonNull(e.teacher(), () -> "trajectory " + e.id() + " has no soft targets"))
                .toList();
        return decoder.divergence(batch, targets, teacher.beta(), teacher.temperature());
    }

    /** The outputs once more, a line a row: what is not a number reaches all that stands in its line. */
    private float[] apart() {
        float[] all = new float[batch.outputs()];
        List<float[]> each =
                decoder.logprobs(rows.stream().map(Experience::row).toList(), common.temperature, rows.size());
        for (int i = 0; i < each.size(); i++) {
            System.arraycopy(each.get(i), 0, all, batch.offsets()[i], each.get(i).length);
        }
        return all;
    }

    @Override
    public @Nullable Fault fault() {
        for (int i = 0; i < rows.size() && lastOutputs.length > 0; i++) {
            Experience e = rows.get(i);
            int from = batch.offsets()[i];
            float[] made = Arrays.copyOfRange(lastOutputs, from, from + e.length());
            boolean ratios = common.teacher == null;
            Fault fault = Fault.find(ratios ? "policy logprobs" : "divergence from the teacher", e.id(), made);
            for (int t = 0; ratios && fault == null && t < e.length(); t++) {
                float ratio = (float) Math.exp(made[t] - e.proximalLogprobs()[t]);
                fault = Float.isFinite(ratio) ? null : Fault.at("policy ratio", e.id(), t, ratio);
            }
            if (fault != null) {
                return fault;
            }
        }
        return null;
    }

    @Override
    public void close() {
        batch.close();
    }
}
