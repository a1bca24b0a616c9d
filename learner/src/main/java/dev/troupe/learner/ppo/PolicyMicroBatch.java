package dev.troupe.learner.ppo;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.troupe.model.Autograd;
import dev.troupe.model.Batch;
import dev.troupe.model.Decoder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The policy's share of some rows: clipped loss of the completion tokens. */
final class PolicyMicroBatch implements MicroBatch {
    private final Decoder decoder;
    private final PpoSettings settings;
    private final List<Experience> rows = new ArrayList<>();
    private final Batch batch;
    private final NDArray old;
    private final NDArray advantages;
    private final double count;
    private float[] lastLogprobs = new float[0];

    /**
     * @param picked rows of the experience
     * @param count completion tokens of the whole mini-batch
     */
    PolicyMicroBatch(
            Decoder decoder,
            PpoSettings settings,
            List<Experience> experience,
            PpoTargets targets,
            int[] picked,
            double count) {
        this.decoder = decoder;
        this.settings = settings;
        this.count = count;
        for (int r : picked) {
            rows.add(experience.get(r));
        }
        batch = Batch.of(rows.stream().map(Experience::row).toList(), Batch.Kind.COMPLETION);
        float[] olds = new float[batch.outputs()];
        float[] wanted = new float[batch.outputs()];
        for (int i = 0; i < picked.length; i++) {
            int n = rows.get(i).length();
            int offset = batch.offsets()[i];
            System.arraycopy(rows.get(i).behaviourLogprobs(), 0, olds, offset, n);
            for (int t = 0; t < n; t++) {
                wanted[offset + t] = (float) targets.advantages()[picked[i]][t];
            }
        }
        old = batch.manager().create(olds);
        advantages = batch.manager().create(wanted);
    }

    @Override
    public float[] accumulate() {
        NDList outputs;
        NDList loss;
        try (Autograd.Recording recording = Autograd.record()) {
            outputs = decoder.logprobsAndEntropy(batch, settings.temperature());
            loss = PpoLoss.policy(
                    batch.manager(), outputs.get(0), old, advantages, outputs.get(1), settings.cliprange(), count);
            Autograd.backward(loss.get(0));
        }
        try (outputs;
                loss) {
            float[] statistics = loss.get(1).toFloatArray();
            if (!Float.isFinite(statistics[PpoLoss.LOSS])) {
                lastLogprobs = outputs.get(0).toFloatArray();
            }
            return statistics;
        }
    }

    @Override
    public @Nullable Fault fault() {
        for (int i = 0; i < rows.size() && lastLogprobs.length > 0; i++) {
            Experience e = rows.get(i);
            int from = batch.offsets()[i];
            float[] logprobs = Arrays.copyOfRange(lastLogprobs, from, from + e.length());
            Fault fault = Fault.find("policy logprobs", e.id(), logprobs);
            for (int t = 0; fault == null && t < e.length(); t++) {
                float ratio = (float) Math.exp(logprobs[t] - e.behaviourLogprobs()[t]);
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
