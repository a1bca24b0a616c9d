package dev.troupe.learner.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.testkit.typed.javadsl.TestProbe;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.learner.experience.ScoredTrajectory;
import dev.troupe.learner.ledger.LedgerCounts;
import dev.troupe.learner.ledger.LedgerMessages.Ask;
import dev.troupe.learner.ledger.LedgerMessages.State;
import dev.troupe.model.TensorThread;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What passes between ledger, assembler and learner, to the end of a run. */
class LearnerFlowTest extends PlayedRun {
    @Test
    void trainsEveryStepAndTheBooksAddUp() throws Exception {
        CompletableFuture<RunReport> run = start(2, 8);
        scorers();
        join("a", 4);
        join("b", 3);
        RunReport report = run.get(60, TimeUnit.SECONDS);
        assertThat(report.status()).isEqualTo("done");
        assertThat(report.ledger()).isEqualTo(new LedgerCounts(48, 0, 0, 48, 0));
        assertThat(report.stalenessMax()).isBetween(0L, 2L);
        assertThat(batches).hasSize(8);
        Set<TrajectoryId> ids = new HashSet<>();
        batches.forEach(b -> b.forEach(
                t -> assertThat(ids.add(t.trajectory().id())).as("trained once").isTrue()));
        assertThat(ids).hasSize(48);
        assertThat(acknowledged).hasSizeGreaterThanOrEqualTo(48);
        assertThat(checkpoints).contains(8L);
        assertThat(reports).extracting(StepReport::step).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
    }

    @Test
    void aVersionIsPublishedBeforeTheParityOfItsStepIsKnown() throws Exception {
        CountDownLatch late = new CountDownLatch(1);
        try (TensorThread thread = TensorThread.start("late", 1)) {
            thread.submit(() -> {
                late.await();
                return true;
            });
            // It keeps no version beside the last, and so has nothing to compare once it gets to it.
            parity = new Parity(thread, null, 1.0, 1, 0);
            start(0, 2);
            scorers();
            join("a", 4);
            kit.createTestProbe().awaitAssert(LONG, () -> {
                assertThat(published).containsKey(1L);
                return true;
            });
            // The next batch is sampled and scored meanwhile.
            kit.createTestProbe().awaitAssert(LONG, () -> {
                assertThat(acknowledged).hasSizeGreaterThan(BATCH);
                return true;
            });
            assertThat(reports).as("the report waits for it").isEmpty();
            late.countDown();
            kit.createTestProbe().awaitAssert(LONG, () -> {
                assertThat(reports).isNotEmpty();
                return true;
            });
            // Its counts are those of the step's end.
            assertThat(reports.get(0).metrics().get("ledger/issued")).isEqualTo((long) BATCH);
        }
    }

    @Test
    void joinsEachTrajectoryWithItsOwnScores() throws Exception {
        CompletableFuture<RunReport> run = start(0, 2);
        scorers();
        join("a", 4);
        run.get(60, TimeUnit.SECONDS);
        for (List<ScoredTrajectory> batch : batches) {
            for (ScoredTrajectory t : batch) {
                TrajectoryId id = t.trajectory().id();
                assertThat(t.scores().reward()).isEqualTo(rewardOf(id));
                assertThat(t.scores().rewards())
                        .isEqualTo(
                                hasParts(id)
                                        ? Map.of("whole", rewardOf(id) - 1, "one", 1f)
                                        : Map.of("reward", rewardOf(id)));
                assertThat(t.scores().reference()).hasSize(t.trajectory().row().completionLength());
                assertThat(t.scores().values()).hasSize(t.trajectory().row().completionLength() + 1);
            }
        }
    }

    @Test
    void aScorerThatFailsARowDropsItByNameAndDrawsAnother() throws Exception {
        rewardFails = id -> id.draw() == 1;
        CompletableFuture<RunReport> run = start(1, 3);
        scorers();
        join("a", 4);
        RunReport report = run.get(60, TimeUnit.SECONDS);
        assertThat(report.ledger()).isEqualTo(new LedgerCounts(20, 0, 0, 18, 2));
    }

    @Test
    void aScorerThatFailsEveryRowEndsTheRunWithItsReasonAfterABoundedNumber() throws Exception {
        rewardFails = id -> id.draw() * SAMPLES + id.sample() >= 9;
        CompletableFuture<RunReport> run = start(1, 4);
        scorers();
        join("a", 4);
        assertThatThrownBy(() -> run.get(60, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("step 2: ")
                .hasMessageContaining("trajectories in a row got no score")
                .hasMessageContaining("THREW: no");
        assertThat(batches).hasSize(1);
    }

    @Test
    void aLedgerThatFailsEndsTheRunWithWhatItThrew() throws Exception {
        noPromptFrom = 4;
        CompletableFuture<RunReport> run = start(1, 4);
        scorers();
        join("a", 4);
        assertThatThrownBy(() -> run.get(60, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("draw 4: no prompt");
    }

    @Test
    void workOfADeadRolloutIsDoneByAnother() throws Exception {
        CompletableFuture<RunReport> run = start(1, 4);
        scorers();
        Rollout silent = join("silent", 1, 5, true);
        silent.request(0);
        TestProbe<Object> probe = kit.createTestProbe();
        probe.awaitAssert(LONG, () -> {
            assertThat(silent.held).hasSizeGreaterThanOrEqualTo(5);
            return null;
        });
        kill(silent);
        join("a", 4);
        assertThat(run.get(60, TimeUnit.SECONDS).ledger()).isEqualTo(new LedgerCounts(24, 0, 0, 24, 0));
    }

    @Test
    void aSecondLiveRolloutOfANameIsRefusedAndTheFirstKeepsItsLeases() throws Exception {
        CompletableFuture<RunReport> run = start(1, 4);
        scorers();
        Rollout first = holding("a", 1, 5);
        Rollout second = join("a", 2, 5, true);
        // More beats than a lease may be lost: the two would make each other's trajectories be dropped.
        for (int beat = 0; beat < 8; beat++) {
            first.request(0);
            second.request(0);
        }
        State state = heardSoFar();
        assertThat(second.held).as("leases of the second").isEmpty();
        assertThat(first.held)
                .hasSize(5)
                .allSatisfy(l -> assertThat(l.getAttempt()).isEqualTo(1));
        assertThat(state.counts()).isEqualTo(new LedgerCounts(5, 5, 0, 0, 0));
        assertThat(state.rollouts()).containsExactly("a");
        kit.createTestProbe().awaitAssert(LONG, () -> {
            assertThat(second.refusals)
                    .isNotEmpty()
                    .allSatisfy(r -> assertThat(r).contains("the name a is taken", "another --name"));
            return null;
        });
        kill(second);
        first.deaf = false;
        first.answer(List.copyOf(first.held));
        assertThat(run.get(60, TimeUnit.SECONDS).ledger()).isEqualTo(new LedgerCounts(24, 0, 0, 24, 0));
        assertThat(first.held)
                .hasSize(24)
                .allSatisfy(l -> assertThat(l.getAttempt()).isEqualTo(1));
        assertThat(first.refusals).isEmpty();
    }

    @Test
    void aRolloutStartedAgainUnderItsNameWaitsUntilTheKilledOneIsGoneAndTakesItsWork() throws Exception {
        CompletableFuture<RunReport> run = start(1, 4);
        scorers();
        Rollout killed = holding("a", 1, 5);
        Rollout again = join("a", 2, 5);
        again.request(0);
        again.request(0);
        heardSoFar();
        assertThat(again.held).as("while the killed one may still be alive").isEmpty();
        kill(killed);
        kit.createTestProbe().awaitAssert(LONG, () -> {
            again.request(0);
            assertThat(again.held).isNotEmpty();
            return null;
        });
        assertThat(run.get(60, TimeUnit.SECONDS).ledger()).isEqualTo(new LedgerCounts(24, 0, 0, 24, 0));
        assertThat(again.held).filteredOn(l -> l.getAttempt() == 2).hasSize(5);
        assertThat(again.refusals).isEmpty();
    }

    /** Has leases and answers none. */
    private Rollout holding(String name, int incarnation, int leases) {
        Rollout rollout = join(name, incarnation, leases, true);
        kit.createTestProbe().awaitAssert(LONG, () -> {
            rollout.request(0);
            assertThat(rollout.held).hasSize(leases);
            assertThat(announced).as("nobody asks for it any more").contains(0L);
            return null;
        });
        return rollout;
    }

    /** What the ledger says after everything that this thread has told it. */
    private State heardSoFar() {
        TestProbe<State> probe = kit.createTestProbe();
        ledger.tell(new Ask(probe.getRef()));
        return probe.receiveMessage(LONG);
    }

    @Test
    void refusesTrajectoriesOfWeightsThatWereNeverPublished() throws Exception {
        CompletableFuture<RunReport> run = start(1, 2);
        scorers();
        Rollout liar = join("liar", 2);
        liar.claims = "00ff";
        join("a", 4);
        RunReport report = run.get(60, TimeUnit.SECONDS);
        assertThat(report.ledger().trained()).isEqualTo(12);
        assertThat(batches)
                .allSatisfy(b -> assertThat(b)
                        .allSatisfy(t -> assertThat(t.trajectory().node()).isEqualTo("a")));
    }

    @Test
    void stoppingEndsWithACheckpointAtAVersionsBoundary() throws Exception {
        CompletableFuture<RunReport> run = start(1, 1000);
        scorers();
        join("a", 4);
        TestProbe<Object> probe = kit.createTestProbe();
        probe.awaitAssert(LONG, () -> {
            assertThat(reports).hasSizeGreaterThan(2);
            return null;
        });
        learner.tell(new LearnerActor.Stop());
        RunReport report = run.get(60, TimeUnit.SECONDS);
        assertThat(report.status()).isEqualTo("interrupted");
        assertThat(checkpoints).containsExactly(report.steps());
        assertThat(report.ledger().trained()).isEqualTo(report.steps() * BATCH);
    }

    @Test
    void experienceThatNeverComesEndsTheRunWithWhatItWaitsFor() {
        waitDeadline = Duration.ofSeconds(2);
        neverEnds = id -> true;
        CompletableFuture<RunReport> run = start(1, 4);
        scorers();
        join("a", 4);
        assertThatThrownBy(() -> run.get(60, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("step 1 has waited 2 s for experience from rollouts [a]")
                .hasMessageContaining("0/0 at a");
    }

    @Test
    void skippedUpdatesEndTheRunWithTheirReason() {
        skip = Optional.of("policy gradient of lm_head is NaN");
        CompletableFuture<RunReport> run = start(1, 4);
        scorers();
        join("a", 4);
        assertThatThrownBy(() -> run.get(60, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("3 updates in a row")
                .hasMessageContaining("lm_head is NaN");
    }
}
