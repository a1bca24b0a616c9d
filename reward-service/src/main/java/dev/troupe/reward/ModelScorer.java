package dev.troupe.reward;

import dev.troupe.model.Decoder;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.TensorThread;
import dev.troupe.model.TokenRow;
import dev.troupe.model.TokenRows;
import dev.troupe.model.Tokenizer;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.transport.ScoreAnswers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;

/** A reward model's score at the last token of prompt and completion. */
public final class ModelScorer implements RewardScorer {
    private static final int ROWS_A_PASS = 64;

    private final TensorThread thread;
    private final Decoder decoder;

    /**
     * Makes the model on its thread; both are closed with the scorer.
     *
     * @param name of the model, for errors
     * @throws RewardException when the model has no score head
     */
    public ModelScorer(TensorThread thread, String name, Callable<Decoder> model) {
        this.thread = thread;
        this.decoder = thread.call(model);
        if (!decoder.config().scoreHead()) {
            thread.run(decoder::close);
            throw new RewardException("model.reward = " + name
                    + " has no score head: it is a language model; train a reward model from it with"
                    + " algorithm = reward");
        }
    }

    /**
     * Starts a reward model on a tensor thread of its own.
     *
     * @param name of the thread
     * @param reward the model's folder
     * @param policy whose tokenizer the reward model must share
     * @param decoder makes the model, on that thread
     * @param threads cores of a pass
     * @throws RewardException when it has no score head or another tokenizer
     */
    public static ModelScorer start(
            String name, ModelFolder reward, ModelFolder policy, Callable<Decoder> decoder, int threads) {
        requireSameTokenizer(reward, policy);
        TensorThread thread = TensorThread.start(name, threads);
        try {
            return new ModelScorer(thread, reward.path().toString(), decoder);
        } catch (RuntimeException e) {
            thread.close();
            throw e;
        }
    }

    /**
     * A reward model reads the policy's token ids, so they must mean the same to both.
     *
     * @throws RewardException naming both folders, when their tokenizers differ
     */
    public static void requireSameTokenizer(ModelFolder reward, ModelFolder policy) {
        try (Tokenizer ofReward = reward.tokenizer();
                Tokenizer ofPolicy = policy.tokenizer()) {
            if (!ofReward.sameTokens(ofPolicy)) {
                throw new RewardException("the tokenizers of model.reward = " + reward.path() + " (" + head(ofReward)
                        + ") and model.policy = " + policy.path() + " (" + head(ofPolicy)
                        + ") differ: the reward model would read other words than the policy wrote; use a reward model"
                        + " with the policy's tokens under the policy's ids");
            }
        }
    }

    private static String head(Tokenizer tokenizer) {
        return "sha256 " + tokenizer.sha256().substring(0, 12);
    }

    @Override
    public CompletionStage<ScoreAnswer> score(ScoreRequest request, long policyVersion) {
        return thread.submit(() -> answer(request));
    }

    private ScoreAnswer answer(ScoreRequest request) {
        long start = System.nanoTime();
        List<TokenRow> rows = TokenRows.of(request.getBatch(), decoder.config().vocabulary());
        float[] scores = decoder.scores(rows, ROWS_A_PASS);
        List<float[]> values = new ArrayList<>(scores.length);
        for (float score : scores) {
            values.add(new float[] {score});
        }
        return ScoreAnswers.of(request, ScoreAnswers.REWARD, values, 0, (System.nanoTime() - start) / 1000);
    }

    @Override
    public void close() {
        thread.run(decoder::close);
        thread.close();
    }
}
