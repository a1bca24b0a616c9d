package dev.troupe.train.offline;

import dev.troupe.model.Decoder;
import dev.troupe.model.TensorThread;
import dev.troupe.train.optim.TrainedModel;
import dev.troupe.train.optim.Twin;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A model and, on a second thread, a twin of it, which share a step's micro-batches. */
final class Workers implements AutoCloseable {
    private final TrainedModel model;
    private final @Nullable Twin twin;

    private Workers(TrainedModel model, @Nullable Twin twin) {
        this.model = model;
        this.twin = twin;
    }

    static Workers of(TrainedModel model, @Nullable TensorThread second) {
        return new Workers(model, second == null ? null : Twin.of(model, second));
    }

    /**
     * Gradients of all micro-batches, left in the model; returns the sums of their statistics.
     *
     * @param dropSeed of an adapter's dropout; as many numbers from it on as there are micro-batches are used
     */
    double[] accumulate(Objective objective, List<int[]> micros, double count, long dropSeed) {
        List<int[]> own = new ArrayList<>();
        List<int[]> others = new ArrayList<>();
        for (int i = 0; i < micros.size(); i++) {
            (twin == null || i % 2 == 0 ? own : others).add(micros.get(i));
        }
        List<CompletableFuture<double[]>> parts = new ArrayList<>();
        if (twin != null && !others.isEmpty()) {
            model.thread().run(twin::copyWeights);
            parts.add(twin.thread().submit(() -> run(objective, twin.decoder(), others, count, dropSeed + 1)));
        }
        parts.add(0, model.submit(() -> run(objective, model.decoder(), own, count, dropSeed)));
        List<double[]> sums = TrainedModel.join("the micro-batches of a step", parts);
        if (twin != null && sums.size() == 2) {
            model.thread().run(twin::handOverGradients);
            for (int i = 0; i < sums.get(0).length; i++) {
                sums.get(0)[i] += sums.get(1)[i];
            }
        }
        return sums.get(0);
    }

    private static double[] run(Objective objective, Decoder decoder, List<int[]> micros, double count, long dropSeed) {
        double[] sums = new double[0];
        for (int i = 0; i < micros.size(); i++) {
            int[] micro = micros.get(i);
            decoder.dropInputs(dropSeed + 2L * i);
            float[] part = objective.accumulate(decoder, micro, count);
            sums = sums.length == 0 ? new double[part.length] : sums;
            for (int k = 0; k < part.length; k++) {
                sums[k] += part[k];
            }
        }
        return sums;
    }

    @Override
    public void close() {
        if (twin != null) {
            twin.close();
        }
    }
}
