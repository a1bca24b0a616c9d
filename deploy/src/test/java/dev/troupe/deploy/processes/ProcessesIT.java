package dev.troupe.deploy.processes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.deploy.processes.Traces.Journal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The life of a run in separate processes: guests, refusals, a drain, a dead scorer, Ctrl-C, and on to its end. */
class ProcessesIT {
    private static final int BATCH = 16;
    private static final int ON_RESUMING = 3;

    @TempDir
    private Path folder;

    @Test
    void aRunInProcessesFromStartToEnd() {
        try (Troupes troupes = new Troupes(folder)) {
            List<String> arguments = new ArrayList<>(List.of("run", "--processes", "--name", "life"));
            arguments.addAll(Shrunken.RUN);
            // No end but the one it is given.
            arguments.addAll(List.of("rollout.replicas=2", "steps=1000000"));
            Troupes.Started launcher = troupes.startYielding("launcher", arguments);
            String address = launcher.says("--join (\\S+:\\d+)").group(1);
            Traces traces = new Traces(folder.resolve("runs/life"));
            goesOn(launcher, traces);

            Troupes.Started second =
                    troupes.start("second", List.of("node", "learner", "--run", "runs/life", "--join", address));
            Troupes.Started guest = troupes.start(
                    "guest",
                    List.of("node", "rollout", "--join", address, "--name", "guest", "cluster.host=127.0.0.2"));
            assertThat(second.code()).as(second.text()).isEqualTo(2);
            assertThat(second.text()).contains("troupe: ").contains("has a learner already");
            goesOn(launcher, traces);

            deliversAndDrains(guest, launcher, traces);
            aDeadScorerIsReplaced(troupes, launcher, address, traces);

            Troupes.interrupt(launcher);
            assertThat(launcher.code()).as(launcher.text()).isEqualTo(130);
            long version = assertInterrupted(traces);

            Troupes.Started resumed = troupes.start(
                    "resumed", List.of("run", "--processes", "--resume", "life", "steps=" + (version + ON_RESUMING)));
            assertThat(resumed.code()).as(resumed.text()).isZero();
            assertDone(traces, version + ON_RESUMING);
            assertThat(resumed.text()).doesNotContain("is gone").doesNotContain(" WARN ");
        }
    }

    private static void goesOn(Troupes.Started launcher, Traces traces) {
        // Beyond what was under way when this was asked: eta + 1 batches.
        long from = traces.version();
        Await.until(
                "the run to go on from step " + from,
                () -> launcher.text() + traces.log(),
                () -> traces.version() >= from + 4 || !launcher.process().isAlive());
        assertThat(launcher.process().isAlive()).as(launcher.text()).isTrue();
    }

    private static void deliversAndDrains(Troupes.Started guest, Troupes.Started launcher, Traces traces) {
        Await.until("the guest's trajectories to be trained", () -> guest.text() + traces.log(), () -> {
            Set<String> trained = new HashSet<>(traces.trained());
            return traces.journal("guest").acked().stream().map(Traces::idOf).anyMatch(trained::contains);
        });
        Troupes.signal(guest.process().toHandle(), "TERM");
        assertThat(guest.code()).as(guest.text()).isZero();
        Journal journal = traces.journal("guest");
        assertThat(journal.acked()).containsExactlyInAnyOrderElementsOf(journal.finished());
        goesOn(launcher, traces);
        // Whatever it had is trained, or is on its way through the ledger; what it gave back went to others.
        assertThat(traces.log()).contains("rollout guest is leaving").doesNotContain("rollout guest is gone; 1");
    }

    private static void aDeadScorerIsReplaced(
            Troupes troupes, Troupes.Started launcher, String address, Traces traces) {
        launcher.node("reward").destroyForcibly();
        assertThat(launcher.says("node reward ended with code \\d+.* --join (\\S+)")
                        .group(1))
                .isEqualTo(address);
        troupes.start("reward", List.of("node", "reward", "--join", address, "--name", "reward-again"));
        goesOn(launcher, traces);
    }

    private static long assertInterrupted(Traces traces) {
        JsonNode summary = traces.summary();
        assertThat(summary.get("status").asText()).isEqualTo("interrupted");
        long version = summary.get("steps").asLong();
        assertThat(traces.steps())
                .isEqualTo(LongStream.rangeClosed(1, version).boxed().toList());
        assertThat(traces.run().resolve("checkpoints/step-" + version + "/manifest.json"))
                .isRegularFile();

        JsonNode ledger = summary.get("ledger");
        List<String> trained = traces.trained();
        assertThat(trained).doesNotHaveDuplicates().hasSize((int) version * BATCH);
        assertThat(ledger.get("issued").asLong())
                .isEqualTo(trained.size()
                        + ledger.get("dropped").asLong()
                        + ledger.get("running").asLong()
                        + ledger.get("finished").asLong());
        Set<String> untrained = traces.everAcked();
        untrained.removeAll(trained);
        assertThat((long) untrained.size())
                .isLessThanOrEqualTo(ledger.get("finished").asLong()
                        + ledger.get("running").asLong()
                        + ledger.get("dropped").asLong());
        return version;
    }

    private static void assertDone(Traces traces, long steps) {
        JsonNode summary = traces.summary();
        assertThat(summary.get("status").asText()).isEqualTo("done");
        assertThat(traces.steps())
                .isEqualTo(LongStream.rangeClosed(1, steps).boxed().toList());
        List<String> trained = traces.trained();
        assertThat(trained).doesNotHaveDuplicates().hasSize((int) steps * BATCH);
        // All that was ever acknowledged, before the interruption too.
        assertThat(trained).containsAll(traces.everAcked());
        JsonNode ledger = summary.get("ledger");
        assertThat(ledger.get("issued").asLong()).isEqualTo(trained.size());
        assertThat(ledger.get("running").asLong()).isZero();
        assertThat(ledger.get("dropped").asLong()).isZero();
        assertThat(Files.exists(traces.run().resolve("evaluation.md"))).isTrue();
    }
}
