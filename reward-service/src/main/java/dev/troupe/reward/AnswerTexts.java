package dev.troupe.reward;

import dev.troupe.data.rewards.Answer;
import dev.troupe.data.sources.Message;
import dev.troupe.data.sources.Prompt;
import dev.troupe.model.TokenRow;
import dev.troupe.model.TokenRows;
import dev.troupe.model.Tokenizer;
import dev.troupe.proto.v1.ScoreRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Turns requests back into what rules and services judge: texts, and of the prompts' rows the turns and the other
 * columns. Those do not travel: a prompt's row is a function of its draw number, which is in every trajectory's id.
 */
public final class AnswerTexts implements AutoCloseable {
    private final Tokenizer tokenizer;
    private final @Nullable LongFunction<Prompt> prompts;

    /**
     * @param tokenizer of the policy; closed with this
     * @param prompts by draw number; called by several threads; null for texts alone
     */
    public AnswerTexts(Tokenizer tokenizer, @Nullable LongFunction<Prompt> prompts) {
        this.tokenizer = tokenizer;
        this.prompts = prompts;
    }

    /** Texts alone. */
    public AnswerTexts(Tokenizer tokenizer) {
        this(tokenizer, null);
    }

    /** The request's rows, in order. */
    List<Answer> of(ScoreRequest request) {
        // An embedding may have more rows than the tokenizer has tokens; such an id may be drawn, and is no text.
        List<TokenRow> rows = TokenRows.of(request.getBatch(), Integer.MAX_VALUE);
        List<Answer> answers = new ArrayList<>(rows.size());
        for (int i = 0; i < rows.size(); i++) {
            TokenRow row = rows.get(i);
            String prompt = tokenizer.decode(Arrays.copyOf(row.ids(), row.promptLength()));
            String completion = tokenizer.decode(row.completion());
            answers.add(
                    prompts == null
                            ? new Answer(prompt, completion)
                            : answer(
                                    prompt,
                                    completion,
                                    prompts.apply(request.getIds(i).getDraw())));
        }
        return answers;
    }

    private static Answer answer(String prompt, String completion, Prompt row) {
        return new Answer(
                prompt,
                completion,
                row.columns(),
                row.messages().stream().map(Message::values).toList());
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
