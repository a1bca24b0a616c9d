package dev.troupe.learner.run;

import dev.troupe.learner.assembly.ScoringTimes;
import dev.troupe.learner.experience.HeldTrajectory;
import dev.troupe.learner.experience.PassClock;
import dev.troupe.learner.experience.ScoredTrajectory;
import dev.troupe.learner.ledger.GroupCounts;
import dev.troupe.learner.ledger.LedgerCounts;
import dev.troupe.learner.ledger.LedgerMessages;
import dev.troupe.learner.weights.PublishTimes;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Gathers the figures of each step and of the whole run. One thread (the learner actor's) writes. */
public final class StepMetrics {
    private final PassClock passes = new PassClock();
    private final ScoringTimes scoring;
    private final PublishTimes publishing;
    private final Supplier<Map<String, Long>> bytesByStream;
    private final int eta;
    private final Map<String, Long> bytesBefore = new LinkedHashMap<>();

    private long waitedNanos;
    private long stepWaitNanos;
    private long startNanos;
    private int steps;
    private long lateWaitNanos;
    private long lateStartNanos;
    private long tokens;
    private long sampledTokens;
    private long tokensWithin;
    private long trajectories;
    private double stalenessSum;
    private long stalenessMax;
    private double parityP95;
    private double parityMax;
    private double parityOutside;
    private long mixed;
    private GroupCounts groupsBefore;

    /**
     * @param bytesByStream total bytes by Aeron stream since the start
     * @param eta staleness bound: the first eta + 1 batches do not count in the share of waiting
     * @param groupsBefore of the run before this process
     */
    public StepMetrics(
            ScoringTimes scoring,
            PublishTimes publishing,
            Supplier<Map<String, Long>> bytesByStream,
            int eta,
            GroupCounts groupsBefore) {
        this.scoring = scoring;
        this.publishing = publishing;
        this.bytesByStream = bytesByStream;
        this.eta = eta;
        this.groupsBefore = groupsBefore;
    }

    PassClock passes() {
        return passes;
    }

    void waited(long nanos) {
        if (startNanos == 0) {
            startNanos = System.nanoTime() - nanos;
        }
        stepWaitNanos = nanos;
        waitedNanos += nanos;
        if (steps > eta) {
            lateWaitNanos += nanos;
        }
        if (steps == eta + 1) {
            lateStartNanos = System.nanoTime() - nanos;
        }
    }

    StepReport report(
            long step,
            long learnerVersion,
            List<ScoredTrajectory> batch,
            Training.Outcome outcome,
            Parity.Figures parity,
            LedgerMessages.State state) {
        steps++;
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("step", step);
        m.put("policy_version", step);
        m.putAll(outcome.metrics());
        m.put("episode", state.counts().trained());
        count(batch, learnerVersion, m);
        double train = (outcome.passToMicros() - outcome.passFromMicros()) / 1e6;
        m.put("time/generate", generateSeconds(batch));
        m.put("time/reference", scoring.take("reference"));
        m.put("time/reward", scoring.take("reward"));
        m.put("time/value", scoring.take("value"));
        m.put("time/teacher", scoring.take("teacher"));
        m.put("time/train", train);
        m.put("time/publish", publishing.take());
        m.put("time/wait", stepWaitNanos / 1e9);
        if (parity.tokens() > 0) {
            m.put("parity/p95", parity.p95());
            m.put("parity/max", parity.max());
            m.put("parity/outside", parity.outside());
            parityP95 = Math.max(parityP95, parity.p95());
            parityMax = Math.max(parityMax, parity.max());
            parityOutside = Math.max(parityOutside, parity.outside());
        }
        m.put("parity/mixed", parity.mixed());
        mixed += parity.mixed();
        LedgerCounts c = state.counts();
        m.put("ledger/issued", c.issued());
        m.put("ledger/running", c.running());
        m.put("ledger/finished", c.finished());
        m.put("ledger/trained", c.trained());
        m.put("ledger/dropped", c.dropped());
        m.put("ledger/refused", state.refused());
        state.groups().ifPresent(g -> {
            m.put("groups/filtered", g.filtered() - groupsBefore.filtered());
            m.put("groups/short", g.shortened() - groupsBefore.shortened());
            groupsBefore = g;
        });
        m.put("rollouts/live", state.rollouts().size());
        bytesByStream.get().forEach((stream, total) -> {
            m.put("bytes/" + stream, total - bytesBefore.getOrDefault(stream, 0L));
            bytesBefore.put(stream, total);
        });
        return new StepReport(step, m, batch);
    }

    private void count(List<ScoredTrajectory> batch, long learnerVersion, Map<String, Object> m) {
        long stepTokens = 0;
        long sampled = 0;
        double stale = 0;
        long stalest = 0;
        for (ScoredTrajectory t : batch) {
            HeldTrajectory held = t.trajectory();
            stepTokens += held.row().completionLength();
            if (!held.given()) {
                sampled += held.row().completionLength();
                tokensWithin += passes.within(held.sampledAtMicros());
            }
            long s = learnerVersion - held.firstVersion();
            stale += s;
            stalest = Math.max(stalest, s);
        }
        tokens += stepTokens;
        sampledTokens += sampled;
        trajectories += batch.size();
        stalenessSum += stale;
        stalenessMax = Math.max(stalenessMax, stalest);
        m.put("tokens/generated", sampled);
        m.put("tokens/trained", stepTokens);
        m.put("staleness/mean", stale / batch.size());
        m.put("staleness/max", stalest);
    }

    private static double generateSeconds(List<ScoredTrajectory> batch) {
        long[] all = batch.stream()
                .flatMapToLong(t -> Arrays.stream(t.trajectory().sampledAtMicros()))
                .toArray();
        return (Arrays.stream(all).max().orElse(0) - Arrays.stream(all).min().orElse(0)) / 1e6;
    }

    RunReport run(String status, long step, LedgerMessages.State state, PolicyWeights weights) {
        double late = lateStartNanos == 0 ? 0 : (System.nanoTime() - lateStartNanos);
        return new RunReport(
                status,
                step,
                tokens,
                sampledTokens,
                state.counts(),
                trajectories == 0 ? 0 : stalenessSum / trajectories,
                stalenessMax,
                sampledTokens == 0 ? 0 : tokensWithin / (double) sampledTokens,
                late == 0 ? 0 : lateWaitNanos / late,
                Map.of("p95", parityP95, "max", parityMax, "outside", parityOutside, "mixed", (double) mixed),
                weights);
    }
}
