package dev.troupe.train.update;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.train.algorithm.Experience;
import dev.troupe.train.algorithm.KlControl;
import dev.troupe.train.algorithm.OffPolicy;
import dev.troupe.train.algorithm.Ppo;
import dev.troupe.train.algorithm.Targets;
import dev.troupe.train.fixture.TinyModels;
import dev.troupe.train.loss.KlEstimator;
import dev.troupe.train.optim.Schedule;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Corrections inside an update of stale samples, against the papers' formulas in double precision. */
class OffPolicyUpdateTest {
    private static final long STEP = 5;
    private static final int WIDTH = 6;
    private static final double KL = 0.05;
    private static final double CLIP = 0.2;
    private static final double LAM = 0.95;
    private static final double LEAST = 0.7;
    private static final double CAP = 1.4;

    private final TinyModels models = new TinyModels();

    @AfterEach
    void close() {
        models.close();
    }

    /** What {@link TinyModels#experience} gives has the log-probabilities of the policy that is trained. */
    private List<Experience> fresh() {
        return models.experience(6, 1);
    }

    /** Samples of other policies, of versions up to two before the one that is trained. */
    private static List<Experience> stale(List<Experience> fresh) {
        Random random = new Random(4);
        return fresh.stream()
                .map(e -> {
                    float[] behaviour = e.behaviourLogprobs().clone();
                    long[] versions = new long[behaviour.length];
                    for (int t = 0; t < behaviour.length; t++) {
                        behaviour[t] += (float) (0.5 * random.nextGaussian());
                        versions[t] = STEP - random.nextInt(3);
                    }
                    return new Experience(
                            e.id(),
                            e.row(),
                            e.finishReason(),
                            behaviour,
                            behaviour,
                            e.referenceLogprobs(),
                            e.values(),
                            e.score(),
                            versions);
                })
                .toList();
    }

    private Map<String, Double> metrics(OffPolicy offPolicy, List<Experience> batch) {
        UpdateResult result = new PolicyUpdate(
                        ppo(offPolicy),
                        offPolicy,
                        KlControl.fixed(KL),
                        TinyModels.settings(1, 1, 4),
                        new Schedule(Schedule.Kind.CONSTANT, 0, 10),
                        new PolicyUpdate.Learner(models.policy, 1e-3),
                        new PolicyUpdate.Learner(models.value, 1e-3))
                .run(STEP, batch);
        assertThat(result.fault()).isNull();
        return result.metrics();
    }

    private static Ppo ppo(OffPolicy offPolicy) {
        return new Ppo(KL, KlEstimator.K1, CLIP, 1, LAM, false, 0, WIDTH, offPolicy);
    }

    private static OffPolicy correction(
            OffPolicy.Kind kind, OffPolicy.Level level, OffPolicy.Mode mode, OffPolicy.Proximal proximal) {
        return new OffPolicy(kind, level, mode, LEAST, CAP, proximal, 1.2, 0.9);
    }

    /** Mean over tokens of w max(-A r, -A clip(r)): r is current over proximal, w is proximal over behaviour. */
    @ParameterizedTest
    @CsvSource({
        "NONE, TOKEN, TRUNCATE, RECOMPUTE",
        "DECOUPLED, TOKEN, TRUNCATE, RECOMPUTE",
        "DECOUPLED, TOKEN, MASK, RECOMPUTE",
        "DECOUPLED, SEQUENCE, TRUNCATE, RECOMPUTE",
        "DECOUPLED, TOKEN, TRUNCATE, LOGLINEAR",
        "TRUNCATED_IS, TOKEN, TRUNCATE, RECOMPUTE",
        "TRUNCATED_IS, SEQUENCE, TRUNCATE, RECOMPUTE",
        "TRUNCATED_IS, TOKEN, MASK, LOGLINEAR",
    })
    void lossOfThePolicy(OffPolicy.Kind kind, OffPolicy.Level level, OffPolicy.Mode mode, OffPolicy.Proximal source) {
        List<Experience> fresh = fresh();
        List<Experience> stale = stale(fresh);
        double[][] advantages = ppo(OffPolicy.NONE).targets(stale, KL).advantages();
        double sum = 0;
        int tokens = 0;
        for (int r = 0; r < stale.size(); r++) {
            Experience e = stale.get(r);
            double[] current = wide(fresh.get(r).behaviourLogprobs());
            double[] behaviour = wide(e.behaviourLogprobs());
            double[] proximal = new double[current.length];
            double[] weights = new double[current.length];
            double far = 0;
            for (int t = 0; t < current.length; t++) {
                // AReaL: the proximal policy is version STEP, the one under training STEP + 1.
                double share = (STEP - e.versions()[t]) / (STEP + 1.0 - e.versions()[t]);
                boolean line = source == OffPolicy.Proximal.LOGLINEAR;
                proximal[t] = line ? behaviour[t] + share * (current[t] - behaviour[t]) : current[t];
                proximal[t] = kind == OffPolicy.Kind.NONE ? behaviour[t] : proximal[t];
                far += proximal[t] - behaviour[t];
                weights[t] = bounded(Math.exp(proximal[t] - behaviour[t]), mode);
            }
            if (level == OffPolicy.Level.SEQUENCE) {
                double whole = kind == OffPolicy.Kind.DECOUPLED ? far / current.length : far;
                Arrays.fill(weights, bounded(Math.exp(whole), mode));
            }
            for (int t = 0; t < current.length; t++) {
                double ratio = Math.exp(current[t] - proximal[t]);
                double near = Math.max(1 - CLIP, Math.min(1 + CLIP, ratio));
                sum += weights[t] * Math.max(-advantages[r][t] * ratio, -advantages[r][t] * near);
                tokens++;
            }
        }
        double loss = metrics(correction(kind, level, mode, source), stale).get("loss/policy_avg");
        assertThat(loss).isCloseTo(sum / tokens, within(2e-6));
    }

    private static double bounded(double weight, OffPolicy.Mode mode) {
        boolean outside = weight < LEAST || weight > CAP;
        return mode == OffPolicy.Mode.MASK && outside ? 0 : Math.max(LEAST, Math.min(CAP, weight));
    }

    /** Espeholt et al. 2018, section 4.1, with the ratio of the proximal policy to the one that sampled. */
    @Test
    void vTraceInTheUpdate() {
        List<Experience> fresh = fresh();
        List<Experience> stale = stale(fresh);
        OffPolicy vtrace = correction(
                OffPolicy.Kind.VTRACE, OffPolicy.Level.TOKEN, OffPolicy.Mode.TRUNCATE, OffPolicy.Proximal.RECOMPUTE);
        double squares = 0;
        int states = 0;
        double ratios = 0;
        double kl = 0;
        double largest = 0;
        int tokens = 0;
        double[][] advantages = new double[stale.size()][];
        for (int r = 0; r < stale.size(); r++) {
            Experience e = stale.get(r);
            int n = e.length();
            int count = Math.min(n + 1, WIDTH);
            double nextValue = 0;
            double nextTarget = 0;
            advantages[r] = new double[n];
            for (int s = count - 1; s >= 0; s--) {
                double ratio = 1;
                double reward = s == count - 1 ? e.score() : 0;
                if (s < n) {
                    double far = (double) fresh.get(r).behaviourLogprobs()[s] - e.behaviourLogprobs()[s];
                    ratio = Math.exp(far);
                    reward -= KL * ((double) e.behaviourLogprobs()[s] - e.referenceLogprobs()[s]);
                    ratios += ratio;
                    largest = Math.max(largest, ratio);
                    kl -= far;
                    tokens++;
                }
                double rho = Math.min(1.2, ratio);
                double c = LAM * Math.min(0.9, ratio);
                double value = e.values()[s];
                double target = value + rho * (reward + nextValue - value) + c * (nextTarget - nextValue);
                if (s < n) {
                    advantages[r][s] = rho * (reward + nextTarget - value);
                }
                squares += (value - target) * (value - target);
                states++;
                nextValue = value;
                nextTarget = target;
            }
        }
        Map<String, Double> metrics = metrics(vtrace, stale);
        assertThat(metrics.get("loss/value_avg")).isCloseTo(0.5 * squares / states, within(2e-6));
        assertThat(metrics.get("off_policy/ratio_mean")).isCloseTo(ratios / tokens, within(1e-6));
        assertThat(metrics.get("off_policy/ratio_max")).isCloseTo(largest, within(1e-5));
        assertThat(metrics.get("off_policy/kl")).isCloseTo(kl / tokens, within(1e-6));

        Targets targets = ppo(vtrace).targets(withProximal(stale, fresh), KL);
        double[] expected =
                Arrays.stream(advantages).flatMapToDouble(Arrays::stream).toArray();
        double[] made = Arrays.stream(targets.advantages())
                .flatMapToDouble(Arrays::stream)
                .toArray();
        double mean = Arrays.stream(expected).average().orElseThrow();
        double variance =
                Arrays.stream(expected).map(a -> (a - mean) * (a - mean)).sum() / (tokens - 1);
        for (int i = 0; i < made.length; i++) {
            assertThat(made[i]).isCloseTo((expected[i] - mean) / Math.sqrt(variance + 1e-8), within(1e-6));
        }
    }

    private static List<Experience> withProximal(List<Experience> stale, List<Experience> fresh) {
        return IntStream.range(0, stale.size())
                .mapToObj(r -> stale.get(r).withProximal(fresh.get(r).behaviourLogprobs()))
                .toList();
    }

    private static double[] wide(float[] narrow) {
        double[] out = new double[narrow.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = narrow[i];
        }
        return out;
    }
}
