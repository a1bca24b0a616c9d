package dev.troupe.deploy.run;

import com.typesafe.config.Config;
import dev.troupe.model.AdaptedModel;
import dev.troupe.model.AdapterFolder;
import dev.troupe.model.Decoder;
import dev.troupe.model.Dtype;
import dev.troupe.model.FrozenBase;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.ModelForm;
import dev.troupe.model.ModelSettings;
import dev.troupe.model.ModelSettings.Mode;
import dev.troupe.model.TensorThread;
import dev.troupe.model.WholeModel;
import dev.troupe.proto.TensorSet;
import dev.troupe.reward.RewardPart;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * What a run's models are after {@code adapter.mode}: whole ones, or adapters on bases. Roles of this process whose
 * models come from one folder share its base. To be closed after all of them.
 */
final class RunForms implements AutoCloseable {
    private final RunModels models;
    private final ModelSettings settings;
    private final long seed;
    private final TensorThread thread = TensorThread.start("bases", 1);
    private final Map<Path, FrozenBase> bases = new HashMap<>();

    /**
     * A model under training before its first step.
     *
     * @param folder where it comes from, with its tokenizer
     * @param form what is trained, published and saved
     * @param tensors of that form
     */
    record Start(ModelFolder folder, ModelForm form, TensorSet tensors) {
        /** One line: numbers that are trained, and all that there are. */
        String trainable() {
            long all = folder.weights().tensors().values().stream()
                    .mapToLong(t -> t.elements())
                    .sum();
            long ours = tensors.tensors().values().stream()
                    .mapToLong(t -> t.elements())
                    .sum();
            return form instanceof WholeModel
                    ? String.format(Locale.ROOT, "%,d parameters, all trained", all)
                    : String.format(
                            Locale.ROOT,
                            "%,d trainable parameters on a frozen base of %,d (%.2f %%)",
                            ours,
                            all,
                            100.0 * ours / all);
        }
    }

    RunForms(Config config, RunModels models) {
        this.models = models;
        this.settings = ModelSettings.from(config);
        this.seed = config.getLong("seed");
    }

    /** The policy. */
    Start policy() {
        return language(models.policy());
    }

    /** A language model that starts from a folder. */
    Start language(ModelFolder folder) {
        if (settings.mode() == Mode.FULL) {
            return new Start(folder, new WholeModel(folder.config(), settings.numerics()), folder.weights());
        }
        AdaptedModel form = adapted(folder, false);
        return new Start(folder, form, form.initial(seed));
    }

    /** The value model. */
    Start value() {
        return settings.mode() == Mode.FULL ? scoring(models.value()) : scoring(models.valueStart());
    }

    /** A model with a score head that starts from a folder; with adapters the folder may lack the head. */
    Start scoring(ModelFolder folder) {
        if (settings.mode() == Mode.FULL) {
            return new Start(folder, new WholeModel(folder.config(), settings.numerics()), folder.weights());
        }
        AdaptedModel form = adapted(folder, true);
        return new Start(folder, form, form.initial(seed + 1));
    }

    private AdaptedModel adapted(ModelFolder folder, boolean scoreHead) {
        boolean checkpointing = settings.numerics().gradientCheckpointing();
        return new AdaptedModel(base(folder), settings.adapter(), scoreHead, checkpointing);
    }

    /** The reference: the policy's base with adapters off where it is the policy's own start. */
    Callable<Decoder> reference() {
        ModelFolder folder = models.reference();
        boolean shared = settings.mode() != Mode.FULL
                && folder.path().equals(models.policy().path());
        return shared ? () -> Decoder.over(base(folder)) : whole(folder);
    }

    /** The policy's folder, with the tokenizer that all share. */
    ModelFolder policyFolder() {
        return models.policy();
    }

    /**
     * The model of a part of the reward. It stands on a base that is there already and not quantised, if it is that
     * base or an adapter with a head made for it; such an adapter is not merged into it.
     */
    RunReward.Model reward(RewardPart part) {
        Path path = models.rewardPath(part);
        if (settings.mode() == Mode.LORA && AdapterFolder.is(path)) {
            AdapterFolder adapter = AdapterFolder.open(path, settings.ignoredKeys());
            FrozenBase below = open(adapter.basePath());
            ModelFolder base = below == null ? null : ModelFolder.open(adapter.basePath(), settings.ignoredKeys());
            if (below != null && base != null && adapter.sharesBase(base)) {
                return new RunReward.Model(
                        new ModelFolder(path, base.config(), base.weights()),
                        () -> AdaptedModel.of(below, adapter).decoder(adapter.tensors(), false));
            }
        }
        ModelFolder folder = models.reward(part);
        FrozenBase itself = settings.mode() == Mode.LORA ? open(path) : null;
        return new RunReward.Model(folder, itself == null ? whole(folder) : () -> Decoder.over(itself));
    }

    /** A frozen model by itself. */
    Callable<Decoder> whole(ModelFolder folder) {
        return () -> Decoder.load(folder.config(), folder.weights(), false, settings.numerics());
    }

    private synchronized @Nullable FrozenBase open(Path path) {
        return bases.get(absolute(path));
    }

    private static Path absolute(Path path) {
        return path.toAbsolutePath().normalize();
    }

    private synchronized FrozenBase base(ModelFolder folder) {
        settings.adapter().requireFits(folder.config());
        FrozenBase.Storage plain =
                settings.numerics().dtype() == Dtype.BF16 ? FrozenBase.Storage.BF16 : FrozenBase.Storage.FP32;
        FrozenBase.Storage storage = settings.mode() == Mode.QLORA ? FrozenBase.Storage.NF4 : plain;
        return Objects.requireNonNull(bases.computeIfAbsent(
                absolute(folder.path()),
                p -> thread.call(() -> FrozenBase.load(p.toString(), folder.config(), folder.weights(), storage))));
    }

    @Override
    public synchronized void close() {
        thread.run(() -> bases.values().forEach(FrozenBase::close));
        thread.close();
    }
}
