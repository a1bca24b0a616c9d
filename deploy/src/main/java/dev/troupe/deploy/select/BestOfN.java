package dev.troupe.deploy.select;

import dev.troupe.data.sources.Prompt;
import dev.troupe.deploy.eval.Judge;
import dev.troupe.deploy.eval.Measured;
import dev.troupe.deploy.eval.Verdict;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.DecodeEngine;
import dev.troupe.model.ModelForm;
import dev.troupe.model.TensorThread;
import dev.troupe.model.Tokenizer;
import dev.troupe.proto.TensorSet;
import dev.troupe.reward.RewardException;
import dev.troupe.rollout.Completion;
import dev.troupe.rollout.ContinuousBatcher;
import dev.troupe.rollout.EndOfText;
import dev.troupe.rollout.RolloutSettings;
import dev.troupe.rollout.SampleRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import java.util.stream.DoubleStream;

/**
 * Samples several completions of each prompt, has them judged and keeps the chosen ones. A completion depends on
 * weights, prompt, seed and its number alone, so that an interrupted data set continued is the one made in one go.
 */
public final class BestOfN {
    /** Rows side by side in the engine. */
    private static final int SLOTS = 64;
    /** As in a run: so many completions in a row without a reward, and it is not the completions. */
    private static final int MOST_UNSCORED = 32;

    private final Plan plan;
    private final Tokenizer tokenizer;
    private final Judge judge;
    private final Choice choice;
    private final TensorThread thread;
    private int unscoredInARow;

    /**
     * What is drawn.
     *
     * @param prompts in order
     * @param ids token ids of a prompt, by its draw number
     * @param samples completions of each
     */
    public record Plan(List<Prompt> prompts, LongFunction<int[]> ids, int samples, long seed, RolloutSettings rollout) {
        /** Prompts whose completions are sampled and judged at once. */
        public int together() {
            return Math.max(1, SLOTS / samples);
        }
    }

    /** Hears how far it is. */
    @FunctionalInterface
    public interface Progress {
        /**
         * @param here prompts done by this process
         * @param all prompts that there are
         */
        void at(Totals totals, int here, int all);
    }

    /**
     * @param tokenizer of the policy
     * @param judge of the plan's prompts, by their draw numbers
     * @param thread does the tensor work
     */
    public BestOfN(Plan plan, Tokenizer tokenizer, Judge judge, Choice choice, TensorThread thread) {
        this.plan = plan;
        this.tokenizer = tokenizer;
        this.judge = judge;
        this.choice = choice;
        this.thread = thread;
    }

    /**
     * Makes what the file lacks, and finishes it.
     *
     * @param policy a set of the form
     * @throws RewardException when many completions in a row get no reward, with the last reason
     */
    public Totals run(ModelForm form, TensorSet policy, DataSetFile file, Progress progress) {
        int before = file.totals().prompts();
        List<Prompt> left = plan.prompts().subList(before, plan.prompts().size());
        if (!left.isEmpty()) {
            ContinuousBatcher batcher = thread.call(() -> batcher(form, policy));
            try {
                int together = plan.together();
                for (int from = 0; from < left.size(); from += together) {
                    judged(left.subList(from, Math.min(left.size(), from + together)), batcher, file);
                    Totals now = file.totals();
                    progress.at(now, now.prompts() - before, plan.prompts().size());
                }
            } finally {
                thread.run(batcher::close);
            }
        }
        file.finish();
        return file.totals();
    }

    private ContinuousBatcher batcher(ModelForm form, TensorSet policy) {
        int longest = plan.prompts().stream()
                .mapToInt(p -> plan.ids().apply(p.draw()).length)
                .max()
                .orElseThrow();
        RolloutSettings rollout = plan.rollout();
        DecodeEngine engine = form.engine(policy, SLOTS, longest + rollout.maxNewTokens(), rollout.sampling());
        EndOfText end = new EndOfText(form.config().eosIds(), rollout.stop(), tokenizer);
        return new ContinuousBatcher(engine, end, 0);
    }

    private void judged(List<Prompt> prompts, ContinuousBatcher batcher, DataSetFile file) {
        List<SampleRequest> requests = new ArrayList<>();
        for (Prompt prompt : prompts) {
            int[] ids = plan.ids().apply(prompt.draw());
            for (int s = 0; s < plan.samples(); s++) {
                TrajectoryId id = new TrajectoryId(prompt.draw(), s);
                requests.add(
                        SampleRequest.of(id, plan.seed(), ids, plan.rollout().maxNewTokens()));
            }
        }
        List<Completion> drawn = thread.call(() -> batcher.runAll(requests));
        List<Measured> completions =
                drawn.stream().map(c -> Measured.of(tokenizer, c)).toList();
        List<Verdict> verdicts = judge.of(
                completions.stream().map(Measured::row).toList(),
                completions.stream().map(Measured::id).toList());
        verdicts.forEach(this::count);
        for (int p = 0; p < prompts.size(); p++) {
            int from = p * plan.samples();
            List<Scored> scored = new ArrayList<>();
            for (int s = from; s < from + plan.samples(); s++) {
                if (verdicts.get(s).scored()) {
                    scored.add(new Scored(completions.get(s).text(), verdicts.get(s)));
                }
            }
            file.add(line(prompts.get(p), scored));
        }
    }

    private DataSetFile.Line line(Prompt prompt, List<Scored> scored) {
        int unscored = plan.samples() - scored.size();
        if (scored.isEmpty()) {
            return new DataSetFile.Line(List.of(), null, null, unscored);
        }
        DoubleStream rewards = scored.stream().mapToDouble(Scored::reward);
        var all = rewards.summaryStatistics();
        return new DataSetFile.Line(choice.rows(prompt, scored), all.getAverage(), all.getMax(), unscored);
    }

    private void count(Verdict verdict) {
        unscoredInARow = verdict.scored() ? 0 : unscoredInARow + 1;
        if (unscoredInARow >= MOST_UNSCORED) {
            throw new RewardException(
                    unscoredInARow + " completions in a row got no reward; the last one: " + verdict.failure());
        }
    }
}
