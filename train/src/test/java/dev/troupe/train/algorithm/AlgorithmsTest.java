package dev.troupe.train.algorithm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.troupe.train.TrainSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Settings become algorithms, or an error that begins with the key. */
class AlgorithmsTest {
    static java.util.List<String> names() {
        return Algorithms.names();
    }

    private static Algorithm of(String... settings) {
        return TrainSettings.algorithm(ConfigFactory.parseString(String.join("\n", settings)), 40, java.util.Map.of());
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyNameMakesAnAlgorithmOfThatName(String name) {
        assertThat(of("algorithm = " + name).name()).isEqualTo(name);
    }

    @Test
    void presetsAreThePapers() {
        Grpo dapo = (Grpo) of("algorithm = dapo");
        assertThat(dapo.lossType()).isEqualTo(Grpo.LossType.DAPO);
        assertThat(dapo.epsilonHigh()).isEqualTo(0.28);
        assertThat(((Grpo) of("algorithm = dr_grpo")).scaleRewards()).isEqualTo(Grpo.ScaleRewards.NONE);
        assertThat(((Grpo) of("algorithm = gspo")).sequenceRatio()).isTrue();
        assertThat(((Grpo) of("algorithm = grpo", "beta = 0")).needs().reference())
                .isFalse();
        assertThat(((Grpo) of("algorithm = grpo", "epsilon = 0.1")).epsilonHigh())
                .isEqualTo(0.1);
        assertThat(((Rloo) of("algorithm = rloo", "reward_clip_range = [-1, 2]")).clipHigh())
                .isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rloo", "gspo"})
    void whatWeighsWholeCompletionsCorrectsThemWithoutAFurtherKey(String name) {
        assertThat(of("algorithm = " + name, "off_policy.correction = truncated_is")
                        .needs()
                        .wholeCompletions())
                .isTrue();
    }

    @Test
    void luspoHasTheRatioOfTheCompletion() {
        Grpo luspo = (Grpo) of("algorithm = grpo", "loss_type = luspo", "importance_sampling_level = sequence");
        assertThat(luspo.lossType()).isEqualTo(Grpo.LossType.LUSPO);
        assertThat(luspo.loss().aggregation()).isEqualTo(Aggregation.SUMS);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "algorithm=rloo; num_generations=1 | num_generations = 1: rloo compares completions",
                "algorithm=online_dpo; num_generations=4 | num_generations = 4: online_dpo compares pairs",
                "algorithm=online_dpo; micro_batch=1 | micro_batch = 1",
                "algorithm=grpo; num_mini_batches=3; batch.prompts=8 | num_mini_batches = 3: it would cut a group",
                "num_mini_batches=9; batch.prompts=4; num_generations=2 | num_mini_batches = 9: a step has 8 trajectories",
                "algorithm=grpo; loss_type=sigmoid | loss_type = sigmoid: expected one of grpo, bnpo",
                "algorithm=grpo; scale_rewards=all | scale_rewards = all: expected one of group, batch, none",
                "algorithm=grpo; multi_objective_aggregation=mean | multi_objective_aggregation = mean: expected",
                "algorithm=grpo; multi_objective_aggregation=normalize_then_sum | multi_objective_aggregation ="
                        + " normalize_then_sum: there is but one reward",
                "algorithm=rloo; multi_objective_aggregation=normalize_then_sum | multi_objective_aggregation ="
                        + " normalize_then_sum: rloo is not of the grpo family",
                "algorithm=grpo; importance_sampling_level=word | importance_sampling_level = word",
                "algorithm=grpo; loss_type=luspo | importance_sampling_level = token: loss_type = luspo has one ratio"
                        + " for a completion; set importance_sampling_level = sequence",
                "algorithm=grpo; loss_type=vespo; importance_sampling_level=sequence | importance_sampling_level ="
                        + " sequence: loss_type = vespo weighs whole completions already",
                "algorithm=rloo; off_policy.correction=decoupled; off_policy.level=token | off_policy.level = token",
                "algorithm=grpo; delta=0.5 | delta = 0.5",
                "algorithm=grpo; soft_punish_cache=41 | soft_punish_cache = 41: expected 0 to 40",
                "algorithm=grpo; off_policy.correction=vtrace | off_policy.correction = vtrace: it needs a value model",
                "algorithm=grpo; off_policy.correction=magic | off_policy.correction = magic: expected one of none",
                "algorithm=gspo; off_policy.correction=decoupled; off_policy.level=token | off_policy.level = token",
                "algorithm=rloo; reward_clip_range=[1] | reward_clip_range = [1.0]: expected [LOW, HIGH]",
                "algorithm=rloo; reward_clip_range=[2,1] | reward_clip_range = [2.0, 1.0]",
                "algorithm=ppo; off_policy.cap=0.5 | off_policy.cap = 0.5",
                "algorithm=ppo; kl_coef=-1 | kl_coef = -1: expected at least 0",
                "algorithm=grpo; kl.target=3 | kl.target = 3.0: grpo has no KL",
                "algorithm=gkd; early_stop_kl=0.1 | early_stop_kl = 0.1: gkd has no ratio",
                "algorithm=grpo; loss_type=vespo; off_policy.correction=decoupled; off_policy.level=sequence"
                        + " | off_policy.level = sequence: loss_type = vespo",
                "algorithm=online_dpo; loss_type=hinge | loss_type = hinge: online_dpo has sigmoid and ipo",
            })
    void badSettingsAreNamed(String settings, String error) {
        assertThatThrownBy(() -> of(settings.split("; ")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(error);
    }
}
