package dev.troupe.deploy.run;

import dev.troupe.deploy.report.RunFolder;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where the models that a run saves take their tokenizer from. */
final class RunTokenizer {
    private RunTokenizer() {}

    /**
     * The policy's folder; or a copy in the run's folder with the chat template that its dialogues are written in,
     * where that is not the policy's own. To be called when the run's prompts have been encoded.
     */
    static Path of(RunFolder run, ModelFolder policy, Tokenizer tokenizer) {
        if (tokenizer.foreignTemplate() == null) {
            return policy.path();
        }
        try {
            Path folder = Files.createDirectories(run.path().resolve("tokenizer"));
            tokenizer.save(folder);
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the tokenizer into " + run.path() + ": " + e, e);
        }
    }
}
