package dev.troupe.deploy.eval;

import dev.troupe.data.sources.Prompt;
import dev.troupe.model.ChatMessage;
import dev.troupe.model.Tokenizer;
import java.util.List;

/** A prompt as the tokens that a model is given; the same for training and for its evaluation. */
public final class PromptTokens {
    private PromptTokens() {}

    /**
     * A text as it stands, bos as the tokenizer sets it; a dialogue by the chat template, up to where its answer
     * begins.
     *
     * @throws dev.troupe.model.ModelException when a dialogue meets a tokenizer without a chat template
     */
    public static int[] of(Prompt prompt, Tokenizer tokenizer) {
        if (prompt.messages().isEmpty()) {
            return tokenizer.encode(prompt.text(), true);
        }
        List<ChatMessage> messages = prompt.messages().stream()
                .map(m -> new ChatMessage(m.role(), m.content()))
                .toList();
        return tokenizer.encode(messages, true);
    }
}
