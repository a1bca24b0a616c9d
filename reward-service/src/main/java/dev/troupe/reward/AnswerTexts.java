package dev.troupe.reward;

import dev.troupe.data.rewards.Answer;
import dev.troupe.model.TokenRow;
import dev.troupe.model.TokenRows;
import dev.troupe.model.Tokenizer;
import dev.troupe.proto.v1.ScoreRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;

/**
 * Turns requests back into what rules and services judge: texts, and the other columns of the prompts' rows. The
 * columns do not travel: a prompt's row is a function of its draw number, which is in every trajectory's id.
 */
public final class AnswerTexts implements AutoCloseable {
    private final Tokenizer tokenizer;
    private final LongFunction<Map<String, Object>> columns;

    /**
     * @param tokenizer of the policy; closed with this
     * @param columns of the row that a draw number stands for; called by several threads
     */
    public AnswerTexts(Tokenizer tokenizer, LongFunction<Map<String, Object>> columns) {
        this.tokenizer = tokenizer;
        this.columns = columns;
    }

    /** Texts alone. */
    public AnswerTexts(Tokenizer tokenizer) {
        this(tokenizer, draw -> Map.of());
    }

    /** The request's rows, in order. */
    List<Answer> of(ScoreRequest request) {
        List<TokenRow> rows = TokenRows.of(request.getBatch(), tokenizer.vocabularySize());
        List<Answer> answers = new ArrayList<>(rows.size());
        for (int i = 0; i < rows.size(); i++) {
            TokenRow row = rows.get(i);
            answers.add(new Answer(
                    tokenizer.decode(Arrays.copyOf(row.ids(), row.promptLength())),
                    tokenizer.decode(row.completion()),
                    columns.apply(request.getIds(i).getDraw())));
        }
        return answers;
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
