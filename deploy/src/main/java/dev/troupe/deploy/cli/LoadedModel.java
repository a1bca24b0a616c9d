package dev.troupe.deploy.cli;

import dev.troupe.deploy.settings.Models;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.TensorThread;
import dev.troupe.model.Tokenizer;
import java.nio.file.Path;

/**
 * A model that a command works with, its tokenizer, and the thread for its tensors.
 *
 * @param thread uses all cores: a command has no other tensor work
 */
record LoadedModel(ModelFolder folder, Tokenizer tokenizer, TensorThread thread) implements AutoCloseable {

    /** Opens what an option names. */
    static LoadedModel open(String option, String nameOrFolder) {
        Path path = Models.folder(option, nameOrFolder);
        ModelFolder folder = ModelFolder.open(path);
        Tokenizer tokenizer = folder.tokenizer();
        return new LoadedModel(
                folder,
                tokenizer,
                TensorThread.start("model", Runtime.getRuntime().availableProcessors()));
    }

    @Override
    public void close() {
        thread.close();
        tokenizer.close();
    }
}
