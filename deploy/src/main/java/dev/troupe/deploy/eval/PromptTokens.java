package dev.troupe.deploy.eval;

import dev.troupe.data.DataException;
import dev.troupe.data.sources.Prompt;
import dev.troupe.data.sources.Reply;
import dev.troupe.data.sources.TrainingText;
import dev.troupe.deploy.settings.SettingsException;
import dev.troupe.experience.Sequence;
import dev.troupe.model.ChatFormat;
import dev.troupe.model.ChatMessage;
import dev.troupe.model.Dialogue;
import dev.troupe.model.ModelException;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.Tokenizer;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Rows as the tokens that a model is given; the same for training, for its evaluation and for every command. */
public final class PromptTokens {
    private PromptTokens() {}

    /**
     * A text as it stands, bos as the tokenizer sets it; a dialogue by the chat template, up to where its answer
     * begins, or goes on.
     *
     * @throws DataException naming the row, when its chat template refuses a dialogue or there is none
     */
    public static int[] of(Prompt prompt, Tokenizer tokenizer) {
        return at(
                prompt.where(),
                () -> prompt.isDialogue()
                        ? tokenizer.encodePrompt(dialogue(prompt.dialogue()))
                        : tokenizer.encode(prompt.text(), true));
    }

    /** A text to learn from; a dialogue by the chat template, answers included. */
    public static int[] of(TrainingText text, Tokenizer tokenizer) {
        return at(
                String.valueOf(text.place()),
                () -> text.isDialogue()
                        ? tokenizer.encode(dialogue(text.dialogue()), false)
                        : tokenizer.encode(text.text(), true));
    }

    /**
     * A text to learn from, with the tokens that are trained: the completion of a prompt with what ends it, the
     * assistant's turns of a dialogue, every token of a plain text.
     *
     * @param inputs {@code train_on_inputs}: every token of all of them
     */
    public static Sequence trained(TrainingText text, Tokenizer tokenizer, boolean inputs) {
        Prompt prompt = text.prompt();
        return at(String.valueOf(text.place()), () -> {
            if (text.isDialogue() && !inputs) {
                Dialogue whole = dialogue(text.dialogue());
                return prompt == null
                        ? tokenizer.trained(whole)
                        : tokenizer.answered(dialogue(prompt.dialogue()), whole);
            }
            int[] ids = of(text, tokenizer);
            if (text.isDialogue()) {
                return Sequence.whole(ids);
            }
            int asked = prompt == null || inputs ? 0 : Tokenizer.shared(ids, of(prompt, tokenizer));
            return Sequence.after(asked, tokenizer.ended(ids));
        });
    }

    /** A prompt with what follows it; of a dialogue all of it by the chat template, of texts the tokens of both. */
    public static int[] of(Prompt prompt, Reply reply, Tokenizer tokenizer) {
        if (!reply.messages().isEmpty()) {
            return at(
                    prompt.where(),
                    () -> tokenizer.encode(dialogue(prompt.dialogue().and(reply.messages())), false));
        }
        int[] first = of(prompt, tokenizer);
        int[] rest = tokenizer.encode(tokenizer.continuation(reply.text()), false);
        int[] whole = Arrays.copyOf(first, first.length + rest.length);
        System.arraycopy(rest, 0, whole, first.length, rest.length);
        return whole;
    }

    /**
     * A model's tokenizer, dialogues in a format whose template must be known; closed by the caller.
     *
     * @throws SettingsException when the model has no template of that name, and no format or file is called so
     */
    public static Tokenizer tokenizer(ModelFolder model, ChatFormat chat) {
        Tokenizer tokenizer = model.tokenizer(chat);
        if (!chat.template().isEmpty()) {
            try {
                tokenizer.chatTemplate();
            } catch (ModelException e) {
                tokenizer.close();
                throw new SettingsException(String.valueOf(e.getMessage()), e);
            }
        }
        return tokenizer;
    }

    /** A row's dialogue as the model's chat template takes it. */
    public static Dialogue dialogue(dev.troupe.data.sources.Dialogue given) {
        return new Dialogue(
                given.messages().stream().map(m -> new ChatMessage(m.values())).toList(),
                given.tools(),
                given.arguments());
    }

    private static <T> T at(@Nullable String where, Supplier<T> tokens) {
        try {
            return tokens.get();
        } catch (ModelException | IllegalArgumentException e) {
            throw new DataException(where + ": " + e.getMessage(), e);
        }
    }
}
