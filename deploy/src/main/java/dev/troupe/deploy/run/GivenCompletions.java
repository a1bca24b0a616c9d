package dev.troupe.deploy.run;

import com.typesafe.config.Config;
import dev.troupe.data.DataException;
import dev.troupe.data.DataSettings;
import dev.troupe.data.sources.CompletedPrompt;
import dev.troupe.data.sources.Source;
import dev.troupe.data.sources.Sources;
import dev.troupe.deploy.eval.PromptTokens;
import dev.troupe.deploy.eval.Sampler;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.learner.ledger.LedgerActor.Prompts;
import dev.troupe.model.CounterNoise;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.TensorThread;
import dev.troupe.model.Tokenizer;
import dev.troupe.model.WholeModel;
import dev.troupe.rollout.Completion;
import dev.troupe.rollout.EndOfText;
import dev.troupe.rollout.RolloutSettings;
import dev.troupe.rollout.SampleRequest;
import dev.troupe.train.algorithm.Distillation;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;

/**
 * The prompts of a distillation, some of which come with a completion: which of them, the run's seed and the draw's
 * number say, so that a run can resume.
 */
final class GivenCompletions implements Prompts {
    /** Keeps these draws apart from the sampling noise. */
    private static final long STREAM = 0x67_6b_64L;

    private static final int NO_END = -1;
    private static final int ROWS_AT_ONCE = 256;

    private final Prompts prompts;
    private final double lmbda;
    private final long seed;
    private final LongFunction<Map<Integer, int[]>> completions;

    /** @param completions of a draw by sample; absent where there is none after all */
    private GivenCompletions(Prompts prompts, double lmbda, long seed, LongFunction<Map<Integer, int[]>> completions) {
        this.prompts = prompts;
        this.lmbda = lmbda;
        this.seed = seed;
        this.completions = completions;
    }

    /** Each prompt's completion as the data has it, with the end token that the policy would write. */
    static GivenCompletions ofData(
            Config config, Distillation asked, Prompts prompts, Tokenizer tokenizer, ModelConfig policy) {
        int endToken = policy.eosIds().stream().findFirst().orElse(NO_END);
        long seed = config.getLong("seed");
        Source<CompletedPrompt> source = Sources.completions(DataSettings.from(config), seed);
        return new GivenCompletions(
                prompts,
                asked.lmbda(),
                seed,
                n -> Map.of(0, ids(source.draw(n), prompts.draw(n), tokenizer, endToken)));
    }

    /** Tokens are cut from the whole text's where the prompt's begin it, and made apart where they do not. */
    private static int[] ids(CompletedPrompt row, int[] prompt, Tokenizer tokenizer, int endToken) {
        if (row.prompt().isDialogue()) {
            return answer(row, prompt, tokenizer, endToken);
        }
        String text = row.prompt().text();
        String completion = tokenizer.continuation(row.completion().text());
        int[] whole = tokenizer.encode(text + completion, true);
        boolean joined = whole.length >= prompt.length && Arrays.equals(Arrays.copyOf(whole, prompt.length), prompt);
        int[] rest =
                joined ? Arrays.copyOfRange(whole, prompt.length, whole.length) : tokenizer.encode(completion, false);
        return ended(rest, endToken);
    }

    /** What the chat template writes after the prompt, up to the end token, which it may follow with a line's end. */
    private static int[] answer(CompletedPrompt row, int[] prompt, Tokenizer tokenizer, int endToken) {
        int[] whole = PromptTokens.of(row.prompt(), row.completion(), tokenizer);
        if (whole.length <= prompt.length || !Arrays.equals(Arrays.copyOf(whole, prompt.length), prompt)) {
            throw new DataException(
                    "data.prompts = " + row.prompt().where()
                            + ": the chat template writes another prompt when its completion follows; expected the same tokens");
        }
        int end = whole.length;
        while (end > prompt.length && whole[end - 1] != endToken) {
            end--;
        }
        return end == prompt.length
                ? ended(Arrays.copyOfRange(whole, prompt.length, whole.length), endToken)
                : Arrays.copyOfRange(whole, prompt.length, end);
    }

    private static int[] ended(int[] rest, int endToken) {
        if (endToken == NO_END || rest.length > 0 && rest[rest.length - 1] == endToken) {
            return rest;
        }
        int[] ended = Arrays.copyOf(rest, rest.length + 1);
        ended[rest.length] = endToken;
        return ended;
    }

    /**
     * Each prompt's completions as the teacher writes them, all of the run's before it begins. Prompts that are drawn
     * beyond those, in the place of dropped ones, are the student's.
     */
    static GivenCompletions ofTeacher(
            Config config,
            Distillation asked,
            Prompts prompts,
            ModelFolder teacher,
            TensorThread thread,
            PrintStream out) {
        long seed = config.getLong("seed");
        int samples = config.getInt("num_generations");
        long draws = config.getLong("batch.prompts") * config.getLong("steps");
        RolloutSettings rollout = RolloutSettings.from(config);
        Map<Long, Map<Integer, int[]>> written = new HashMap<>();
        GivenCompletions given =
                new GivenCompletions(prompts, asked.lmbda(), seed, n -> written.getOrDefault(n, Map.of()));
        List<SampleRequest> requests = new ArrayList<>();
        for (long n = 0; n < draws; n++) {
            for (int s = 0; given.isGiven(n) && s < samples; s++) {
                requests.add(SampleRequest.of(new TrajectoryId(n, s), seed, prompts.draw(n), rollout.maxNewTokens()));
            }
        }
        EndOfText end = new EndOfText(
                teacher.config().eosIds(), rollout.stop(), rollout.stop().isEmpty() ? null : teacher.tokenizer());
        for (int from = 0; from < requests.size(); from += ROWS_AT_ONCE) {
            List<SampleRequest> some = requests.subList(from, Math.min(from + ROWS_AT_ONCE, requests.size()));
            List<Completion> made = thread.call(() -> Sampler.complete(
                    new WholeModel(teacher.config()),
                    teacher.weights(),
                    some,
                    rollout.sampling(),
                    end,
                    Math.min(some.size(), ROWS_AT_ONCE / 4)));
            for (Completion c : made) {
                written.computeIfAbsent(c.request().id().draw(), n -> new HashMap<>())
                        .put(c.request().id().sample(), c.ids());
            }
            out.printf("the teacher has written %d of %d completions%n", from + some.size(), requests.size());
            out.flush();
        }
        return given;
    }

    private boolean isGiven(long draw) {
        return CounterNoise.uniform(seed ^ STREAM, draw, 0, 0) >= lmbda;
    }

    @Override
    public int[] draw(long number) {
        return prompts.draw(number);
    }

    @Override
    public int[] given(TrajectoryId id) {
        if (!isGiven(id.draw())) {
            return new int[0];
        }
        return completions.apply(id.draw()).getOrDefault(id.sample(), new int[0]);
    }
}
