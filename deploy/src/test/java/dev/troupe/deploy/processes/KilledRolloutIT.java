package dev.troupe.deploy.processes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.deploy.processes.Traces.Journal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run whose only rollout is killed with -9, five times at seeded moments, each time while it runs rows and holds a
 * finished trajectory that the ledger has not acknowledged; each time a new rollout joins the run under way. Run by run
 * that would be the same five moments at five times the cost.
 */
class KilledRolloutIT {
    private static final int STEPS = 26;
    private static final int BATCH = 16;
    private static final List<Long> SEEDS = List.of(11L, 12L, 13L, 14L, 15L);
    /** Latest finished trajectory after which a rollout is killed. */
    private static final int LATEST = 24;
    /** Well below the silence after which the others would take the learner for dead. */
    private static final Duration STOPPED = Duration.ofSeconds(1);

    @TempDir
    private Path folder;

    @Test
    void nothingAcknowledgedIsLostAndNothingIsTrainedTwice() {
        try (Troupes troupes = new Troupes(folder)) {
            Troupes.Started launcher = troupes.start("launcher", launch());
            String address = launcher.says("--join (\\S+:\\d+)").group(1);
            ProcessHandle learner = launcher.node("learner");
            Traces traces = new Traces(folder.resolve("runs/killed"));

            ProcessHandle victim = launcher.node("rollout-1");
            String name = "rollout-1";
            List<String> killed = new ArrayList<>();
            for (long seed : SEEDS) {
                kill(name, victim, learner, traces, new Random(seed), launcher);
                killed.add(name);
                name = "after-" + seed;
                List<String> node = new ArrayList<>(List.of("node", "rollout", "--join", address, "--name", name));
                if (seed % 2 == 0) {
                    node.add("cluster.host=127.0.0.2");
                }
                victim = troupes.start(name, node).process().toHandle();
            }

            assertThat(launcher.code()).as(launcher.text()).isZero();
            killed.forEach(node -> assertHeldSomething(node, traces));
            assertAllAccounted(traces);
            // Newcomers of both addresses delivered; one that was killed early may have had nothing acknowledged.
            Set<String> trained = new HashSet<>(traces.trained());
            for (int odd : new int[] {0, 1}) {
                assertThat(SEEDS.stream()
                                .filter(seed -> seed % 2 == odd)
                                .flatMap(seed -> traces.journal("after-" + seed).acked().stream())
                                .map(Traces::idOf))
                        .as("acknowledged of newcomers on 127.0.0." + (2 - odd))
                        .anyMatch(trained::contains);
            }
        }
    }

    private static List<String> launch() {
        List<String> arguments = new ArrayList<>(List.of("run", "--processes", "--name", "killed"));
        arguments.addAll(Shrunken.RUN);
        arguments.addAll(List.of("rollout.replicas=1", "steps=" + STEPS));
        return arguments;
    }

    /**
     * Kills after the n-th finished trajectory, n drawn: stops the learner, so that it acknowledges nothing, waits for
     * the rollout to finish one more, and kills.
     */
    private static void kill(
            String name,
            ProcessHandle victim,
            ProcessHandle learner,
            Traces traces,
            Random random,
            Troupes.Started run) {
        int moment = 1 + random.nextInt(LATEST);
        boolean killed = false;
        while (!killed) {
            int least = moment;
            Await.until(
                    name + " to finish " + least + " trajectories",
                    () -> run.text() + traces.log(),
                    () -> traces.journal(name).finished().size() >= least);
            Troupes.signal(learner, "STOP");
            try {
                int before = traces.journal(name).finished().size();
                killed = Await.within(STOPPED, () -> {
                    Journal journal = traces.journal(name);
                    return journal.finished().size() > before
                            && !journal.acked().contains(journal.finished().get(before));
                });
                if (killed) {
                    victim.destroyForcibly();
                    Await.until(name + " to die", run::text, () -> !victim.isAlive());
                }
                // Else it held no row at that moment; the learner gives it new ones, and the next moment counts.
                moment = before + 1;
            } finally {
                Troupes.signal(learner, "CONT");
            }
        }
    }

    private static void assertHeldSomething(String node, Traces traces) {
        int unacked = traces.journal(node).unacked().size();
        assertThat(unacked).as("finished and not acknowledged at " + node).isPositive();
        Matcher again = Pattern.compile("rollout " + node + " is gone; (\\d+) leases are issued again")
                .matcher(traces.log());
        assertThat(again.find()).as("leases of " + node + " were issued again").isTrue();
        // More than those that had finished: rows were running.
        assertThat(Integer.parseInt(again.group(1)))
                .as("leases that " + node + " held")
                .isGreaterThan(unacked);
    }

    private static void assertAllAccounted(Traces traces) {
        List<String> trained = traces.trained();
        assertThat(trained).doesNotHaveDuplicates().hasSize(STEPS * BATCH);
        assertThat(trained).containsAll(traces.everAcked());
        // A ledger that lost what it had acknowledged would have had it sampled again, under the next attempt.
        assertThat(traces.sampledAfterAcked()).isEmpty();
        JsonNode ledger = traces.summary().get("ledger");
        assertThat(traces.summary().get("status").asText()).isEqualTo("done");
        assertThat(ledger.get("trained").asLong()).isEqualTo(STEPS * BATCH);
        assertThat(ledger.get("issued").asLong())
                .isEqualTo(ledger.get("trained").asLong()
                        + ledger.get("dropped").asLong()
                        + ledger.get("running").asLong()
                        + ledger.get("finished").asLong());
    }
}
