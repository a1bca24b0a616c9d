package dev.troupe.train.update;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.troupe.model.Autograd;
import dev.troupe.model.Batch;
import dev.troupe.model.Decoder;
import dev.troupe.train.algorithm.Experience;
import dev.troupe.train.algorithm.Targets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The value model's share of some rows: clipped squared error of the states. */
final class ValueMicroBatch implements MicroBatch {
    private final Decoder decoder;
    private final UpdateSettings settings;
    private final List<Experience> rows = new ArrayList<>();
    private final Batch batch;
    private final NDArray old;
    private final NDArray returns;
    private final NDArray mask;
    private final double count;
    private float[] lastValues = new float[0];

    /**
     * @param picked rows of the experience
     * @param count states of the whole mini-batch
     */
    ValueMicroBatch(
            Decoder decoder,
            UpdateSettings settings,
            List<Experience> experience,
            Targets.States targets,
            int[] picked,
            double count) {
        this.decoder = decoder;
        this.settings = settings;
        this.count = count;
        for (int r : picked) {
            rows.add(experience.get(r));
        }
        batch = decoder.batch(rows.stream().map(Experience::row).toList(), Batch.Kind.STATES);
        float[] olds = new float[batch.outputs()];
        float[] wanted = new float[batch.outputs()];
        float[] counted = new float[batch.outputs()];
        for (int i = 0; i < picked.length; i++) {
            double[] values = targets.values()[picked[i]];
            for (int t = 0; t < values.length; t++) {
                int at = batch.offsets()[i] + t;
                olds[at] = (float) values[t];
                wanted[at] = (float) targets.returns()[picked[i]][t];
                counted[at] = 1;
            }
        }
        old = batch.manager().create(olds);
        returns = batch.manager().create(wanted);
        mask = batch.manager().create(counted);
    }

    @Override
    public Map<String, Double> accumulate() {
        NDArray values;
        NDList loss;
        try (Autograd.Recording recording = Autograd.record()) {
            values = decoder.values(batch);
            loss = ValueLoss.of(
                    batch.manager(), values, old, returns, mask, settings.cliprangeValue(), settings.vfCoef(), count);
            Autograd.backward(loss.get(0));
        }
        try (values;
                loss) {
            float[] statistics = loss.get(1).toFloatArray();
            if (!Float.isFinite(statistics[ValueLoss.LOSS])) {
                lastValues = batch.lines() < rows.size() ? apart() : values.toFloatArray();
            }
            return Map.of(LOSS, (double) statistics[ValueLoss.LOSS], "val/clipfrac_avg", (double)
                    statistics[ValueLoss.CLIPPED]);
        }
    }

    /** The values once more, a line a row: what is not a number reaches all that stands in its line. */
    private float[] apart() {
        float[] all = new float[batch.outputs()];
        List<float[]> each = decoder.values(rows.stream().map(Experience::row).toList(), rows.size());
        for (int i = 0; i < each.size(); i++) {
            System.arraycopy(each.get(i), 0, all, batch.offsets()[i], each.get(i).length);
        }
        return all;
    }

    @Override
    public @Nullable Fault fault() {
        for (int i = 0; i < rows.size() && lastValues.length > 0; i++) {
            int[] offsets = batch.offsets();
            Fault fault = Fault.find(
                    "new values", rows.get(i).id(), Arrays.copyOfRange(lastValues, offsets[i], offsets[i + 1]));
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
