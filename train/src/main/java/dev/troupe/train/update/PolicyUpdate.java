package dev.troupe.train.update;

import dev.troupe.model.TokenRow;
import dev.troupe.train.algorithm.Algorithm;
import dev.troupe.train.algorithm.Experience;
import dev.troupe.train.algorithm.KlControl;
import dev.troupe.train.algorithm.Loss;
import dev.troupe.train.algorithm.OffPolicy;
import dev.troupe.train.algorithm.Targets;
import dev.troupe.train.optim.GradientClip;
import dev.troupe.train.optim.Schedule;
import dev.troupe.train.optim.TrainedModel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One step of an online algorithm: a batch of experience becomes new weights of the policy, and of the value model
 * where the algorithm has one. Several passes over the batch, each cut into mini-batches (one optimizer step each) and
 * micro-batches (one forward each). Policy and value model run their passes at the same time, each on its own thread,
 * or in turns on one, and meet at the joint clipping of their gradients.
 *
 * <p>An update happens whole or not at all: as soon as a score, log-probability, advantage, loss or gradient is not
 * finite, weights and optimizers go back to what they were before the call.
 */
public final class PolicyUpdate implements AutoCloseable {
    private static final String APPROX_KL = "policy/approxkl_avg";

    /** A model under training and its learning rate at factor 1. */
    public record Learner(TrainedModel model, double rate) {}

    /** Sees the gradients of an optimizer step when they are complete and not yet clipped. */
    interface Watcher {
        void onGradients(Map<String, Double> policy, Map<String, Double> value, double gradientNorm);
    }

    private final Algorithm algorithm;
    private final OffPolicy offPolicy;
    private final KlControl kl;
    private final UpdateSettings settings;
    private final Schedule schedule;
    private final Learner policy;
    private final @Nullable Learner value;
    private Watcher watcher = (policyStatistics, valueStatistics, norm) -> {};

    /**
     * @param schedule of the learning rates, over the run's steps (one for each call of {@link #run})
     * @param policy a trainable language model
     * @param value a trainable model with a score head, on a thread of its own if the two are to run at the same time;
     *     null if the algorithm has none
     */
    public PolicyUpdate(
            Algorithm algorithm,
            OffPolicy offPolicy,
            KlControl kl,
            UpdateSettings settings,
            Schedule schedule,
            Learner policy,
            @Nullable Learner value) {
        if (algorithm.needs().value() != (value != null)) {
            throw new IllegalArgumentException(
                    algorithm.name() + (value == null ? " needs a" : " has no") + " value model");
        }
        offPolicy.requireFits(algorithm);
        this.algorithm = algorithm;
        this.offPolicy = offPolicy;
        this.kl = kl;
        this.settings = settings;
        this.schedule = schedule;
        this.policy = policy;
        this.value = value;
    }

    /** For tests that look at gradients. */
    void beforeEachStep(Watcher hook) {
        this.watcher = hook;
    }

    /** The models under training, policy first. */
    public List<TrainedModel> models() {
        return value == null ? List.of(policy.model) : List.of(policy.model, value.model);
    }

    /** The coefficient of the KL, part of a checkpoint. */
    public KlControl kl() {
        return kl;
    }

    /**
     * Trains on a batch; blocks until done. Not to be called from the models' threads.
     *
     * @param step number of the batch, from 0: sets learning rate and order of rows, and is the version of the policy
     *     that the update starts from
     * @param sampled trajectories in ascending order of id; their proximal log-probabilities are set here
     */
    public UpdateResult run(long step, List<Experience> sampled) {
        if (sampled.isEmpty()) {
            throw new IllegalArgumentException("step " + step + " has no experience to train on");
        }
        Fault fault = InputFaults.ofScores(sampled);
        if (fault != null) {
            return new UpdateResult(Map.of(), fault);
        }
        List<Experience> batch = offPolicy.recomputes() ? withProximal(sampled) : sampled;
        Targets targets = algorithm.targets(batch, kl.coefficient());
        fault = InputFaults.ofTargets(batch, targets);
        if (fault != null) {
            return new UpdateResult(targets.metrics(), fault);
        }
        List<Half> halves = halves(step, batch, targets);
        all("holding the weights", halves, this::hold);
        StepMetrics metrics = new StepMetrics();
        double factor = schedule.factor(step);
        try {
            fault = epochs(step, factor, batch, targets, halves, metrics);
        } catch (RuntimeException e) {
            all("rolling back", halves, this::rollBack);
            throw e;
        }
        if (fault != null) {
            all("rolling back", halves, this::rollBack);
            return new UpdateResult(targets.metrics(), fault);
        }
        Map<String, Double> all = new HashMap<>(targets.metrics());
        all.putAll(metrics.means());
        all.putAll(OffPolicyMetrics.of(batch, offPolicy));
        all.put("lr", policy.rate * factor);
        all.put("kl_coef", kl.coefficient());
        Double seen = targets.metrics().get("objective/kl");
        if (seen != null) {
            kl.observe(seen, batch.size());
        }
        return new UpdateResult(all, null);
    }

    /** A forward pass of the policy as it is. */
    private List<Experience> withProximal(List<Experience> batch) {
        List<TokenRow> rows = batch.stream().map(Experience::row).toList();
        List<float[]> logprobs = TrainedModel.join(
                        "the proximal log-probabilities",
                        List.of(policy.model.submit(() ->
                                policy.model.decoder().logprobs(rows, settings.temperature(), settings.microBatch()))))
                .get(0);
        List<Experience> out = new ArrayList<>();
        for (int r = 0; r < rows.size(); r++) {
            out.add(batch.get(r).withProximal(logprobs.get(r)));
        }
        return out;
    }

    private List<Half> halves(long step, List<Experience> batch, Targets targets) {
        Loss loss = algorithm.loss();
        PolicyMicroBatch.Common common = new PolicyMicroBatch.Common(
                batch,
                targets,
                loss,
                offPolicy,
                kl.coefficient(),
                settings.temperature(),
                step,
                algorithm.needs().teacher());
        List<Half> halves = new ArrayList<>();
        halves.add(new Half(
                policy.model, (rows, mini) -> new PolicyMicroBatch(policy.model.decoder(), common, rows, mini)));
        Learner learner = value;
        if (learner != null) {
            Targets.States states = targets.states()
                    .orElseThrow(() -> new IllegalStateException(algorithm.name() + " has no targets for its values"));
            halves.add(new Half(
                    learner.model,
                    (rows, mini) -> new ValueMicroBatch(
                            learner.model.decoder(), settings, batch, states, rows, mini.states())));
        }
        return halves;
    }

    private @Nullable Fault epochs(
            long step, double factor, List<Experience> batch, Targets targets, List<Half> halves, StepMetrics metrics) {
        List<MiniBatch> minis = List.of();
        boolean again = settings.miniBatches() == 1;
        try {
            for (int epoch = 0; epoch < settings.epochs(); epoch++) {
                if (minis.isEmpty() || !again) {
                    forget(minis, halves);
                    minis = MiniBatch.ofEpoch(
                            batch,
                            targets,
                            algorithm.needs(),
                            settings,
                            step,
                            epoch,
                            policy.model.decoder()::sharesPrompts);
                }
                for (MiniBatch mini : minis) {
                    Half.Gradients made = optimizerStep(factor, batch, mini, halves, metrics);
                    if (made.fault() != null) {
                        return made.fault();
                    }
                    if (tooFar(made)) {
                        return null;
                    }
                }
            }
            return null;
        } finally {
            forget(minis, halves);
        }
    }

    /** The policy's part of what was done, or a fault. */
    private Half.Gradients optimizerStep(
            double factor, List<Experience> batch, MiniBatch mini, List<Half> halves, StepMetrics metrics) {
        List<Half.Gradients> gradients = TrainedModel.join(
                "the passes of the models",
                halves.stream().map(h -> h.accumulate(mini)).toList());
        double norm =
                GradientClip.joint(gradients.stream().map(Half.Gradients::norms).toList());
        Half.Gradients first = gradients.get(0);
        if (!Double.isFinite(norm) || gradients.stream().anyMatch(g -> !Double.isFinite(g.loss()))) {
            return first.with(fault(mini, gradients, halves, batch, norm));
        }
        if (metrics.any() && tooFar(first)) {
            all("dropping gradients", halves, model -> {
                model.decoder().zeroGrad();
                return true;
            });
            return first;
        }
        Map<String, Double> values = gradients.size() > 1 ? gradients.get(1).statistics() : Map.of();
        watcher.onGradients(first.statistics(), values, norm);
        double scale = GradientClip.scale(norm, settings.maxGradNorm());
        List<CompletableFuture<Boolean>> steps = new ArrayList<>();
        steps.add(halves.get(0).step(policy.rate * factor, scale));
        if (value != null) {
            steps.add(halves.get(1).step(value.rate * factor, scale));
        }
        TrainedModel.join("the optimizer step", steps);
        metrics.add(first.statistics(), values, norm);
        return first;
    }

    private boolean tooFar(Half.Gradients made) {
        return made.statistics().getOrDefault(APPROX_KL, 0.0) > settings.earlyStopKl();
    }

    private static Fault fault(
            MiniBatch mini, List<Half.Gradients> gradients, List<Half> halves, List<Experience> batch, double norm) {
        List<CompletableFuture<Half.Faulty>> searches = new ArrayList<>();
        for (int h = 0; h < halves.size(); h++) {
            searches.add(halves.get(h).fault(mini, gradients.get(h), batch));
        }
        return TrainedModel.join("the search for the sample that is not finite", searches).stream()
                .map(Half.Faulty::fault)
                .filter(Objects::nonNull)
                .findFirst()
                .orElseGet(() -> new Fault("gradient norm", null, "the joint gradient norm is " + norm));
    }

    /**
     * A weight copy is needed only where a later optimizer step may fail after an earlier one has changed the weights.
     */
    private boolean hold(TrainedModel model) {
        if (settings.optimizerSteps() > 1) {
            model.optimizer().hold();
        }
        return true;
    }

    private boolean rollBack(TrainedModel model) {
        if (settings.optimizerSteps() > 1) {
            model.optimizer().rollBack();
        } else {
            model.decoder().zeroGrad();
        }
        return true;
    }

    private static void forget(List<MiniBatch> minis, List<Half> halves) {
        for (MiniBatch mini : minis) {
            TrainedModel.join(
                    "freeing a mini-batch",
                    halves.stream().map(h -> h.forget(mini)).toList());
        }
    }

    /** Frees models and optimizers and ends their threads. */
    @Override
    public void close() {
        for (TrainedModel model : models()) {
            model.close();
            model.thread().run(model.decoder()::close);
        }
        models().forEach(model -> model.thread().close());
    }

    private interface Work {
        boolean on(TrainedModel model);
    }

    private static void all(String what, List<Half> halves, Work work) {
        TrainedModel.join(
                what,
                halves.stream()
                        .map(h -> h.model().submit(() -> work.on(h.model())))
                        .toList());
    }
}
