package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.DataType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which base an adapter stands on: found by its name, known by its fingerprint, and never the adapter itself. */
class AdapterOriginTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden").toAbsolutePath();
    private static final Path MODEL = GOLDEN.resolve("models/llama-gqa-tied");

    @TempDir
    private Path temp;

    private Path adapter(String name, String base) throws IOException {
        Path folder = Files.createDirectories(temp.resolve(name));
        Path golden = GOLDEN.resolve("lora/q-v");
        String text = Files.readString(golden.resolve(AdapterFolder.CONFIG));
        assertThat(text).contains("\"../../models/llama-gqa-tied\"");
        Files.writeString(
                folder.resolve(AdapterFolder.CONFIG),
                text.replace("\"../../models/llama-gqa-tied\"", "\"" + base + "\""));
        Files.copy(
                golden.resolve("adapter_model.safetensors"),
                folder.resolve("adapter_model.safetensors"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        return folder;
    }

    private static void assertCircle(Path folder, String why) {
        for (Runnable open : List.<Runnable>of(
                () -> ModelFolder.open(folder),
                () -> ModelFolder.config(folder),
                () -> AdapterFolder.open(folder).basePath())) {
            assertThatThrownBy(open::run)
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining(folder.resolve(AdapterFolder.CONFIG).toString())
                    .hasMessageContaining(why)
                    .hasMessageNotContaining("\n");
        }
    }

    @Test
    void anAdapterThatIsItsOwnBaseIsRefused() throws IOException {
        assertCircle(adapter("self", "."), "leads back to the adapter itself");
        assertCircle(adapter("named", "../named"), "leads back to the adapter itself");
        Path linked = adapter("real", temp.resolve("link").toString());
        Files.createSymbolicLink(temp.resolve("link"), linked);
        assertCircle(linked, "leads back to the adapter itself");
    }

    @Test
    void adaptersInACircleAreRefused() throws IOException {
        adapter("b", "../c");
        adapter("c", "../b");
        assertCircle(adapter("a", "../b"), "leads back to an adapter that it came from");
        assertCircle(temp.resolve("b"), "leads back to an adapter that it came from");
    }

    /** Twice the same adapter: by hand, W + 2 (alpha / r) B A. */
    @Test
    void anAdapterMayStandOnAnAdapter() throws IOException {
        adapter("first", MODEL.toString());
        Path second = adapter("second", "../first");
        AdapterFolder once = AdapterFolder.open(second);
        String module = "model.layers.0.self_attn.q_proj";
        float[] w = ModelFolder.open(MODEL).weights().get(module + ".weight").floats();
        float[] a = once.tensors()
                .get("base_model.model." + module + ".lora_A.weight")
                .floats();
        float[] b = once.tensors()
                .get("base_model.model." + module + ".lora_B.weight")
                .floats();
        float[] got = ModelFolder.open(second).weights().get(module + ".weight").floats();
        for (int i = 0; i < w.length; i += 17) {
            double sum = 0;
            for (int k = 0; k < 8; k++) {
                sum += (double) b[i / 64 * 8 + k] * a[k * 64 + i % 64];
            }
            assertThat((double) got[i]).isCloseTo(w[i] + 2 * 2.0 * sum, org.assertj.core.api.Assertions.within(1e-5));
        }
    }

    private void written(Path folder, ModelFolder model) {
        try (TensorThread thread = TensorThread.start("origin", 1)) {
            thread.run(() -> {
                try (FrozenBase base = FrozenBase.load(
                        model.path().toString(), model.config(), model.weights(), FrozenBase.Storage.FP32)) {
                    AdaptedModel form =
                            new AdaptedModel(base, new AdapterConfig(4, 8, 0, false, List.of("q_proj")), false);
                    form.save(folder, form.initial(1), null);
                }
            });
        }
    }

    private static void use(Path folder, ModelFolder model) {
        AdapterFolder adapter = AdapterFolder.open(folder);
        try (TensorThread thread = TensorThread.start("origin", 1)) {
            thread.run(() -> {
                try (FrozenBase base = FrozenBase.load(model, adapter, FrozenBase.Storage.FP32)) {
                    assertThat(AdaptedModel.of(base, adapter).trainable()).isPositive();
                }
                try (FrozenBase base = FrozenBase.load(
                        model.path().toString(), model.config(), model.weights(), FrozenBase.Storage.NF4)) {
                    assertThat(AdaptedModel.of(base, adapter).trainable()).isPositive();
                }
            });
        }
    }

    @Test
    void theBaseIsKnownByItsNumbers() throws IOException {
        ModelFolder narrow = ModelFolder.open(MODEL);
        narrow = new ModelFolder(
                narrow.path(), narrow.config(), HalfFloats.as(DataType.DATA_TYPE_BF16, narrow.weights()));
        Path folder = temp.resolve("trained");
        written(folder, narrow);
        assertThat(Files.readString(folder.resolve("adapter_base.json"))).contains("base_fingerprint");
        use(folder, narrow);
        ModelFolder wide = new ModelFolder(
                narrow.path(), narrow.config(), HalfFloats.as(DataType.DATA_TYPE_F32, narrow.weights()));
        use(folder, wide);
        assertThat(wide.merged(AdapterFolder.open(folder)).weights().size())
                .isEqualTo(wide.weights().size());

        Map<String, HostTensor> changed = new LinkedHashMap<>(wide.weights().tensors());
        float[] norm = changed.get("model.norm.weight").floats();
        norm[3] = Math.nextUp(norm[3]);
        changed.put("model.norm.weight", HostTensor.ofFloats(norm));
        ModelFolder other = new ModelFolder(wide.path(), wide.config(), TensorSet.of(changed));
        AdapterFolder adapter = AdapterFolder.open(folder);
        for (Runnable way : List.<Runnable>of(() -> use(folder, other), () -> other.merged(adapter))) {
            assertThatThrownBy(way::run)
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("was made for a base with fingerprint " + adapter.baseFingerprint())
                    .hasMessageContaining("its numbers changed")
                    .hasMessageContaining("adapter_base.json");
        }
        try (TensorThread thread = TensorThread.start("origin", 1)) {
            thread.run(() -> {
                try (FrozenBase base =
                        FrozenBase.load("other", other.config(), other.weights(), FrozenBase.Storage.FP32)) {
                    AdaptedModel form = new AdaptedModel(base, adapter.config(), false);
                    assertThatThrownBy(() -> form.read(folder))
                            .isInstanceOf(ModelException.class)
                            .hasMessageContaining("; other has ");
                }
            });
        }
        Files.delete(folder.resolve("adapter_base.json"));
        use(folder, other);
    }

    @Test
    void aNameThatIsNoPathIsTold() throws IOException {
        Path folder = adapter("odd", "a\\u0000b");
        assertThatThrownBy(() -> ModelFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("base_model_name_or_path is no path");
    }

    @Test
    void aBrokenFingerprintIsTold() throws IOException {
        Path folder = adapter("broken", MODEL.toString());
        for (String text : List.of("{", "{}", "{\"base_fingerprint\": 3}", "")) {
            Files.writeString(folder.resolve("adapter_base.json"), text);
            assertThatThrownBy(() -> AdapterFolder.open(folder))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("adapter_base.json");
        }
    }
}
