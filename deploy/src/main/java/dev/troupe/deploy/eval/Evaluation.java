package dev.troupe.deploy.eval;

import dev.troupe.data.DataException;
import dev.troupe.data.rewards.Answer;
import dev.troupe.data.rewards.RuleReward;
import dev.troupe.data.sources.Prompt;
import dev.troupe.data.stories.StoryGrammar;
import dev.troupe.deploy.report.ClusteredMean;
import dev.troupe.deploy.report.EvaluationReport;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.Decoder;
import dev.troupe.model.ModelForm;
import dev.troupe.model.TensorThread;
import dev.troupe.model.TokenRow;
import dev.troupe.model.Tokenizer;
import dev.troupe.proto.TensorSet;
import dev.troupe.rollout.Completion;
import dev.troupe.rollout.EndOfText;
import dev.troupe.rollout.SampleRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Lets a policy complete the evaluation's prompts, with the same noise every time, and measures what it wrote.
 * Completions
 * depend on weights, prompts and seed alone: the same weights give the same figures.
 */
public final class Evaluation {
    private static final int ROWS = 64;

    private final ModelForm form;
    private final Callable<Decoder> reference;
    private final @Nullable Callable<Decoder> teacher;
    private final Tokenizer tokenizer;
    private final Judge.@Nullable Opener reward;
    private final RuleReward gold;
    private final EvaluationPlan plan;
    private final TensorThread thread;

    /**
     * @param form what the policies' sets are
     * @param reference makes, on the thread, what the KL is measured to; closed after use
     * @param teacher makes the teacher of a distillation in the same way; null without one
     * @param tokenizer of policy and reward model
     * @param reward scores completions; null for none, and its row is left out of the table
     * @param gold judges besides the reward
     * @param thread does the tensor work
     */
    public Evaluation(
            ModelForm form,
            Callable<Decoder> reference,
            @Nullable Callable<Decoder> teacher,
            Tokenizer tokenizer,
            Judge.@Nullable Opener reward,
            RuleReward gold,
            EvaluationPlan plan,
            TensorThread thread) {
        this.form = form;
        this.reference = reference;
        this.teacher = teacher;
        this.tokenizer = tokenizer;
        this.reward = reward;
        this.gold = gold;
        this.plan = plan;
        this.thread = thread;
    }

    /** Measures a policy, a set of the form; blocks until done. */
    public EvaluationReport of(TensorSet policy) {
        List<SampleRequest> requests = requests();
        EndOfText end = new EndOfText(form.config().eosIds(), plan.stop(), tokenizer);
        List<Completion> drawn =
                thread.call(() -> Sampler.complete(form, policy, requests, plan.sampling(), end, plan.slots()));
        List<Measured> all = drawn.stream().map(c -> Measured.of(tokenizer, c)).toList();
        List<TokenRow> rows = all.stream().map(Measured::row).toList();
        List<Answer> answers = all.stream()
                .map(m -> new Answer(plan.prompts().get(m.prompt()).text(), m.text()))
                .toList();
        List<Verdict> verdicts = verdicts(all);
        return new EvaluationReport(
                rewards(all, verdicts),
                parts(verdicts),
                Arrays.stream(gold.score(answers)).average().orElse(Double.NaN),
                kl(rows, policy, reference),
                teacher == null ? null : (Double) kl(rows, policy, teacher),
                mean(all, m -> m.row().completionLength()),
                all.stream().map(Measured::text).distinct().count() / (double) all.size(),
                plan.grammar() ? mean(all, Evaluation::accepted) : null,
                plan.prompts().stream().map(Prompt::text).toList(),
                byPrompt(all));
    }

    private List<SampleRequest> requests() {
        List<SampleRequest> requests = new ArrayList<>();
        for (int p = 0; p < plan.prompts().size(); p++) {
            int[] ids = PromptTokens.of(plan.prompts().get(p), tokenizer);
            requireRoom(plan.prompts().get(p), ids.length);
            for (int s = 0; s < plan.samples(); s++) {
                requests.add(SampleRequest.of(new TrajectoryId(p, s), plan.seed(), ids, plan.maxNewTokens()));
            }
        }
        return requests;
    }

    private void requireRoom(Prompt prompt, int tokens) {
        int room = form.config().maxPositions() - plan.maxNewTokens();
        if (tokens == 0 || tokens > room) {
            throw new DataException(prompt.where() + ": the prompt has " + tokens + " tokens; expected 1 to " + room
                    + ", which with " + plan.maxNewTokens() + " new ones makes the "
                    + form.config().maxPositions() + " of the model");
        }
    }

    /** One a completion; none when nothing judges. */
    private List<Verdict> verdicts(List<Measured> all) {
        if (reward == null) {
            return List.of();
        }
        List<TokenRow> rows = all.stream().map(Measured::row).toList();
        List<TrajectoryId> ids = all.stream().map(Measured::id).toList();
        try (Judge judge = reward.open(prompt -> plan.prompts().get((int) prompt))) {
            return judge.of(rows, ids);
        }
    }

    /** Null when nothing judges, or it can judge none. */
    private @Nullable ClusteredMean rewards(List<Measured> all, List<Verdict> verdicts) {
        if (verdicts.stream().noneMatch(Verdict::scored)) {
            return null;
        }
        return new ClusteredMean(IntStream.range(0, plan.prompts().size())
                .mapToObj(p -> IntStream.range(0, verdicts.size())
                        .filter(i -> all.get(i).prompt() == p)
                        .mapToObj(i -> verdicts.get(i).reward())
                        .toList())
                .toList());
    }

    private static Map<String, Double> parts(List<Verdict> verdicts) {
        Map<String, Double> means = verdicts.stream()
                .flatMap(v -> v.rewards().entrySet().stream())
                .collect(Collectors.groupingBy(
                        Map.Entry::getKey, TreeMap::new, Collectors.averagingDouble(Map.Entry::getValue)));
        return means.size() > 1 ? means : Map.of();
    }

    private double kl(List<TokenRow> rows, TensorSet policy, Callable<Decoder> other) {
        return thread.call(() -> logRatio(rows, policy, other));
    }

    /** Both by the same scoring pass, so that equal weights give exactly 0. */
    private double logRatio(List<TokenRow> rows, TensorSet policy, Callable<Decoder> other) throws Exception {
        List<float[]> ours;
        try (Decoder decoder = form.decoder(policy, false)) {
            ours = decoder.logprobs(rows, 1.0, ROWS);
        }
        List<float[]> theirs;
        try (Decoder decoder = other.call()) {
            theirs = decoder.logprobs(rows, 1.0, ROWS);
        }
        double sum = 0;
        for (int i = 0; i < rows.size(); i++) {
            for (int t = 0; t < ours.get(i).length; t++) {
                sum += ours.get(i)[t] - theirs.get(i)[t];
            }
        }
        return sum / rows.size();
    }

    /** One cut by length counts if the grammar can go on from there. */
    private static double accepted(Measured m) {
        return StoryGrammar.stories().accepts(m.whole(), !m.ended()) ? 1 : 0;
    }

    private List<List<String>> byPrompt(List<Measured> all) {
        List<List<String>> byPrompt = new ArrayList<>();
        for (int p = 0; p < plan.prompts().size(); p++) {
            int number = p;
            byPrompt.add(all.stream()
                    .filter(m -> m.prompt() == number)
                    .map(Measured::text)
                    .toList());
        }
        return byPrompt;
    }

    private static double mean(List<Measured> all, ToDoubleFunction<Measured> of) {
        return all.stream().mapToDouble(of).average().orElse(Double.NaN);
    }
}
