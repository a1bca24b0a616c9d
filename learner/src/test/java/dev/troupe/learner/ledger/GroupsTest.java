package dev.troupe.learner.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.learner.ledger.PromptLedger.Grant;
import dev.troupe.learner.run.LedgerJson;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Groups by hand: four samples a prompt, two groups a step, at least two members. */
class GroupsTest {
    private static final long NEVER = Long.MAX_VALUE;
    private static final int BATCH = 8;
    private static final int SAMPLES = 4;
    private static final GroupRules WHOLE = new GroupRules(true, 2, false);
    private static final GroupRules FILTERED = new GroupRules(true, 2, true);

    private static PromptLedger ledger(int eta, long steps, GroupRules rules) {
        return new PromptLedger(BATCH, SAMPLES, eta, steps, rules);
    }

    private static List<TrajectoryId> members(long draw, int... samples) {
        return java.util.Arrays.stream(samples)
                .mapToObj(s -> new TrajectoryId(draw, s))
                .toList();
    }

    private static List<TrajectoryId> both(List<TrajectoryId> one, List<TrajectoryId> other) {
        return Stream.concat(one.stream(), other.stream()).toList();
    }

    private static void ready(PromptLedger ledger, List<TrajectoryId> ids, long version) {
        for (TrajectoryId id : ids) {
            assertThat(ledger.finish(id, version)).isEqualTo(PromptLedger.Arrival.ACCEPTED);
            assertThat(ledger.scored(id, id.sample())).isEmpty();
        }
    }

    @Test
    void aGroupIsDrawnWholeAndItsOpenMembersCountAsRunning() {
        PromptLedger ledger = ledger(0, 3, WHOLE);
        assertThat(ledger.grant("a", 1, 3, 0, NEVER)).extracting(Grant::id).isEqualTo(members(0, 0, 1, 2));
        assertThat(ledger.counts()).isEqualTo(new LedgerCounts(4, 4, 0, 0, 0));
        assertThat(ledger.awaited(9)).endsWith("0/3 to be issued");
        assertThat(ledger.grant("b", 1, 9, 0, NEVER))
                .extracting(Grant::id)
                .isEqualTo(both(members(0, 3), members(1, 0, 1, 2, 3)));
    }

    @Test
    void readyTrajectoriesOfUnfinishedGroupsMakeNoBatch() {
        PromptLedger ledger = ledger(1, 3, WHOLE);
        ledger.grant("a", 1, 16, 0, NEVER);
        for (long draw = 0; draw < 4; draw++) {
            ready(ledger, members(draw, 0, 1, 2), 0);
        }
        assertThat(ledger.nextBatch()).isEmpty();
        ready(ledger, members(3, 3), 0);
        assertThat(ledger.nextBatch()).isEmpty();
        ready(ledger, members(1, 3), 0);
        assertThat(ledger.nextBatch()).contains(both(members(1, 0, 1, 2, 3), members(3, 0, 1, 2, 3)));
    }

    @Test
    void aGroupIsDueWithItsOldestMember() {
        PromptLedger ledger = ledger(1, 9, WHOLE);
        ledger.grant("old", 1, 9, 0, NEVER);
        ready(ledger, both(members(0, 0, 1, 2, 3), members(1, 0, 1, 2, 3)), 0);
        ledger.trained(ledger.nextBatch().orElseThrow());
        // Draw 2 has one member of version 0; the others, and draws 3 and 4, come from version 1.
        ledger.grant("new", 1, 11, 1, NEVER);
        ready(ledger, both(members(3, 0, 1, 2, 3), members(4, 0, 1, 2, 3)), 1);
        assertThat(ledger.nextBatch()).isEmpty();
        ready(ledger, members(2, 1, 2, 3), 1);
        assertThat(ledger.awaited(9)).containsExactly("2/0 at old");
        assertThat(ledger.nextBatch()).isEmpty();
        ready(ledger, members(2, 0), 0);
        assertThat(ledger.nextBatch()).contains(both(members(2, 0, 1, 2, 3), members(3, 0, 1, 2, 3)));
    }

    @Test
    void aGroupThatLostAMemberKeepsItsPlacesAndIsTrainedWithTheOthers() {
        PromptLedger ledger = ledger(0, 2, WHOLE);
        ledger.grant("a", 1, 99, 0, NEVER);
        ready(ledger, both(members(0, 0, 1, 2, 3), members(1, 0, 1, 3)), 0);
        ledger.finish(new TrajectoryId(1, 2), 0);
        assertThat(ledger.dropped(members(1, 2), "no"))
                .containsExactly(new GivenUp(new TrajectoryId(1, 2), "no", false));
        assertThat(ledger.grant("a", 1, 99, 0, NEVER)).isEmpty();
        List<TrajectoryId> batch = ledger.nextBatch().orElseThrow();
        assertThat(batch).isEqualTo(both(members(0, 0, 1, 2, 3), members(1, 0, 1, 3)));
        ledger.trained(batch);
        assertThat(ledger.counts()).isEqualTo(new LedgerCounts(8, 0, 0, 7, 1));
        assertThat(ledger.groups()).contains(new GroupCounts(0, 1));
        // The second and last step gets as many places as the first.
        assertThat(ledger.grant("a", 1, 99, 1, NEVER)).hasSize(8);
        ready(ledger, both(members(2, 0, 1, 2, 3), members(3, 0, 1, 2, 3)), 1);
        ledger.trained(ledger.nextBatch().orElseThrow());
        assertThat(ledger.complete()).isTrue();
        assertThat(ledger.counts()).isEqualTo(new LedgerCounts(16, 0, 0, 15, 1));
    }

    @Test
    void aGroupWithTooFewMembersIsDroppedWholeAndAnotherIsDrawn() {
        PromptLedger ledger = ledger(1, 1, WHOLE);
        ledger.grant("a", 1, 99, 0, NEVER);
        ready(ledger, members(1, 0), 0);
        for (TrajectoryId id : members(1, 1, 2, 3)) {
            ledger.finish(id, 0);
        }
        assertThat(ledger.dropped(members(1, 1, 2), "no")).hasSize(2);
        assertThat(ledger.grant("a", 1, 99, 0, NEVER)).isEmpty();
        assertThat(ledger.dropped(members(1, 3), "no"))
                .containsExactly(
                        new GivenUp(new TrajectoryId(1, 3), "no", false),
                        new GivenUp(new TrajectoryId(1, 0), "its group has 1 of 4 members left and needs 2", false));
        assertThat(ledger.counts()).isEqualTo(new LedgerCounts(8, 4, 0, 0, 4));
        assertThat(ledger.completed()).isZero();
        assertThat(ledger.grant("a", 1, 99, 0, NEVER)).extracting(Grant::id).isEqualTo(members(2, 0, 1, 2, 3));
    }

    @Test
    void aGroupWithEqualRewardsIsFilteredAndAnotherIsDrawnAlsoForTheLastStep() {
        PromptLedger ledger = ledger(1, 1, FILTERED);
        ledger.grant("a", 1, 99, 0, NEVER);
        for (TrajectoryId id : members(0, 0, 1, 2)) {
            ledger.finish(id, 0);
            assertThat(ledger.scored(id, 0.5f)).isEmpty();
        }
        ledger.finish(new TrajectoryId(0, 3), 0);
        assertThat(ledger.scored(new TrajectoryId(0, 3), 0.5f))
                .hasSize(4)
                .contains(new GivenUp(new TrajectoryId(0, 1), "all 4 rewards of draw 0 are 0.5", true));
        assertThat(ledger.counts()).isEqualTo(new LedgerCounts(8, 4, 0, 0, 4));
        assertThat(ledger.groups()).contains(new GroupCounts(1, 0));
        assertThat(ledger.grant("a", 1, 99, 0, NEVER)).extracting(Grant::id).isEqualTo(members(2, 0, 1, 2, 3));
        ready(ledger, both(members(1, 0, 1, 2, 3), members(2, 0, 1, 2, 3)), 0);
        ledger.trained(ledger.nextBatch().orElseThrow());
        assertThat(ledger.complete()).isTrue();
    }

    @Test
    void whatIsLeftOfAShortGroupIsFilteredToo() {
        PromptLedger ledger = ledger(1, 1, FILTERED);
        ledger.grant("a", 1, 99, 0, NEVER);
        for (TrajectoryId id : members(0, 0, 1, 2, 3)) {
            ledger.finish(id, 0);
        }
        for (TrajectoryId id : members(0, 0, 1, 2)) {
            ledger.scored(id, 1);
        }
        assertThat(ledger.dropped(members(0, 3), "no"))
                .extracting(GivenUp::filtered)
                .containsExactly(false, true, true, true);
    }

    @Test
    void whenTheUpdateIsSkippedItsGroupsAreDroppedAndNotFiltered() {
        PromptLedger ledger = ledger(1, 1, FILTERED);
        ledger.grant("a", 1, 99, 0, NEVER);
        ready(ledger, both(members(0, 0, 1, 2, 3), members(1, 0, 1, 2, 3)), 0);
        assertThat(ledger.dropped(ledger.nextBatch().orElseThrow(), "NaN"))
                .hasSize(8)
                .allMatch(g -> g.reason().equals("NaN") && !g.filtered());
        assertThat(ledger.groups()).contains(new GroupCounts(0, 0));
        assertThat(ledger.grant("a", 1, 99, 0, NEVER)).hasSize(8);
    }

    @Test
    void manyFilteredGroupsInARowAreHopelessAndOneGoodOneIsHope() {
        PromptLedger ledger = ledger(0, 1, FILTERED);
        // Ten steps of two groups are borne, the next one is not; a good one before the last begins the count again.
        for (int good : new int[] {19, -1}) {
            for (int i = 0; i < 20; i++) {
                settle(ledger, i == good);
                assertThat(ledger.hopeless()).isEmpty();
            }
        }
        settle(ledger, false);
        assertThat(ledger.hopeless())
                .hasValueSatisfying(why -> assertThat(why)
                        .startsWith("21 groups in a row had equal rewards")
                        .contains("all 4 rewards of draw 40 are 1.0", "dynamic_sampling = false"));
    }

    private static void settle(PromptLedger ledger, boolean good) {
        List<Grant> grants = ledger.grant("a", 1, 4, 0, NEVER);
        assertThat(grants).hasSize(4);
        for (Grant g : grants) {
            ledger.finish(g.id(), 0);
            ledger.scored(g.id(), good ? g.id().sample() : 1);
        }
    }

    @Test
    void withoutStalenessFreedPlacesAreFilledTogether() {
        PromptLedger ledger = ledger(0, 9, FILTERED);
        ledger.grant("a", 1, 99, 0, NEVER);
        for (TrajectoryId id : members(0, 0, 1, 2, 3)) {
            ledger.finish(id, 0);
            ledger.scored(id, 1);
        }
        assertThat(ledger.groups()).contains(new GroupCounts(1, 0));
        assertThat(ledger.grant("a", 1, 99, 0, NEVER)).isEmpty();
        assertThat(ledger.quiet()).isFalse();
        for (TrajectoryId id : members(1, 0, 1, 2, 3)) {
            ledger.finish(id, 0);
        }
        assertThat(ledger.quiet()).isTrue();
        assertThat(ledger.grant("a", 1, 99, 0, NEVER)).isEmpty();
        members(1, 0, 1, 2, 3).forEach(id -> ledger.scored(id, 1));
        assertThat(ledger.grant("a", 1, 99, 0, NEVER))
                .extracting(Grant::id)
                .isEqualTo(both(members(2, 0, 1, 2, 3), members(3, 0, 1, 2, 3)));
    }

    @Test
    void aGroupMustNotBeCut() {
        PromptLedger ledger = ledger(0, 9, WHOLE);
        ledger.grant("a", 1, 99, 0, NEVER);
        ready(ledger, both(members(0, 0, 1, 2, 3), members(1, 0, 1, 2, 3)), 0);
        assertThatThrownBy(() -> ledger.trained(both(members(0, 0, 1, 2, 3), members(1, 0, 1, 2))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("draw 1 was trained without all of its members");
    }

    @Test
    void aCheckpointKnowsTheDroppedMembersOfOpenGroups() {
        PromptLedger ledger = ledger(1, 9, FILTERED);
        ledger.grant("a", 1, 16, 0, NEVER);
        ready(ledger, both(members(0, 0, 1, 2, 3), members(1, 0, 1, 2, 3)), 0);
        ledger.trained(ledger.nextBatch().orElseThrow());
        ready(ledger, members(2, 0, 1), 0);
        ledger.finish(new TrajectoryId(2, 2), 0);
        ledger.dropped(members(2, 2), "no");
        for (TrajectoryId id : members(3, 0, 1, 2, 3)) {
            ledger.finish(id, 0);
            ledger.scored(id, 7);
        }
        LedgerSnapshot saved = LedgerJson.read(LedgerJson.write(ledger.snapshot()));
        assertThat(saved).isEqualTo(ledger.snapshot());

        PromptLedger restored = PromptLedger.restore(BATCH, SAMPLES, 1, 9, FILTERED, saved);

        assertThat(restored.counts()).isEqualTo(new LedgerCounts(16, 3, 0, 8, 5));
        assertThat(restored.groups()).contains(new GroupCounts(1, 0));
        assertThat(restored.grant("b", 1, 4, 1, NEVER))
                .containsExactly(
                        new Grant(new TrajectoryId(2, 0), 2),
                        new Grant(new TrajectoryId(2, 1), 2),
                        new Grant(new TrajectoryId(2, 3), 2),
                        new Grant(new TrajectoryId(4, 0), 1));
        ready(restored, members(2, 0, 1, 3), 1);
        restored.grant("b", 1, 9, 1, NEVER);
        ready(restored, members(4, 0, 1, 2, 3), 1);
        assertThat(restored.nextBatch()).contains(both(members(2, 0, 1, 3), members(4, 0, 1, 2, 3)));
    }

    @Test
    void withoutStalenessACheckpointIsOfTheStepsBeginning() {
        PromptLedger ledger = ledger(0, 9, FILTERED);
        ledger.grant("a", 1, 99, 0, NEVER);
        ready(ledger, both(members(0, 0, 1, 2, 3), members(1, 0, 1, 2, 3)), 0);
        ledger.trained(ledger.nextBatch().orElseThrow());
        LedgerSnapshot begin = ledger.snapshot();
        assertThat(begin).isEqualTo(new LedgerSnapshot(1, 8, 8, 0, 0, 0, List.of()));
        ledger.grant("a", 1, 99, 1, NEVER);
        for (TrajectoryId id : members(2, 0, 1, 2, 3)) {
            ledger.finish(id, 1);
            ledger.scored(id, 1);
        }
        assertThat(ledger.groups()).contains(new GroupCounts(1, 0));
        assertThat(ledger.snapshot()).isEqualTo(begin);
        PromptLedger restored = PromptLedger.restore(BATCH, SAMPLES, 0, 9, FILTERED, ledger.snapshot());
        assertThat(restored.grant("a", 1, 99, 1, NEVER).get(0)).isEqualTo(new Grant(new TrajectoryId(2, 0), 1));
    }

    @Test
    void aCheckpointOfBeforeThereWereGroupsIsRead() {
        LedgerSnapshot old = LedgerJson.read("{\"version\":1,\"issued\":10,\"trained\":8,\"dropped\":0,\"outstanding\":"
                + "[{\"draw\":2,\"sample\":0,\"attempt\":1},{\"draw\":2,\"sample\":1,\"attempt\":3}]}");
        assertThat(PromptLedger.restore(BATCH, SAMPLES, 1, 9, GroupRules.SINGLE, old)
                        .grant("a", 1, 2, 1, NEVER))
                .containsExactly(new Grant(new TrajectoryId(2, 0), 2), new Grant(new TrajectoryId(2, 1), 4));
        assertThatThrownBy(() -> PromptLedger.restore(BATCH, SAMPLES, 1, 9, WHOLE, old))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not one of groups of 4")
                .hasMessageContaining("num_generations");
    }

    @Test
    void rulesThatMakeNoSenseAreRefused() {
        assertThatThrownBy(() -> new PromptLedger(4, 1, 0, 1, WHOLE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("num_generations = 1")
                .hasMessageContaining("at least 2");
        assertThatThrownBy(() -> new GroupRules(false, 1, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("filterEqual true");
    }
}
