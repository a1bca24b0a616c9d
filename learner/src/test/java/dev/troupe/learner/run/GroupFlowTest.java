package dev.troupe.learner.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.learner.ledger.GroupRules;
import dev.troupe.learner.ledger.LedgerCounts;
import dev.troupe.proto.v1.FinishReason;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Groups between ledger, assembler and learner. */
class GroupFlowTest extends PlayedRun {
    /** Prompts 1, 4, 7... have equal rewards; completion 2 of prompt 3 has none; completion 0 of prompt 0 is cut. */
    @Test
    void groupsStayWholeFilteredOnesAreReplacedAndOneThatLostAMemberIsTrainedWithTheOthers() throws Exception {
        rules = new GroupRules(true, 2, true);
        samples = 3;
        allEqual = draw -> draw % 3 == 1;
        rewardFails = new TrajectoryId(3, 2)::equals;
        cut = new TrajectoryId(0, 0)::equals;
        CompletableFuture<RunReport> run = start(0, 3);
        scorers();
        join("a", 4);
        join("b", 3);
        RunReport report = run.get(60, TimeUnit.SECONDS);
        // By hand: 0 2, 3 5, 6 8 are trained, two of three in 3; 1, 4 and 7 are filtered.
        assertThat(batches)
                .extracting(
                        b -> b.stream().map(t -> t.trajectory().id().toString()).toList())
                .containsExactly(
                        List.of("0/0", "0/1", "0/2", "2/0", "2/1", "2/2"),
                        List.of("3/0", "3/1", "5/0", "5/1", "5/2"),
                        List.of("6/0", "6/1", "6/2", "8/0", "8/1", "8/2"));
        assertThat(report.ledger()).isEqualTo(new LedgerCounts(27, 0, 0, 17, 10));
        assertThat(batches.get(0).get(0).trajectory().finishReason()).isEqualTo(FinishReason.FINISH_REASON_DEADLINE);
        // The next step's groups may be filtered before this one is reported; each is told once.
        assertThat(reports.stream()
                        .mapToLong(r -> (long) r.metrics().get("groups/filtered"))
                        .sum())
                .isEqualTo(3);
        assertThat(reports).extracting(r -> r.metrics().get("groups/short")).containsExactly(0L, 1L, 0L);
        assertThat(reports).extracting(r -> r.metrics().get("episode")).containsExactly(6L, 11L, 17L);
        // Requests of 4 rows by place; what does not fill one goes when nothing more is to come, and so alone.
        assertThat(requests.stream().map(Object::toString).distinct().sorted())
                .containsExactlyInAnyOrder(
                        "[0/0, 0/1, 0/2, 1/0]",
                        "[1/1, 1/2]",
                        "[2/0, 2/1]",
                        "[2/2]",
                        "[3/0, 3/1, 3/2]",
                        "[4/0, 4/1, 4/2]",
                        "[5/0]",
                        "[5/1, 5/2]",
                        "[6/0, 6/1]",
                        "[6/2, 7/0, 7/1, 7/2]",
                        "[8/0, 8/1, 8/2]");
    }

    @Test
    void promptsThatAllHaveEqualRewardsEndTheRunWithWhatToDo() throws Exception {
        rules = new GroupRules(true, 2, true);
        allEqual = draw -> draw >= 3;
        CompletableFuture<RunReport> run = start(1, 4);
        scorers();
        join("a", 4);
        assertThatThrownBy(() -> run.get(60, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("step 2: ")
                .hasMessageContaining(" groups in a row had equal rewards")
                .hasMessageContaining("all 2 rewards of draw ")
                .hasMessageContaining("dynamic_sampling = false");
        assertThat(batches).hasSize(1);
    }

    @Test
    void aScorerThatLeavesNoGroupEnoughMembersEndsTheRunWithItsReason() throws Exception {
        rules = new GroupRules(true, 2, false);
        rewardFails = id -> id.sample() == 1;
        CompletableFuture<RunReport> run = start(1, 4);
        scorers();
        join("a", 4);
        assertThatThrownBy(() -> run.get(60, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("step 1: 20 trajectories")
                .hasMessageContaining("THREW: no");
    }

    /** Without staleness requests wait to be full: one for a member that never comes must not wait for ever. */
    @Test
    void aMemberWhoseLeaseRunsOutForGoodIsWaitedForNoLonger() throws Exception {
        rules = new GroupRules(true, 2, false);
        samples = 3;
        leaseExpiry = Duration.ofMillis(1);
        neverEnds = new TrajectoryId(0, 0)::equals;
        CompletableFuture<RunReport> run = start(0, 1);
        scorers();
        join("a", 4);
        RunReport report = run.get(60, TimeUnit.SECONDS);
        assertThat(report.ledger()).isEqualTo(new LedgerCounts(6, 0, 0, 5, 1));
        assertThat(batches.get(0))
                .extracting(t -> t.trajectory().id().toString())
                .containsExactly("0/1", "0/2", "1/0", "1/1", "1/2");
    }
}
