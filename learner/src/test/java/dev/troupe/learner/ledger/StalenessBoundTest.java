package dev.troupe.learner.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.learner.ledger.RandomRun.Scene;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever happens in a run, see {@link RandomRun}: the bound holds, groups stay whole, and the run ends. */
class StalenessBoundTest {
    private static final int BATCH = 12;
    private static final int SAMPLES = 4;
    private static final long STEPS = 60;
    private static final GroupRules WHOLE = new GroupRules(true, 2, false);
    private static final GroupRules FILTERED = new GroupRules(true, 3, true);

    @ParameterizedTest
    @CsvSource({"0,1", "0,2", "1,3", "1,4", "2,5", "2,6", "4,7", "8,8"})
    void singleTrajectories(int eta, long seed) {
        play(eta, GroupRules.SINGLE, seed);
    }

    @ParameterizedTest
    @CsvSource({"0,1", "0,2", "1,3", "1,4", "2,5", "2,6", "4,7", "8,8"})
    void wholeGroups(int eta, long seed) {
        PromptLedger ledger = play(eta, WHOLE, seed);
        assertThat(ledger.groups().orElseThrow().shortened()).isPositive();
        assertThat(ledger.groups().orElseThrow().filtered()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0,1", "0,2", "1,3", "1,4", "2,5", "2,6", "4,7", "8,8"})
    void filteredGroups(int eta, long seed) {
        PromptLedger ledger = play(eta, FILTERED, seed);
        assertThat(ledger.groups().orElseThrow().shortened()).isPositive();
        assertThat(ledger.groups().orElseThrow().filtered()).isPositive();
    }

    private static PromptLedger play(int eta, GroupRules rules, long seed) {
        RandomRun run = new RandomRun(new Scene(BATCH, SAMPLES, eta, STEPS, rules, true, true), seed);
        assertThat(run.play()).hasSize((int) STEPS);
        return run.ledger();
    }

    /** Neither timing nor an interruption changes what is trained with what, nor what is scored with what. */
    @ParameterizedTest
    @ValueSource(strings = {"single", "whole", "filtered"})
    void withoutStalenessTimingDecidesNothing(String mode) {
        GroupRules rules = switch (mode) {
            case "single" -> GroupRules.SINGLE;
            case "whole" -> WHOLE;
            default -> FILTERED;
        };
        Scene scene = new Scene(BATCH, SAMPLES, 0, 20, rules, false, false);
        RandomRun straight = new RandomRun(scene, 1);
        List<List<TrajectoryId>> batches = straight.play();
        for (long seed = 2; seed < 6; seed++) {
            RandomRun other = new RandomRun(scene, seed);
            assertThat(other.play()).isEqualTo(batches);
            assertThat(other.waves()).isEqualTo(straight.waves());
            RandomRun resumed = new RandomRun(scene.interrupted(), seed);
            assertThat(resumed.play()).isEqualTo(batches);
            assertThat(resumed.ledger().counts()).isEqualTo(straight.ledger().counts());
            assertThat(resumed.ledger().groups()).isEqualTo(straight.ledger().groups());
        }
    }
}
