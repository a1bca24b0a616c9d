package dev.troupe.deploy.run;

import dev.troupe.data.rewards.Answer;
import dev.troupe.data.rewards.RuleReward;
import dev.troupe.deploy.report.MetricsWriter;
import dev.troupe.deploy.report.ProgressLine;
import dev.troupe.deploy.report.RunFolder;
import dev.troupe.deploy.report.SamplesWriter;
import dev.troupe.deploy.report.TrainedWriter;
import dev.troupe.learner.experience.ScoredTrajectory;
import dev.troupe.learner.run.RunObserver;
import dev.troupe.learner.run.StepReport;
import dev.troupe.model.Tokenizer;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes what each step leaves behind: metrics, ids, samples, and a line for whoever watches. */
final class StepWriter implements RunObserver, AutoCloseable {
    private static final int SAMPLES_A_STEP = 4;

    private final Tokenizer tokenizer;
    private final RuleReward gold;
    private final int samplesEvery;
    private final MetricsWriter metrics;
    private final TrainedWriter trained;
    private final SamplesWriter samples;
    private final ProgressLine progress;
    private final PrintStream out;

    /**
     * @param gold judges beside the reward, for the metrics only
     * @param samplesEvery steps between samples; 0 for none
     * @param lastStep done before this process
     */
    StepWriter(
            RunFolder folder,
            Tokenizer tokenizer,
            RuleReward gold,
            int samplesEvery,
            long lastStep,
            long steps,
            PrintStream out) {
        this.tokenizer = tokenizer;
        this.gold = gold;
        this.samplesEvery = samplesEvery;
        this.metrics = new MetricsWriter(folder, lastStep);
        this.trained = new TrainedWriter(folder, lastStep);
        this.samples = new SamplesWriter(folder, lastStep);
        this.progress = new ProgressLine(lastStep, steps, System.nanoTime());
        this.out = out;
    }

    @Override
    public void onStep(StepReport report) {
        List<Answer> answers = report.batch().stream().map(this::answer).toList();
        double[] judged = gold.score(answers);
        Map<String, Object> line = new LinkedHashMap<>(report.metrics());
        line.putAll(RewardMetrics.of(report.batch()));
        line.put("gold/" + gold.name(), Arrays.stream(judged).average().orElse(Double.NaN));
        trained.write(
                report.step(),
                report.batch().stream().map(t -> t.trajectory().id()).toList());
        metrics.write(line);
        if (samplesEvery > 0 && report.step() % samplesEvery == 0) {
            for (int i = 0; i < Math.min(SAMPLES_A_STEP, answers.size()); i++) {
                samples.write(sample(report.step(), report.batch().get(i), answers.get(i), judged[i]));
            }
        }
        out.println(progress.line(line, System.nanoTime()));
        out.flush();
    }

    private Answer answer(ScoredTrajectory t) {
        int[] ids = t.trajectory().row().ids();
        int prompt = t.trajectory().row().promptLength();
        return new Answer(
                tokenizer.decode(Arrays.copyOf(ids, prompt)),
                tokenizer.decode(t.trajectory().row().completion()));
    }

    private SamplesWriter.Sample sample(long step, ScoredTrajectory t, Answer answer, double judged) {
        float[] ours = t.trajectory().behaviourLogprobs();
        float[] theirs = t.scores().reference();
        Double kl = theirs.length == 0 || t.trajectory().given() ? null : 0.0;
        for (int i = 0; kl != null && i < ours.length; i++) {
            kl += ours[i] - theirs[i];
        }
        Map<String, Double> rewards = new LinkedHashMap<>();
        rewards.put("reward", (double) t.scores().reward());
        t.scores().rewards().forEach((name, score) -> rewards.put(name, (double) score));
        rewards.put("gold/" + gold.name(), judged);
        return new SamplesWriter.Sample(
                step,
                answer.prompt(),
                answer.completion(),
                rewards,
                kl,
                t.trajectory().firstVersion());
    }

    @Override
    public void close() {
        metrics.close();
        trained.close();
        samples.close();
    }
}
