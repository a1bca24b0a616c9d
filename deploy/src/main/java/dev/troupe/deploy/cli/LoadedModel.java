package dev.troupe.deploy.cli;

import dev.troupe.deploy.eval.PromptTokens;
import dev.troupe.deploy.settings.MemoryEstimate;
import dev.troupe.deploy.settings.Models;
import dev.troupe.deploy.settings.SettingsException;
import dev.troupe.model.AdaptedModel;
import dev.troupe.model.AdapterFolder;
import dev.troupe.model.ChatFormat;
import dev.troupe.model.Decoder;
import dev.troupe.model.Dtype;
import dev.troupe.model.FrozenBase;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.ModelForm;
import dev.troupe.model.Numerics;
import dev.troupe.model.TensorThread;
import dev.troupe.model.Tokenizer;
import dev.troupe.model.WholeModel;
import dev.troupe.proto.TensorSet;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A model that a command works with, its tokenizer, and the thread for its tensors.
 *
 * @param base what an adapter or a quantised model stands on, null for a model that is neither
 * @param adapter on the base
 * @param numerics of a model that is neither
 * @param thread uses all cores: a command has no other tensor work
 */
record LoadedModel(
        ModelFolder folder,
        Tokenizer tokenizer,
        TensorThread thread,
        @Nullable FrozenBase base,
        @Nullable AdapterFolder adapter,
        Numerics numerics)
        implements AutoCloseable {

    /** Opens what an option names. */
    static LoadedModel open(String option, String nameOrFolder, Set<String> ignoredKeys, ChatFormat chat) {
        return open(option, nameOrFolder, null, null, Dtype.FP32, ignoredKeys, chat);
    }

    /**
     * As above, with an adapter's folder on it and its matrices quantised, each unless null.
     *
     * @param quantize {@code nf4}
     * @param ignoredKeys keys of the model's files that are read as if they were not there
     * @param chat how dialogues are written
     */
    static LoadedModel open(
            String option,
            String nameOrFolder,
            @Nullable String adapterFolder,
            @Nullable String quantize,
            Dtype dtype,
            Set<String> ignoredKeys,
            ChatFormat chat) {
        if (quantize != null && !quantize.equals("nf4")) {
            throw new SettingsException("--quantize " + quantize + ": expected nf4");
        }
        Path path = Models.folder(option, nameOrFolder);
        ModelFolder folder = ModelFolder.open(path, ignoredKeys);
        MemoryEstimate.requireRoomFor(option + " " + nameOrFolder, folder.config(), dtype, quantize != null);
        AdapterFolder adapter = adapterFolder == null ? null : AdapterFolder.open(Path.of(adapterFolder), ignoredKeys);
        if (adapter != null && quantize == null && !adapter.isLowRank()) {
            folder = folder.merged(adapter);
            adapter = null;
        }
        Tokenizer tokenizer = PromptTokens.tokenizer(folder, chat);
        TensorThread thread = TensorThread.start("model", Runtime.getRuntime().availableProcessors());
        FrozenBase.Storage plain = dtype == Dtype.BF16 ? FrozenBase.Storage.BF16 : FrozenBase.Storage.FP32;
        FrozenBase base = base(folder, adapter, quantize == null ? plain : FrozenBase.Storage.NF4, thread);
        AdapterFolder beside = adapter != null && adapter.isLowRank() ? adapter : null;
        return new LoadedModel(folder, tokenizer, thread, base, beside, new Numerics(dtype, false));
    }

    /** What an adapter or a quantised model stands on, or null. */
    private static @Nullable FrozenBase base(
            ModelFolder folder, @Nullable AdapterFolder adapter, FrozenBase.Storage storage, TensorThread thread) {
        if (adapter != null) {
            return thread.call(() -> FrozenBase.load(folder, adapter, storage));
        }
        return storage == FrozenBase.Storage.NF4
                ? thread.call(
                        () -> FrozenBase.load(folder.path().toString(), folder.config(), folder.weights(), storage))
                : null;
    }

    /** What {@link #tensors()} are. */
    ModelForm form() {
        return base == null || adapter == null
                ? new WholeModel(folder.config(), numerics)
                : AdaptedModel.of(base, adapter);
    }

    /** All weights, or those of the adapter. */
    TensorSet tensors() {
        return adapter == null ? folder.weights() : adapter.tensors();
    }

    /** To be called on the thread; closed by the caller. */
    Decoder decoder() {
        return base != null && adapter == null ? Decoder.over(base) : form().decoder(tensors(), false);
    }

    @Override
    public void close() {
        if (base != null) {
            thread.run(base::close);
        }
        thread.close();
        tokenizer.close();
    }
}
