package dev.troupe.train.checkpoint;

import dev.troupe.model.Safetensors;
import dev.troupe.proto.TensorSet;
import dev.troupe.train.optim.TrainedModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A complete checkpoint whose files were all found as they were written: a folder of its weights or adapter and an
 * optimizer state for each model, and the JSON documents of whoever wrote it.
 *
 * @param folder {@code step-N}
 * @param manifest what it holds
 */
public record Checkpoint(Path folder, Manifest manifest) {

    /**
     * Writes models, optimizers and documents as a checkpoint.
     *
     * @param models to be saved under their names: {@code policy/}, {@code value/}, {@code
     * optimizer/policy.safetensors}
     * @param documents JSON documents by file name ({@code ledger.json}, {@code rng.json}), written as they are
     * @param tokenizerFrom folder whose tokenizer files the model folders get, or null
     */
    public static Path write(
            CheckpointStore store,
            long step,
            long version,
            List<String> parents,
            List<TrainedModel> models,
            Map<String, String> documents,
            @Nullable Path tokenizerFrom) {
        return store.write(step, version, parents, folder -> {
            Files.createDirectory(folder.resolve("optimizer"));
            for (TrainedModel model : models) {
                TensorSet weights = model.thread().call(() -> model.decoder().export());
                TensorSet state = model.thread().call(() -> model.optimizer().export());
                model.decoder().form().save(folder.resolve(model.name()), weights, tokenizerFrom);
                Safetensors.write(optimizerFile(folder, model), state);
            }
            for (Map.Entry<String, String> document : documents.entrySet()) {
                Files.writeString(folder.resolve(document.getKey()), document.getValue(), StandardCharsets.UTF_8);
            }
        });
    }

    /** The Hugging Face or peft folder of a model, by its name. */
    public Path model(String name) {
        return folder.resolve(name);
    }

    /** Puts a model's weights and its optimizer's state back to what they were. */
    public void restore(TrainedModel model) {
        TensorSet weights = model.decoder().form().read(model(model.name()));
        TensorSet state = Safetensors.read(optimizerFile(folder, model));
        model.thread().run(() -> {
            model.decoder().assign(weights);
            model.optimizer().assign(state);
        });
    }

    /** A document of the caller. */
    public String document(String name) {
        try {
            return Files.readString(folder.resolve(name), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new CheckpointException("checkpoint " + folder + " has no readable " + name + ": " + e, e);
        }
    }

    private static Path optimizerFile(Path folder, TrainedModel model) {
        return folder.resolve("optimizer").resolve(model.name() + ".safetensors");
    }
}
