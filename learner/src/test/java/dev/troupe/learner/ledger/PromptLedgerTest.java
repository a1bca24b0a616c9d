package dev.troupe.learner.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.cluster.protocol.TrajectoryRef;
import dev.troupe.learner.ledger.PromptLedger.Arrival;
import dev.troupe.learner.ledger.PromptLedger.Grant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PromptLedgerTest {

    private static final long NEVER = Long.MAX_VALUE;

    @Test
    void admitsUpToTheStalenessBound() {
        PromptLedger ledger = new PromptLedger(4, 2, 1, 10);
        List<Grant> grants = ledger.grant("a", 1, 100, 0, NEVER);
        assertThat(grants).hasSize(8);
        assertThat(grants.get(3)).isEqualTo(new Grant(new TrajectoryRef(1, 1), 1));
        assertThat(ledger.grant("b", 1, 100, 0, NEVER)).isEmpty();
        assertThat(ledger.counts()).isEqualTo(new LedgerCounts(8, 8, 0, 0, 0));
    }

    @Test
    void aRolloutBehindTheLearnerIsHeldToTheVersionItSamplesWith() {
        PromptLedger ledger = new PromptLedger(2, 1, 0, 10);
        train(ledger, ledger.grant("a", 1, 2, 0, NEVER), 0);
        assertThat(ledger.version()).isEqualTo(1);
        assertThat(ledger.grant("a", 1, 2, 0, NEVER)).isEmpty();
        assertThat(ledger.grant("a", 1, 2, 1, NEVER)).hasSize(2);
    }

    @Test
    void capacityIsOfLeasesHeldAtOnce() {
        PromptLedger ledger = new PromptLedger(8, 1, 0, 10);
        List<Grant> first = ledger.grant("a", 1, 3, 0, NEVER);
        assertThat(first).hasSize(3);
        ledger.finish(first.get(0).id(), 0);
        assertThat(ledger.grant("a", 1, 3, 0, NEVER)).hasSize(1);
    }

    @Test
    void issuesNoMoreThanTheStepsNeed() {
        PromptLedger ledger = new PromptLedger(2, 1, 5, 2);
        assertThat(ledger.grant("a", 1, 100, 0, NEVER)).hasSize(4);
    }

    @Test
    void aLostLeaseIsIssuedAgainUnderItsOldIdAndCountsOnce() {
        PromptLedger ledger = new PromptLedger(2, 1, 0, 10);
        List<Grant> lost = ledger.grant("a", 1, 2, 0, NEVER);
        assertThat(ledger.lost("a", 2)).isZero();
        assertThat(ledger.lost("a", 1)).isEqualTo(2);
        List<Grant> again = ledger.grant("b", 1, 5, 0, NEVER);
        assertThat(again)
                .containsExactly(
                        new Grant(lost.get(0).id(), 2), new Grant(lost.get(1).id(), 2));
        assertThat(ledger.counts()).isEqualTo(new LedgerCounts(2, 2, 0, 0, 0));
    }

    @Test
    void leasesPastTheirTimeAreIssuedAgain() {
        PromptLedger ledger = new PromptLedger(2, 1, 0, 10);
        ledger.grant("a", 1, 2, 0, 1000);
        assertThat(ledger.expire(999)).isZero();
        assertThat(ledger.expire(1000)).isEqualTo(2);
    }

    @Test
    void returnedLeasesAreIssuedAgain() {
        PromptLedger ledger = new PromptLedger(2, 1, 0, 10);
        List<Grant> held = ledger.grant("a", 1, 2, 0, NEVER);
        assertThat(ledger.returned("a", 1, List.of(held.get(1).id()))).isEqualTo(1);
        assertThat(ledger.grant("b", 1, 5, 0, NEVER))
                .containsExactly(new Grant(held.get(1).id(), 2));
    }

    @Test
    void copiesAreRecognised() {
        PromptLedger ledger = new PromptLedger(2, 1, 0, 10);
        TrajectoryRef id = ledger.grant("a", 1, 1, 0, NEVER).get(0).id();
        assertThat(ledger.finish(new TrajectoryRef(7, 0), 0)).isEqualTo(Arrival.UNKNOWN);
        assertThat(ledger.finish(id, 0)).isEqualTo(Arrival.ACCEPTED);
        assertThat(ledger.finish(id, 0)).isEqualTo(Arrival.DUPLICATE);
        ledger.scored(id);
        ledger.dropped(id);
        assertThat(ledger.finish(id, 0)).isEqualTo(Arrival.DUPLICATE);
        assertThat(ledger.counts()).isEqualTo(new LedgerCounts(1, 0, 0, 0, 1));
    }

    @Test
    void anEarlierAttemptThatComesLateIsTakenOnlyWhenItIsFreshEnough() {
        PromptLedger ledger = new PromptLedger(2, 1, 1, 10);
        List<Grant> grants = ledger.grant("a", 1, 4, 0, NEVER);
        ledger.lost("a", 1);
        ledger.grant("b", 1, 4, 0, NEVER);
        // Same version as the new lease: the copy that came first wins.
        assertThat(ledger.finish(grants.get(0).id(), 0)).isEqualTo(Arrival.ACCEPTED);
        ledger.scored(grants.get(0).id());
        train(ledger, List.of(grants.get(1)), 0);
        assertThat(ledger.version()).isEqualTo(1);
        ledger.lost("b", 1);
        ledger.grant("c", 1, 4, 1, NEVER);
        assertThat(ledger.finish(grants.get(2).id(), 0)).isEqualTo(Arrival.SUPERSEDED);
        assertThat(ledger.finish(grants.get(2).id(), 1)).isEqualTo(Arrival.ACCEPTED);
    }

    @Test
    void waitsForAStragglerThatWouldBecomeTooStale() {
        PromptLedger ledger = new PromptLedger(2, 1, 1, 10);
        List<Grant> grants = ledger.grant("a", 1, 4, 0, NEVER);
        TrajectoryRef straggler = grants.get(0).id();
        for (int i = 1; i < 4; i++) {
            ledger.finish(grants.get(i).id(), 0);
            ledger.scored(grants.get(i).id());
        }
        List<TrajectoryRef> first = ledger.nextBatch().orElseThrow();
        assertThat(first).containsExactly(grants.get(1).id(), grants.get(2).id());
        ledger.trained(first);
        // Version 1: two fresh ones are ready, but the straggler of version 0 must be in this batch.
        for (Grant g : ledger.grant("a", 1, 4, 1, NEVER)) {
            ledger.finish(g.id(), 1);
            ledger.scored(g.id());
        }
        assertThat(ledger.nextBatch()).isEmpty();
        assertThat(ledger.awaited(5)).containsExactly(straggler + " at a");
        ledger.finish(straggler, 0);
        ledger.scored(straggler);
        assertThat(ledger.nextBatch().orElseThrow())
                .contains(straggler, grants.get(3).id());
    }

    @Test
    void aSnapshotIssuesAgainWhatWasOpen() {
        PromptLedger ledger = new PromptLedger(2, 2, 1, 10);
        List<Grant> grants = ledger.grant("a", 1, 4, 0, NEVER);
        train(ledger, grants.subList(0, 2), 0);
        ledger.finish(grants.get(2).id(), 0);
        PromptLedger restored = PromptLedger.restore(2, 2, 1, 10, ledger.snapshot());
        assertThat(restored.counts()).isEqualTo(new LedgerCounts(4, 2, 0, 2, 0));
        assertThat(restored.grant("b", 1, 2, 1, NEVER))
                .containsExactly(
                        new Grant(grants.get(2).id(), 2),
                        new Grant(grants.get(3).id(), 2));
        assertThat(restored.snapshot().version()).isEqualTo(1);
    }

    @Test
    void refusesABatchThatCutsAGroup() {
        assertThatThrownBy(() -> new PromptLedger(5, 2, 0, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("batch 5, samples 2");
    }

    /**
     * Random rollouts that lag, straggle, die and come back; after every event the books must add up, and every batch
     * must satisfy the staleness bound. The run must also end: a gate that is too strict would starve it.
     */
    @ParameterizedTest
    @CsvSource({"0,1", "0,2", "1,3", "1,4", "2,5", "2,6", "4,7", "8,8"})
    void neverExceedsTheBoundWhateverHappens(int eta, long seed) {
        int batch = 6;
        long steps = 60;
        Random random = new Random(seed);
        PromptLedger ledger = new PromptLedger(batch, 3, eta, steps);
        Map<TrajectoryRef, long[]> running = new HashMap<>();
        List<TrajectoryRef> atScorers = new ArrayList<>();
        Map<TrajectoryRef, Long> first = new HashMap<>();
        Set<TrajectoryRef> trained = new HashSet<>();
        long[] live = new long[3];
        long[] incarnation = {1, 1, 1};
        int events = 0;
        while (!ledger.complete()) {
            assertThat(events++).as("events until the run ends").isLessThan(200_000);
            int r = random.nextInt(3);
            switch (random.nextInt(12)) {
                case 0 -> live[r] = ledger.version();
                case 1, 2, 3 -> {
                    for (Grant g : ledger.grant("n" + r, incarnation[r], 5, live[r], NEVER)) {
                        running.put(g.id(), new long[] {r, live[r]});
                    }
                }
                case 4, 5, 6, 7 -> {
                    if (!running.isEmpty()) {
                        TrajectoryRef id = List.copyOf(running.keySet()).get(random.nextInt(running.size()));
                        // The version may move on between the grant and the first token.
                        long firstVersion = Math.max(running.remove(id)[1], random.nextBoolean() ? 0 : live[r]);
                        if (ledger.finish(id, firstVersion) == Arrival.ACCEPTED) {
                            first.put(id, firstVersion);
                            atScorers.add(id);
                        }
                    }
                }
                case 8, 9 -> {
                    if (!atScorers.isEmpty()) {
                        TrajectoryRef id = atScorers.remove(random.nextInt(atScorers.size()));
                        if (random.nextInt(40) == 0) {
                            ledger.scored(id);
                            ledger.dropped(id);
                        } else {
                            ledger.scored(id);
                        }
                    }
                }
                case 10 -> {
                    Optional<List<TrajectoryRef>> next = ledger.nextBatch();
                    if (next.isPresent()) {
                        for (TrajectoryRef id : next.get()) {
                            assertThat(ledger.version() - first.get(id))
                                    .as("staleness")
                                    .isBetween(0L, (long) eta);
                            assertThat(trained.add(id)).as("trained once").isTrue();
                        }
                        ledger.trained(next.get());
                    }
                }
                default -> {
                    if (random.nextInt(20) == 0) {
                        ledger.lost("n" + r, incarnation[r]++);
                        if (random.nextBoolean()) {
                            int gone = r;
                            running.values().removeIf(v -> v[0] == gone);
                        }
                    }
                }
            }
            ledger.counts();
        }
        assertThat(ledger.counts().trained()).isEqualTo(steps * batch);
        assertThat(ledger.counts().running()).isZero();
    }

    private static void train(PromptLedger ledger, List<Grant> grants, long firstVersion) {
        for (Grant g : grants) {
            ledger.finish(g.id(), firstVersion);
            ledger.scored(g.id());
        }
        ledger.trained(ledger.nextBatch().orElseThrow());
    }
}
