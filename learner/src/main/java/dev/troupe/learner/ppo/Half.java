package dev.troupe.learner.ppo;

import dev.troupe.learner.optim.TrainedModel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One of the two models during an update; its work happens on the model's own thread, beside the other's. */
final class Half {
    /** Makes a micro-batch of some rows of a mini-batch; {@code count} is what the mini-batch's loss is divided by. */
    interface Maker {
        MicroBatch make(int[] rows, double count);
    }

    /** The sums of the loss's statistics, and the norm of each parameter's gradient. */
    record Gradients(double[] statistics, float[] norms) {}

    private final TrainedModel model;
    private final Maker maker;
    private final Map<MiniBatch, List<MicroBatch>> ready = new HashMap<>();

    Half(TrainedModel model, Maker maker) {
        this.model = model;
        this.maker = maker;
    }

    TrainedModel model() {
        return model;
    }

    /** Gradients of a mini-batch, left in the model. */
    CompletableFuture<Gradients> accumulate(MiniBatch mini, double count) {
        return model.submit(() -> {
            double[] sums = new double[0];
            for (MicroBatch micro : microBatches(mini, count)) {
                float[] statistics = micro.accumulate();
                sums = sums.length == 0 ? new double[statistics.length] : sums;
                for (int i = 0; i < sums.length; i++) {
                    sums[i] += statistics[i];
                }
            }
            return new Gradients(sums, model.optimizer().gradientNorms());
        });
    }

    /** One optimizer step. */
    CompletableFuture<Boolean> step(double learningRate, double scale) {
        return model.submit(() -> {
            model.optimizer().step(learningRate, scale);
            return true;
        });
    }

    /** What was not finite in these gradients, or null; looks for the sample, which costs a pass a row. */
    CompletableFuture<Faulty> fault(MiniBatch mini, double count, Gradients gradients, List<Experience> experience) {
        return model.submit(() -> new Faulty(find(mini, count, gradients, experience)));
    }

    /** A fault or none. */
    record Faulty(@Nullable Fault fault) {}

    private @Nullable Fault find(MiniBatch mini, double count, Gradients gradients, List<Experience> experience) {
        for (MicroBatch micro : microBatches(mini, count)) {
            Fault fault = micro.fault();
            if (fault != null) {
                return fault;
            }
        }
        if (!Double.isFinite(gradients.statistics()[PpoLoss.LOSS])) {
            return new Fault(model.name() + " loss", null, model.name() + " loss is not finite though each row's is");
        }
        for (int p = 0; p < gradients.norms().length; p++) {
            if (!Float.isFinite(gradients.norms()[p])) {
                String tensor =
                        model.name() + " gradient of " + model.decoder().names().get(p);
                return blame(tensor, p, mini, count, experience);
            }
        }
        return null;
    }

    /** The first row that alone gives this parameter a gradient that is not finite. */
    private Fault blame(String tensor, int parameter, MiniBatch mini, double count, List<Experience> experience) {
        for (int[] rows : mini.microBatches()) {
            for (int row : rows) {
                model.decoder().zeroGrad();
                try (MicroBatch alone = maker.make(new int[] {row}, count)) {
                    alone.accumulate();
                }
                float norm = model.optimizer().gradientNorms()[parameter];
                if (!Float.isFinite(norm)) {
                    var id = experience.get(row).id();
                    return new Fault(tensor, id, tensor + " has norm " + norm + " from trajectory " + id);
                }
            }
        }
        return new Fault(tensor, null, tensor + " is not finite, though no single trajectory makes it so");
    }

    private List<MicroBatch> microBatches(MiniBatch mini, double count) {
        return ready.computeIfAbsent(mini, m -> {
            List<MicroBatch> made = new ArrayList<>();
            for (int[] rows : m.microBatches()) {
                made.add(maker.make(rows, count));
            }
            return made;
        });
    }

    /** Frees the tensors of a mini-batch that will not come again. */
    CompletableFuture<Boolean> forget(MiniBatch mini) {
        return model.submit(() -> {
            List<MicroBatch> made = ready.remove(mini);
            if (made != null) {
                made.forEach(MicroBatch::close);
            }
            return true;
        });
    }
}
