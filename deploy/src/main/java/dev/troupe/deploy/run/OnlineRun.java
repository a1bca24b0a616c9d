package dev.troupe.deploy.run;

import com.typesafe.config.Config;
import dev.troupe.cluster.protocol.RunCommand.RunDescription;
import dev.troupe.data.DataSettings;
import dev.troupe.data.rewards.RuleRewards;
import dev.troupe.deploy.eval.Evaluation;
import dev.troupe.deploy.eval.EvaluationPlan;
import dev.troupe.deploy.report.EvaluationReport;
import dev.troupe.deploy.report.EvaluationTable;
import dev.troupe.deploy.report.PeakMemory;
import dev.troupe.deploy.report.Summary;
import dev.troupe.deploy.settings.Settings;
import dev.troupe.learner.ledger.LedgerActor;
import dev.troupe.learner.ledger.LedgerSnapshot;
import dev.troupe.learner.run.LearnerNode;
import dev.troupe.learner.run.LearnerPlan;
import dev.troupe.learner.run.LedgerJson;
import dev.troupe.learner.run.OnlineTraining;
import dev.troupe.learner.run.RunReport;
import dev.troupe.model.ModelSettings;
import dev.troupe.model.TensorThread;
import dev.troupe.model.Tokenizer;
import dev.troupe.reward.RewardSettings;
import dev.troupe.train.TrainSettings;
import dev.troupe.train.checkpoint.Checkpoint;
import dev.troupe.train.checkpoint.CheckpointStore;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The learner's side of an online run, from the first evaluation to the summary; in one JVM the other roles too.
 */
final class OnlineRun {
    private static final Logger LOG = LoggerFactory.getLogger(OnlineRun.class);

    private final Settings settings;
    private final Config config;
    private final RunNode node;
    private final @Nullable Checkpoint seen;
    private final PrintStream out;
    private final long startNanos = System.nanoTime();

    /**
     * The lock of the run's folder must be held.
     *
     * @param seen the folder's last checkpoint, verified, to go on from; null for a new run
     */
    OnlineRun(Settings settings, RunNode node, @Nullable Checkpoint seen, PrintStream out) {
        this.settings = settings;
        this.config = settings.config();
        this.node = node;
        this.seen = seen;
        this.out = out;
    }

    /** Runs until done, failed or interrupted; the exit code. */
    int run() {
        Interrupts.endWith(
                seen == null
                        ? "interrupted before the first step: run "
                                + node.folder().name() + " has no checkpoint to go on from"
                        : "interrupted before the first step: --resume goes on from the same checkpoint");
        RunModels models = new RunModels(config);
        CheckpointStore store = new CheckpointStore(
                node.folder().checkpoints(), TrainSettings.from(config).checkpointKeep());
        Checkpoint resumed = seen == null ? null : last(store, seen);
        announceRun();
        try (RunForms forms = new RunForms(config, models)) {
            return evaluated(models, forms, store, resumed);
        }
    }

    private int evaluated(RunModels models, RunForms forms, CheckpointStore store, @Nullable Checkpoint resumed) {
        RunForms.Start policy = forms.policy();
        RunForms.Start value = Learning.needs(config).value() ? forms.value() : null;
        out.println("policy: " + policy.trainable());
        if (value != null) {
            out.println("value: " + value.trainable());
        }
        try (Tokenizer tokenizer =
                        policy.folder().tokenizer(ModelSettings.from(config).chat());
                TensorThread judging =
                        TensorThread.start("evaluation", Runtime.getRuntime().availableProcessors())) {
            sayDataNotes(forms, tokenizer);
            EvaluationPlan plan = EvaluationPlan.from(config);
            Evaluation evaluation = evaluation(models, forms, policy, tokenizer, plan, judging);
            out.printf(
                    "run %s: evaluating %d prompts x %d before training (as many after it)%n",
                    node.folder().name(), plan.prompts().size(), plan.samples());
            long begun = System.nanoTime();
            EvaluationReport before = evaluation.of(policy.tensors());
            out.printf("evaluated in %.0f s%n", (System.nanoTime() - begun) / 1e9);
            RunReport report = train(models, forms, policy, value, tokenizer, store, resumed);
            announceLastEvaluation();
            EvaluationReport after = evaluation.of(report.weights().policy());
            EvaluationTable table = new EvaluationTable(before, after);
            out.println();
            out.println(table.text());
            node.folder().write("evaluation.md", table.markdown());
            summary(report, before, after).write(node.folder());
            out.println("summary: " + node.folder().summary());
            return report.status().equals("done") ? 0 : Interrupts.EXIT_CODE;
        }
    }

    private void sayDataNotes(RunForms forms, Tokenizer tokenizer) {
        DataSettings data = DataSettings.from(config);
        Set<String> read =
                RunReward.of(RewardSettings.from(config), data, forms).columns();
        if (read != null && Learning.needs(config).teacher() != null) {
            read.add("completion");
        }
        DataNotes.ofPrompts(List.of(data.prompts(), data.evalPrompts()), read, tokenizer)
                .forEach(note -> LOG.warn("{}", note));
    }

    /** To whoever has asked for an end, or asks from now on: what is left takes as long as the first evaluation did. */
    private void announceLastEvaluation() {
        Runnable word = () -> out.println(
                "training has ended, its checkpoint is written; evaluating it. Ctrl-C again ends without that");
        if (Interrupts.interrupted()) {
            word.run();
        } else {
            Interrupts.handle(word);
        }
    }

    /** The one seen, unless another learner has gone on from it before this one took the lock. */
    private static Checkpoint last(CheckpointStore store, Checkpoint seen) {
        return store.latest()
                .filter(latest -> !latest.equals(seen.folder()))
                .map(CheckpointStore::open)
                .orElse(seen);
    }

    private Evaluation evaluation(
            RunModels models,
            RunForms forms,
            RunForms.Start policy,
            Tokenizer tokenizer,
            EvaluationPlan plan,
            TensorThread thread) {
        DataSettings data = DataSettings.from(config);
        RunReward reward = RunReward.of(RewardSettings.from(config), data, forms);
        return new Evaluation(
                policy.form(),
                forms.reference(),
                Learning.needs(config).teacher() == null ? null : forms.whole(models.teacher()),
                tokenizer,
                reward.judge("evaluation-reward", config.getDuration("scoring.deadline")),
                RuleRewards.sentiment(data),
                plan,
                thread);
    }

    private RunReport train(
            RunModels models,
            RunForms forms,
            RunForms.Start policy,
            RunForms.@Nullable Start value,
            Tokenizer tokenizer,
            CheckpointStore store,
            @Nullable Checkpoint resumed) {
        LearnerPlan plan = Learning.plan(config);
        LedgerSnapshot ledger = resumed == null ? null : LedgerJson.read(resumed.document("ledger.json"));
        List<Role> roles = new ArrayList<>();
        LedgerActor.Prompts prompts = Learning.prompts(config, models, tokenizer, out);
        Path words = RunTokenizer.of(node.folder(), policy.folder(), tokenizer);
        try (OnlineTraining training = Learning.training(config, policy, value, store, resumed, words);
                StepWriter steps = new StepWriter(
                        node.folder(),
                        tokenizer,
                        RuleRewards.sentiment(DataSettings.from(config)),
                        config.getInt("samples.every"),
                        ledger == null ? 0 : ledger.version(),
                        plan.steps(),
                        out)) {
            if (node.udpHost() == null) {
                roles.addAll(Roles.all(node, models, forms));
            }
            try (LearnerNode learner = LearnerNode.start(
                    node.cluster(),
                    node.aeron(),
                    node.station("learner"),
                    plan,
                    training,
                    policy.form(),
                    prompts,
                    steps,
                    ledger)) {
                Interrupts.handle(learner::stop);
                return awaitEnd(learner);
            }
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        } finally {
            roles.forEach(Role::close);
        }
    }

    private static RunReport awaitEnd(LearnerNode learner) {
        String status = "failed";
        try {
            RunReport report = learner.ended().join();
            status = report.status();
            return report;
        } finally {
            learner.announceEnd(status);
        }
    }

    /** From now on other nodes can ask what to load, and load it while this one is evaluating. */
    private void announceRun() {
        RunDescription description =
                new RunDescription(node.folder().name(), node.folder().path().toString(), settings.render());
        node.cluster().spawn(RunActor.create(description), "run");
        if (node.udpHost() != null) {
            out.printf(
                    "run %s; another rollout: troupe node rollout --join %s%n",
                    node.folder().name(), node.cluster().address());
            out.flush();
        }
    }

    private Summary summary(RunReport r, EvaluationReport before, EvaluationReport after) {
        double seconds = (System.nanoTime() - startNanos) / 1e9;
        return new Summary(
                r.status(),
                null,
                config.getString("algorithm"),
                r.steps(),
                seconds,
                r.tokensGenerated(),
                r.tokensTrained(),
                before.reward(),
                after.reward(),
                before.gold(),
                after.gold(),
                before.grammar(),
                after.grammar(),
                after.kl(),
                before.teacherKl(),
                after.teacherKl(),
                after.distinct(),
                after.length(),
                new Summary.Ledger(
                        r.ledger().issued(),
                        r.ledger().running(),
                        r.ledger().finished(),
                        r.ledger().trained(),
                        r.ledger().dropped()),
                new Summary.Staleness(r.stalenessMean(), r.stalenessMax()),
                new Summary.Parity(
                        r.parity().get("p95"),
                        r.parity().get("max"),
                        r.parity().get("outside"),
                        Math.round(r.parity().getOrDefault("mixed", 0.0))),
                r.overlap(),
                r.weights().policy().sha256(),
                PeakMemory.bytes());
    }
}
