package dev.troupe.learner.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.learner.ledger.PromptLedger.Arrival;
import dev.troupe.learner.ledger.PromptLedger.Grant;
import java.util.List;
import org.junit.jupiter.api.Test;

class PromptLedgerTest {

    private static final long NEVER = Long.MAX_VALUE;

    @Test
    void admitsUpToTheStalenessBound() {
        PromptLedger ledger = new PromptLedger(4, 2, 1, 10, GroupRules.SINGLE);
        List<Grant> grants = ledger.grant("a", 1, 100, 0, NEVER);
        assertThat(grants).hasSize(8);
        assertThat(grants.get(3)).isEqualTo(new Grant(new TrajectoryId(1, 1), 1));
        assertThat(ledger.grant("b", 1, 100, 0, NEVER)).isEmpty();
        assertThat(ledger.counts()).isEqualTo(new LedgerCounts(8, 8, 0, 0, 0));
    }

    @Test
    void aRolloutBehindTheLearnerIsHeldToTheVersionItSamplesWith() {
        PromptLedger ledger = new PromptLedger(2, 1, 0, 10, GroupRules.SINGLE);
        train(ledger, ledger.grant("a", 1, 2, 0, NEVER), 0);
        assertThat(ledger.version()).isEqualTo(1);
        assertThat(ledger.grant("a", 1, 2, 0, NEVER)).isEmpty();
        assertThat(ledger.grant("a", 1, 2, 1, NEVER)).hasSize(2);
    }

    @Test
    void capacityIsOfLeasesHeldAtOnce() {
        PromptLedger ledger = new PromptLedger(8, 1, 0, 10, GroupRules.SINGLE);
        List<Grant> first = ledger.grant("a", 1, 3, 0, NEVER);
        assertThat(first).hasSize(3);
        ledger.finish(first.get(0).id(), 0);
        assertThat(ledger.grant("a", 1, 3, 0, NEVER)).hasSize(1);
    }

    @Test
    void issuesNoMoreThanTheStepsNeed() {
        PromptLedger ledger = new PromptLedger(2, 1, 5, 2, GroupRules.SINGLE);
        assertThat(ledger.grant("a", 1, 100, 0, NEVER)).hasSize(4);
    }

    @Test
    void aLostLeaseIsIssuedAgainUnderItsOldIdAndCountsOnce() {
        PromptLedger ledger = new PromptLedger(2, 1, 0, 10, GroupRules.SINGLE);
        List<Grant> lost = ledger.grant("a", 1, 2, 0, NEVER);
        assertThat(ledger.lost("a", 2).again()).isZero();
        assertThat(ledger.lost("a", 1).again()).isEqualTo(2);
        List<Grant> again = ledger.grant("b", 1, 5, 0, NEVER);
        assertThat(again)
                .containsExactly(
                        new Grant(lost.get(0).id(), 2), new Grant(lost.get(1).id(), 2));
        assertThat(ledger.counts()).isEqualTo(new LedgerCounts(2, 2, 0, 0, 0));
    }

    @Test
    void leasesPastTheirTimeAreIssuedAgain() {
        PromptLedger ledger = new PromptLedger(2, 1, 0, 10, GroupRules.SINGLE);
        ledger.grant("a", 1, 2, 0, 1000);
        assertThat(ledger.expire(999).again()).isZero();
        assertThat(ledger.expire(1000).again()).isEqualTo(2);
    }

    @Test
    void returnedLeasesAreIssuedAgain() {
        PromptLedger ledger = new PromptLedger(2, 1, 0, 10, GroupRules.SINGLE);
        List<Grant> held = ledger.grant("a", 1, 2, 0, NEVER);
        assertThat(ledger.returned("a", 1, List.of(held.get(1).id()))).isEqualTo(1);
        assertThat(ledger.grant("b", 1, 5, 0, NEVER))
                .containsExactly(new Grant(held.get(1).id(), 2));
        assertThat(ledger.returned("b", 1, List.of(held.get(1).id()))).isEqualTo(1);
        assertThat(ledger.grant("a", 1, 2, 0, NEVER))
                .as("what was given back leaves room")
                .containsExactly(new Grant(held.get(1).id(), 3));
        assertThat(ledger.lost("b", 1)).isEqualTo(new PromptLedger.Lost(0, List.of()));
    }

    @Test
    void copiesAreRecognised() {
        PromptLedger ledger = new PromptLedger(2, 1, 0, 10, GroupRules.SINGLE);
        TrajectoryId id = ledger.grant("a", 1, 1, 0, NEVER).get(0).id();
        for (TrajectoryId made : List.of(new TrajectoryId(7, 0), new TrajectoryId(0, 1), new TrajectoryId(1, -1))) {
            assertThat(ledger.finish(made, 0)).isEqualTo(Arrival.UNKNOWN);
        }
        assertThat(ledger.finish(id, 0)).isEqualTo(Arrival.ACCEPTED);
        assertThat(ledger.finish(id, 0)).isEqualTo(Arrival.DUPLICATE);
        ledger.scored(id, 0);
        ledger.dropped(List.of(id), "no");
        assertThat(ledger.finish(id, 0)).isEqualTo(Arrival.DUPLICATE);
        assertThat(ledger.counts()).isEqualTo(new LedgerCounts(1, 0, 0, 0, 1));
    }

    @Test
    void anEarlierAttemptThatComesLateIsTakenOnlyWhenItIsFreshEnough() {
        PromptLedger ledger = new PromptLedger(2, 1, 1, 10, GroupRules.SINGLE);
        List<Grant> grants = ledger.grant("a", 1, 4, 0, NEVER);
        ledger.lost("a", 1);
        ledger.grant("b", 1, 4, 0, NEVER);
        // Same version as the new lease: the copy that came first wins.
        assertThat(ledger.finish(grants.get(0).id(), 0)).isEqualTo(Arrival.ACCEPTED);
        ledger.scored(grants.get(0).id(), 0);
        train(ledger, List.of(grants.get(1)), 0);
        assertThat(ledger.version()).isEqualTo(1);
        ledger.lost("b", 1);
        ledger.grant("c", 1, 4, 1, NEVER);
        assertThat(ledger.finish(grants.get(2).id(), 0)).isEqualTo(Arrival.SUPERSEDED);
        assertThat(ledger.finish(grants.get(2).id(), 1)).isEqualTo(Arrival.ACCEPTED);
    }

    @Test
    void waitsForAStragglerThatWouldBecomeTooStale() {
        PromptLedger ledger = new PromptLedger(2, 1, 1, 10, GroupRules.SINGLE);
        List<Grant> grants = ledger.grant("a", 1, 4, 0, NEVER);
        TrajectoryId straggler = grants.get(0).id();
        for (int i = 1; i < 4; i++) {
            ledger.finish(grants.get(i).id(), 0);
            ledger.scored(grants.get(i).id(), 0);
        }
        List<TrajectoryId> first = ledger.nextBatch().orElseThrow();
        assertThat(first).containsExactly(grants.get(1).id(), grants.get(2).id());
        ledger.trained(first);
        // Version 1: two fresh ones are ready, but the straggler of version 0 must be in this batch.
        for (Grant g : ledger.grant("a", 1, 4, 1, NEVER)) {
            ledger.finish(g.id(), 1);
            ledger.scored(g.id(), 0);
        }
        assertThat(ledger.nextBatch()).isEmpty();
        assertThat(ledger.awaited(5)).containsExactly(straggler + " at a");
        ledger.finish(straggler, 0);
        ledger.scored(straggler, 0);
        assertThat(ledger.nextBatch().orElseThrow())
                .contains(straggler, grants.get(3).id());
    }

    @Test
    void takesWhatIsDueFirstNotWhatWasDrawnFirst() {
        PromptLedger ledger = new PromptLedger(1, 1, 2, 10, GroupRules.SINGLE);
        ledger.grant("a", 1, 1, 0, NEVER);
        List<Grant> other = ledger.grant("b", 1, 2, 0, NEVER);
        ledger.lost("a", 1);
        ledger.finish(other.get(1).id(), 0);
        ledger.scored(other.get(1).id(), 0);
        ledger.trained(ledger.nextBatch().orElseThrow());
        for (Grant g : ledger.grant("a", 2, 1, 1, NEVER)) {
            assertThat(g.id()).isEqualTo(new TrajectoryId(0, 0));
            ledger.finish(g.id(), 1);
            ledger.scored(g.id(), 0);
        }
        ledger.finish(other.get(0).id(), 0);
        ledger.scored(other.get(0).id(), 0);
        assertThat(ledger.nextBatch().orElseThrow())
                .containsExactly(other.get(0).id());
    }

    @Test
    void aCopyThatComesWhileItsTrajectoryHasNoLeaseMustBeFreshEnoughForOne() {
        PromptLedger ledger = new PromptLedger(1, 1, 1, 10, GroupRules.SINGLE);
        List<Grant> old = ledger.grant("a", 1, 2, 0, NEVER);
        train(ledger, old.subList(0, 1), 0);
        ledger.grant("b", 1, 1, 1, NEVER);
        ledger.lost("a", 1);
        assertThat(ledger.finish(old.get(1).id(), 0)).isEqualTo(Arrival.SUPERSEDED);
        assertThat(ledger.finish(old.get(1).id(), 1)).isEqualTo(Arrival.ACCEPTED);
    }

    @Test
    void aSnapshotIssuesAgainWhatWasOpen() {
        PromptLedger ledger = new PromptLedger(2, 2, 1, 10, GroupRules.SINGLE);
        List<Grant> grants = ledger.grant("a", 1, 4, 0, NEVER);
        train(ledger, grants.subList(0, 2), 0);
        ledger.finish(grants.get(2).id(), 0);
        PromptLedger restored = PromptLedger.restore(2, 2, 1, 10, GroupRules.SINGLE, ledger.snapshot());
        assertThat(restored.counts()).isEqualTo(new LedgerCounts(4, 2, 0, 2, 0));
        assertThat(restored.grant("b", 1, 2, 1, NEVER))
                .containsExactly(
                        new Grant(grants.get(2).id(), 2),
                        new Grant(grants.get(3).id(), 2));
        assertThat(restored.snapshot().version()).isEqualTo(1);
    }

    @Test
    void refusesABatchThatCutsAGroup() {
        assertThatThrownBy(() -> new PromptLedger(5, 2, 0, 1, GroupRules.SINGLE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("batch 5, samples 2");
    }

    @Test
    void aTrajectoryWhoseLeaseRunsOutForGoodIsDroppedWithItsNodesAndItsPlaceBecomesFree() {
        PromptLedger ledger = new PromptLedger(1, 1, 0, 1, GroupRules.SINGLE);
        TrajectoryId poison = new TrajectoryId(0, 0);
        for (int i = 1; i < PromptLedger.MOST_LOSSES; i++) {
            assertThat(ledger.grant("n" + i, 1, 1, 0, NEVER)).containsExactly(new Grant(poison, i));
            assertThat(ledger.lost("n" + i, 1)).isEqualTo(new PromptLedger.Lost(1, List.of()));
        }
        ledger.grant("slow", 1, 1, 0, 1000);

        PromptLedger.Lost last = ledger.expire(1000);

        assertThat(last.again()).isZero();
        assertThat(last.givenUp())
                .containsExactly(new GivenUp(poison, "its lease ran out 5 times, at [n1, n2, n3, n4, slow]", false));
        assertThat(ledger.counts()).isEqualTo(new LedgerCounts(1, 0, 0, 0, 1));
        assertThat(ledger.finish(poison, 0)).isEqualTo(Arrival.DUPLICATE);
        assertThat(ledger.grant("a", 1, 5, 0, NEVER)).containsExactly(new Grant(new TrajectoryId(1, 0), 1));
    }

    @Test
    void leasesGivenBackByARolloutThatLeavesAreNoFaultOfTheTrajectory() {
        PromptLedger ledger = new PromptLedger(1, 1, 0, 1, GroupRules.SINGLE);
        for (int i = 1; i <= 2 * PromptLedger.MOST_LOSSES; i++) {
            TrajectoryId id = ledger.grant("n" + i, 1, 1, 0, NEVER).get(0).id();
            assertThat(id).isEqualTo(new TrajectoryId(0, 0));
            assertThat(ledger.returned("n" + i, 1, List.of(id))).isEqualTo(1);
        }
        ledger.grant("a", 1, 1, 0, NEVER);
        assertThat(ledger.lost("a", 1)).isEqualTo(new PromptLedger.Lost(1, List.of()));
    }

    @Test
    void lossesAreRememberedInACheckpoint() {
        PromptLedger ledger = new PromptLedger(2, 1, 1, 3, GroupRules.SINGLE);
        for (int i = 1; i < PromptLedger.MOST_LOSSES; i++) {
            ledger.grant("n", i, 1, 0, NEVER);
            ledger.lost("n", i);
        }
        PromptLedger restored = PromptLedger.restore(2, 1, 1, 3, GroupRules.SINGLE, ledger.snapshot());
        restored.grant("m", 1, 1, 0, NEVER);
        assertThat(restored.lost("m", 1).givenUp())
                .extracting(GivenUp::reason)
                .containsExactly("its lease ran out 5 times, at [n, n, n, n, m]");
    }

    private static void train(PromptLedger ledger, List<Grant> grants, long firstVersion) {
        for (Grant g : grants) {
            ledger.finish(g.id(), firstVersion);
            ledger.scored(g.id(), 0);
        }
        ledger.trained(ledger.nextBatch().orElseThrow());
    }
}
