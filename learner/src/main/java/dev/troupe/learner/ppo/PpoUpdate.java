package dev.troupe.learner.ppo;

import dev.troupe.learner.optim.GradientClip;
import dev.troupe.learner.optim.Schedule;
import dev.troupe.learner.optim.TrainedModel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One step of PPO: a batch of experience becomes new weights of policy and value model. Several passes over the batch,
 * each cut into mini-batches (one optimizer step each) and micro-batches (one forward each). The two models run their
 * passes at the same time, each on its own thread, and meet at the joint clipping of their gradients.
 *
 * <p>An update happens whole or not at all: as soon as a score, log-probability, advantage, loss or gradient is not
 * finite, weights and optimizers go back to what they were before the call.
 */
public final class PpoUpdate {
    private final TrainedModel policy;
    private final TrainedModel value;
    private final PpoSettings settings;
    private final Schedule schedule;
    private final double policyRate;
    private final double valueRate;
    private Watcher watcher = (policyStatistics, valueStatistics, norm) -> {};

    /** Sees the gradients of an optimizer step when they are complete and not yet clipped. */
    interface Watcher {
        void onGradients(double[] policyStatistics, double[] valueStatistics, double gradientNorm);
    }

    /**
     * @param policy a trainable language model
     * @param value a trainable model with a score head, on a thread of its own if the two are to run at the same time
     * @param schedule of the learning rates, over the run's steps (one for each call of {@link #run})
     * @param policyRate learning rate of the policy at factor 1
     * @param valueRate learning rate of the value model at factor 1
     */
    public PpoUpdate(
            TrainedModel policy,
            TrainedModel value,
            PpoSettings settings,
            Schedule schedule,
            double policyRate,
            double valueRate) {
        this.policy = policy;
        this.value = value;
        this.settings = settings;
        this.schedule = schedule;
        this.policyRate = policyRate;
        this.valueRate = valueRate;
    }

    /** For tests that look at gradients. */
    void beforeEachStep(Watcher hook) {
        this.watcher = hook;
    }

    /**
     * Trains on a batch; blocks until done. Not to be called from the models' threads.
     *
     * @param step number of the batch, from 0: sets learning rate and order of rows
     */
    public UpdateResult run(long step, List<Experience> batch) {
        if (batch.isEmpty()) {
            throw new IllegalArgumentException("step " + step + " has no experience to train on");
        }
        PpoTargets targets = PpoTargets.of(batch, settings);
        Fault fault = inputFault(batch, targets);
        if (fault != null) {
            return new UpdateResult(targets.metrics(), fault);
        }
        Half policyHalf = new Half(
                policy, (rows, count) -> new PolicyMicroBatch(policy.decoder(), settings, batch, targets, rows, count));
        Half valueHalf = new Half(
                value, (rows, count) -> new ValueMicroBatch(value.decoder(), settings, batch, targets, rows, count));
        both("holding the weights", policyHalf, valueHalf, this::hold);
        StepMetrics metrics = new StepMetrics(settings.width());
        double factor = schedule.factor(step);
        try {
            fault = epochs(step, factor, batch, policyHalf, valueHalf, metrics);
        } catch (RuntimeException e) {
            both("rolling back", policyHalf, valueHalf, this::rollBack);
            throw e;
        }
        if (fault != null) {
            both("rolling back", policyHalf, valueHalf, this::rollBack);
            return new UpdateResult(targets.metrics(), fault);
        }
        Map<String, Double> all = new HashMap<>(targets.metrics());
        all.putAll(metrics.means());
        all.put("lr", policyRate * factor);
        return new UpdateResult(all, null);
    }

    private @Nullable Fault epochs(
            long step, double factor, List<Experience> batch, Half policyHalf, Half valueHalf, StepMetrics metrics) {
        List<MiniBatch> minis = List.of();
        boolean again = settings.miniBatches() == 1;
        try {
            for (int epoch = 0; epoch < settings.epochs(); epoch++) {
                if (minis.isEmpty() || !again) {
                    forget(minis, policyHalf, valueHalf);
                    minis = MiniBatch.ofEpoch(batch, settings, step, epoch);
                }
                for (MiniBatch mini : minis) {
                    Fault fault = optimizerStep(factor, batch, mini, policyHalf, valueHalf, metrics);
                    if (fault != null) {
                        return fault;
                    }
                }
            }
            return null;
        } finally {
            forget(minis, policyHalf, valueHalf);
        }
    }

    private @Nullable Fault optimizerStep(
            double factor,
            List<Experience> batch,
            MiniBatch mini,
            Half policyHalf,
            Half valueHalf,
            StepMetrics metrics) {
        List<Half.Gradients> gradients = TrainedModel.join(
                "the passes of policy and value model",
                List.of(policyHalf.accumulate(mini, mini.tokens()), valueHalf.accumulate(mini, mini.states())));
        Half.Gradients p = gradients.get(0);
        Half.Gradients v = gradients.get(1);
        double norm = GradientClip.joint(List.of(p.norms(), v.norms()));
        if (!(Double.isFinite(norm)
                && Double.isFinite(p.statistics()[PpoLoss.LOSS])
                && Double.isFinite(v.statistics()[PpoLoss.LOSS]))) {
            List<Half.Faulty> faults = TrainedModel.join(
                    "the search for the sample that is not finite",
                    List.of(
                            policyHalf.fault(mini, mini.tokens(), p, batch),
                            valueHalf.fault(mini, mini.states(), v, batch)));
            return Stream.of(faults.get(0).fault(), faults.get(1).fault())
                    .filter(f -> f != null)
                    .findFirst()
                    .orElseGet(() -> new Fault("gradient norm", null, "the joint gradient norm is " + norm));
        }
        watcher.onGradients(p.statistics(), v.statistics(), norm);
        double scale = GradientClip.scale(norm, settings.maxGradNorm());
        TrainedModel.join(
                "the optimizer step",
                List.of(policyHalf.step(policyRate * factor, scale), valueHalf.step(valueRate * factor, scale)));
        metrics.add(mini, p.statistics(), v.statistics(), norm);
        return null;
    }

    /** Numbers as they came are searched first: whitening spreads one that is not finite over all rows. */
    private static @Nullable Fault inputFault(List<Experience> batch, PpoTargets targets) {
        for (Experience e : batch) {
            Fault fault = Fault.find("score", e.id(), new float[] {e.score()});
            fault = fault != null ? fault : Fault.find("behaviour logprobs", e.id(), e.behaviourLogprobs());
            fault = fault != null ? fault : Fault.find("reference logprobs", e.id(), e.referenceLogprobs());
            fault = fault != null ? fault : Fault.find("values", e.id(), e.values());
            if (fault != null) {
                return fault;
            }
        }
        for (int r = 0; r < batch.size(); r++) {
            Fault fault = Fault.find("returns", batch.get(r).id(), narrow(targets.returns()[r]));
            if (fault != null) {
                return fault;
            }
        }
        for (int r = 0; r < batch.size(); r++) {
            Fault fault = Fault.find("advantages", batch.get(r).id(), narrow(targets.advantages()[r]));
            if (fault != null) {
                return fault;
            }
        }
        return null;
    }

    private static float[] narrow(double[] wide) {
        float[] out = new float[wide.length];
        for (int i = 0; i < wide.length; i++) {
            out[i] = (float) wide[i];
        }
        return out;
    }

    /**
     * A weight copy is needed only where a later optimizer step may fail after an earlier one has changed the weights.
     */
    private boolean hold(TrainedModel model) {
        if (settings.epochs() * settings.miniBatches() > 1) {
            model.optimizer().hold();
        }
        return true;
    }

    private boolean rollBack(TrainedModel model) {
        if (settings.epochs() * settings.miniBatches() > 1) {
            model.optimizer().rollBack();
        } else {
            model.decoder().zeroGrad();
        }
        return true;
    }

    private static void forget(List<MiniBatch> minis, Half policyHalf, Half valueHalf) {
        for (MiniBatch mini : minis) {
            TrainedModel.join("freeing a mini-batch", List.of(policyHalf.forget(mini), valueHalf.forget(mini)));
        }
    }

    private interface Work {
        boolean on(TrainedModel model);
    }

    private static void both(String what, Half first, Half second, Work work) {
        List<CompletableFuture<Boolean>> parts = Stream.of(first, second)
                .map(h -> h.model().submit(() -> work.on(h.model())))
                .toList();
        TrainedModel.join(what, parts);
    }
}
