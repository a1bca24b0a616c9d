package dev.troupe.train.update;

import dev.troupe.train.algorithm.Experience;
import dev.troupe.train.optim.TrainedModel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One of the two models during an update; its work happens on the model's own thread, beside the other's. */
final class Half {
    /** Makes a micro-batch of some rows of a mini-batch. */
    interface Maker {
        MicroBatch make(int[] rows, MiniBatch mini);
    }

    /** Loss and metrics of a mini-batch by name, the norm of each parameter's gradient, and what is wrong with them. */
    record Gradients(
            Map<String, Double> statistics,
            float[] norms,
            @Nullable Fault fault) {
        Gradients with(Fault found) {
            return new Gradients(statistics, norms, found);
        }

        double loss() {
            return statistics.getOrDefault(MicroBatch.LOSS, 0.0);
        }
    }

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
    CompletableFuture<Gradients> accumulate(MiniBatch mini) {
        return model.submit(() -> {
            Map<String, Double> sums = new TreeMap<>();
            for (MicroBatch micro : microBatches(mini)) {
                micro.accumulate().forEach((name, x) -> sums.merge(name, x, Double::sum));
            }
            return new Gradients(sums, model.optimizer().gradientNorms(), null);
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
    CompletableFuture<Faulty> fault(MiniBatch mini, Gradients gradients, List<Experience> experience) {
        return model.submit(() -> new Faulty(find(mini, gradients, experience)));
    }

    /** A fault or none. */
    record Faulty(@Nullable Fault fault) {}

    private @Nullable Fault find(MiniBatch mini, Gradients gradients, List<Experience> experience) {
        for (MicroBatch micro : microBatches(mini)) {
            Fault fault = micro.fault();
            if (fault != null) {
                return fault;
            }
        }
        if (!Double.isFinite(gradients.loss())) {
            return new Fault(model.name() + " loss", null, model.name() + " loss is not finite though each row's is");
        }
        for (int p = 0; p < gradients.norms().length; p++) {
            if (!Float.isFinite(gradients.norms()[p])) {
                String tensor =
                        model.name() + " gradient of " + model.decoder().names().get(p);
                return blame(tensor, p, mini, experience);
            }
        }
        return null;
    }

    /** The first row that alone gives this parameter a gradient that is not finite. */
    private Fault blame(String tensor, int parameter, MiniBatch mini, List<Experience> experience) {
        for (int[] rows : mini.microBatches()) {
            for (int row : rows) {
                model.decoder().zeroGrad();
                try (MicroBatch alone = maker.make(new int[] {row}, mini)) {
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

    private List<MicroBatch> microBatches(MiniBatch mini) {
        return ready.computeIfAbsent(mini, m -> {
            List<MicroBatch> made = new ArrayList<>();
            for (int[] rows : m.microBatches()) {
                made.add(maker.make(rows, m));
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
