package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.DataType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters: what no golden case says. */
class AdapterTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    @TempDir
    private Path temp;

    private static AdapterConfig config(String... targets) {
        return new AdapterConfig(4, 8, 0, false, List.of(targets));
    }

    private static void onBase(String model, FrozenBase.Storage storage, Consumer<FrozenBase> work) {
        ModelFolder folder = ModelFolder.open(GOLDEN.resolve("models").resolve(model));
        try (TensorThread thread = TensorThread.start("adapter", 1)) {
            thread.run(() -> {
                try (FrozenBase base = FrozenBase.load(model, folder.config(), folder.weights(), storage)) {
                    work.accept(base);
                }
            });
        }
    }

    /** An adapter that changes something. */
    private static TensorSet filled(AdaptedModel form, long seed) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        int[] draw = {0};
        form.initial(seed).tensors().forEach((name, t) -> {
            float[] values = new float[Math.toIntExact(t.elements())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (0.4 * (CounterNoise.uniform(seed, draw[0], 7, i) - 0.5));
            }
            draw[0]++;
            tensors.put(name, HostTensor.ofFloats(values, t.shape()));
        });
        return TensorSet.of(tensors);
    }

    private static List<TokenRow> rows(int vocabulary, int count) {
        List<TokenRow> rows = new ArrayList<>();
        for (int r = 0; r < count; r++) {
            int[] ids = new int[7 + 4 * (r % 3)];
            for (int t = 0; t < ids.length; t++) {
                ids[t] = (int) (CounterNoise.uniform(11, r, 0, t) * vocabulary);
            }
            rows.add(new TokenRow(ids, 2));
        }
        return rows;
    }

    private static TensorSet gradients(Decoder decoder) {
        return gradients(decoder, 3);
    }

    private static TensorSet gradients(Decoder decoder, int count) {
        try (Batch batch = Batch.of(rows(decoder.config().vocabulary(), count), Batch.Kind.COMPLETION);
                Autograd.Recording on = Autograd.record()) {
            NDArray loss = (decoder.config().scoreHead() ? decoder.values(batch) : decoder.logprobs(batch, 1)).sum();
            Autograd.backward(loss);
        }
        return decoder.exportGradients();
    }

    private static void assertClose(TensorSet got, TensorSet wanted, double relative) {
        assertThat(got.names()).isEqualTo(wanted.names());
        for (String name : wanted.names()) {
            float[] a = got.get(name).floats();
            float[] b = wanted.get(name).floats();
            double most = 0;
            for (float v : b) {
                most = Math.max(most, Math.abs(v));
            }
            for (int i = 0; i < a.length; i++) {
                assertThat((double) a[i]).as(name).isCloseTo(b[i], within(relative * most));
            }
        }
    }

    /** A folder in bf16 and the same numbers in fp32 are the same base, however it is kept. */
    @ParameterizedTest
    @EnumSource(FrozenBase.Storage.class)
    void shouldTakeABaseInTheTypeOfItsFile(FrozenBase.Storage storage) {
        ModelFolder folder = ModelFolder.open(GOLDEN.resolve("models/llama-value"));
        TensorSet narrow = HalfFloats.as(DataType.DATA_TYPE_BF16, folder.weights());
        TensorSet wide = HalfFloats.as(DataType.DATA_TYPE_F32, narrow);
        try (TensorThread thread = TensorThread.start("adapter", 1)) {
            thread.run(() -> {
                try (FrozenBase first = FrozenBase.load("narrow", folder.config(), narrow, storage);
                        FrozenBase second = FrozenBase.load("wide", folder.config(), wide, storage)) {
                    assertThat(values(first)).isDeepEqualTo(values(second));
                    assertThat(new AdaptedModel(first, config("q_proj"), true)
                                    .initial(1)
                                    .get(AdapterLayout.SCORE)
                                    .floats())
                            .isEqualTo(wide.get("score.weight").floats());
                }
            });
        }
    }

    private static float[][] values(FrozenBase base) {
        AdaptedModel form = new AdaptedModel(base, config("all-linear"), true);
        try (Decoder decoder = form.decoder(filled(form, 3), false)) {
            return decoder.values(rows(base.config().vocabulary(), 3), 2).toArray(float[][]::new);
        }
    }

    @Test
    void shouldFindABaseThatIsAGgufFile() throws IOException {
        Path base = Files.createFile(temp.resolve("base.gguf"));
        AdapterConfig config = config("q_proj");
        assertThat(new AdapterFolder(temp.resolve("adapter"), base.toString(), config, false, TensorSet.of(Map.of()))
                        .basePath())
                .isEqualTo(base);
    }

    @ParameterizedTest
    @CsvSource({
        "llama-gqa-tied, all-linear",
        "llama3-rope-untied, k_proj",
        "qwen2-bias, attention",
        "qwen3-qknorm, up_proj",
        "llama-value, all-linear",
        "phi3, attention",
        "phi3-longrope, all-linear",
        "baichuan, all-linear",
        "baichuan2, attention",
        "internlm2, all-linear",
        "internlm2, wqkv",
        "minicpm, all-linear",
        "gemma2, all-linear",
        "olmo3, attention"
    })
    void shouldEqualTheMergedModel(String model, String targets) {
        onBase(model, FrozenBase.Storage.FP32, base -> {
            ModelFolder folder = ModelFolder.open(GOLDEN.resolve("models").resolve(model));
            AdaptedModel form =
                    new AdaptedModel(base, config(targets), folder.config().scoreHead());
            TensorSet adapter = filled(form, 3);
            TensorSet merged = AdapterMerge.merge(folder.config(), folder.weights(), form.adapter(), adapter);
            List<TokenRow> rows = rows(folder.config().vocabulary(), 3);
            try (Decoder apart = form.decoder(adapter, false);
                    Decoder whole = Decoder.load(folder.config(), merged, false)) {
                List<float[]> a = outputs(apart, rows);
                List<float[]> b = outputs(whole, rows);
                for (int r = 0; r < a.size(); r++) {
                    assertThat(a.get(r)).containsExactly(b.get(r), within(2e-5f));
                }
            }
        });
    }

    private static List<float[]> outputs(Decoder decoder, List<TokenRow> rows) {
        return decoder.config().scoreHead() ? decoder.values(rows, 3) : decoder.logprobs(rows, 1, 3);
    }

    /** Hand-written and by autograd: the same outputs and gradients, whatever is adapted and however the base lies. */
    @ParameterizedTest
    @CsvSource({
        "llama-gqa-tied, FP32, all-linear, false",
        "llama-gqa-tied, NF4, all-linear, true",
        "qwen2-bias, BF16, attention, true",
        "qwen2-bias, BF16, all-linear, false",
        "qwen2-bias, FP32, down_proj, false",
        "llama3-rope-untied, NF4, k_proj, false",
        "llama-value, FP32, up_proj, true"
    })
    void shouldComputeByTheKernelWhatTheDefinitionSays(
            String model, FrozenBase.Storage storage, String targets, boolean checkpointing) {
        onBase(model, storage, base -> {
            boolean scores = base.config().scoreHead();
            AdaptedModel form = new AdaptedModel(base, config(targets), scores, checkpointing);
            for (int count : new int[] {3, 40}) { // fewer positions than a matrix has rows, and more
                List<TokenRow> rows = rows(base.config().vocabulary(), count);
                try (Decoder decoder = form.decoder(filled(form, 9), true)) {
                    TensorSet gradients = gradients(decoder, count);
                    List<float[]> scored = outputs(decoder, rows);
                    decoder.zeroGrad();
                    decoder.withoutKernel();
                    assertClose(gradients, gradients(decoder, count), 2e-5);
                    List<float[]> wanted = outputs(decoder, rows);
                    for (int r = 0; r < wanted.size(); r++) {
                        assertThat(scored.get(r)).containsExactly(wanted.get(r), within(2e-5f));
                    }
                }
            }
        });
    }

    /** d(loss)/dA = scaling B' G and d(loss)/dB = scaling G A', where G is the gradient of the merged matrix. */
    @ParameterizedTest
    @ValueSource(strings = {"llama-gqa-tied", "qwen2-bias", "qwen3-qknorm"})
    void shouldHaveTheMergedMatricesGradients(String model) {
        onBase(model, FrozenBase.Storage.FP32, base -> {
            ModelFolder folder = ModelFolder.open(GOLDEN.resolve("models").resolve(model));
            AdaptedModel form = new AdaptedModel(base, config("all-linear"), false);
            TensorSet adapter = filled(form, 5);
            TensorSet merged = AdapterMerge.merge(folder.config(), folder.weights(), form.adapter(), adapter);
            try (Decoder apart = form.decoder(adapter, true);
                    Decoder whole = Decoder.load(folder.config(), merged, true)) {
                TensorSet got = gradients(apart);
                TensorSet full = gradients(whole);
                Map<String, HostTensor> wanted = new LinkedHashMap<>();
                for (String name : adapter.names()) {
                    boolean a = name.contains("lora_A");
                    String module = name.substring("base_model.model.".length(), name.indexOf(".lora_"));
                    double[][] g = matrix(full.get(module + ".weight"));
                    double[][] other = matrix(
                            adapter.get(a ? name.replace("lora_A", "lora_B") : name.replace("lora_B", "lora_A")));
                    double[][] made = a ? product(transposed(other), g) : product(g, transposed(other));
                    wanted.put(name, tensor(made, form.adapter().scaling(module)));
                }
                assertClose(got, TensorSet.of(wanted), 2e-5);
            }
        });
    }

    private static double[][] matrix(HostTensor t) {
        int columns = Math.toIntExact(t.shape()[1]);
        float[] flat = t.floats();
        double[][] out = new double[flat.length / columns][columns];
        for (int i = 0; i < flat.length; i++) {
            out[i / columns][i % columns] = flat[i];
        }
        return out;
    }

    private static double[][] transposed(double[][] m) {
        double[][] out = new double[m[0].length][m.length];
        for (int i = 0; i < m.length; i++) {
            for (int j = 0; j < m[0].length; j++) {
                out[j][i] = m[i][j];
            }
        }
        return out;
    }

    private static double[][] product(double[][] a, double[][] b) {
        double[][] out = new double[a.length][b[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int k = 0; k < b.length; k++) {
                for (int j = 0; j < b[0].length; j++) {
                    out[i][j] += a[i][k] * b[k][j];
                }
            }
        }
        return out;
    }

    private static HostTensor tensor(double[][] m, double factor) {
        float[] flat = new float[m.length * m[0].length];
        for (int i = 0; i < flat.length; i++) {
            flat[i] = (float) (factor * m[i / m[0].length][i % m[0].length]);
        }
        return HostTensor.ofFloats(flat, m.length, m[0].length);
    }

    /** QLoRA is LoRA on the dequantised weights: outputs to the bit, gradients within 1e-5. */
    @ParameterizedTest
    @ValueSource(strings = {"llama-gqa-tied", "qwen2-bias", "qwen3-qknorm", "llama3-rope-untied"})
    void shouldEqualLoraOnTheDequantisedWeights(String model) {
        onBase(model, FrozenBase.Storage.NF4, base -> {
            ModelFolder folder = ModelFolder.open(GOLDEN.resolve("models").resolve(model));
            Map<String, HostTensor> expanded = new LinkedHashMap<>();
            folder.weights()
                    .tensors()
                    .forEach((name, t) -> expanded.put(
                            name,
                            name.endsWith("_proj.weight")
                                    ? HostTensor.ofFloats(
                                            Objects.requireNonNull(
                                                    base.expanded(name).get(name)),
                                            t.shape())
                                    : t));
            AdaptedModel form = new AdaptedModel(base, config("all-linear"), false);
            TensorSet adapter = filled(form, 9);
            try (FrozenBase plain =
                            FrozenBase.load(model, folder.config(), TensorSet.of(expanded), FrozenBase.Storage.FP32);
                    Decoder quantised = form.decoder(adapter, true);
                    Decoder reference = new AdaptedModel(plain, form.adapter(), false).decoder(adapter, true)) {
                List<TokenRow> rows = rows(folder.config().vocabulary(), 3);
                List<float[]> a = outputs(quantised, rows);
                List<float[]> b = outputs(reference, rows);
                for (int r = 0; r < a.size(); r++) {
                    assertThat(a.get(r)).isEqualTo(b.get(r));
                }
                assertClose(gradients(quantised), gradients(reference), 1e-5);
            }
        });
    }

    /** Policy, reference and value on one base: what one learns the others do not see. */
    @Test
    void severalAdaptersShareABase() {
        onBase("llama-gqa-tied", FrozenBase.Storage.FP32, base -> {
            AdaptedModel policyForm = new AdaptedModel(base, config("all-linear"), false);
            AdaptedModel valueForm = new AdaptedModel(base, config("attention"), true);
            List<TokenRow> rows = rows(base.config().vocabulary(), 3);
            try (Decoder reference = Decoder.over(base);
                    Decoder policy = policyForm.decoder(policyForm.initial(1), true);
                    Decoder value = valueForm.decoder(valueForm.initial(2), true)) {
                float[] before = reference.logprobs(rows, 1, 3).get(1);
                assertThat(policy.logprobs(rows, 1, 3).get(1)).isEqualTo(before);
                assertThat(value.values(rows, 3).get(1)).containsOnly(0);
                policy.assign(filled(policyForm, 4));
                value.assign(filled(valueForm, 5));
                assertThat(policy.logprobs(rows, 1, 3).get(1)).isNotEqualTo(before);
                assertThat(value.values(rows, 3).get(1)).doesNotContain(0);
                assertThat(reference.logprobs(rows, 1, 3).get(1)).isEqualTo(before);
                TensorSet gradients = gradients(value);
                assertThat(gradients.names()).contains("base_model.model.score.weight");
                assertThat(gradients.names()).hasSize(2 * 4 * 2 + 1);
                assertThat(policy.exportGradients().tensors().values())
                        .allSatisfy(g -> assertThat(g.floats()).containsOnly(0));
            }
        });
    }

    @Test
    void dropoutDropsTheShareAndIsOffUntilAsked() {
        onBase("llama-gqa-tied", FrozenBase.Storage.FP32, base -> {
            AdapterConfig dropping = new AdapterConfig(4, 8, 0.25, false, List.of("all-linear"));
            AdaptedModel form = new AdaptedModel(base, dropping, false);
            TensorSet adapter = filled(form, 8);
            try (Decoder decoder = form.decoder(adapter, true);
                    Decoder plain = new AdaptedModel(base, config("all-linear"), false).decoder(adapter, true)) {
                TensorSet without = gradients(plain);
                assertThat(gradients(decoder)).isEqualTo(without);
                decoder.zeroGrad();
                decoder.dropInputs(17);
                TensorSet once = gradients(decoder);
                assertThat(once).isNotEqualTo(without);
                decoder.zeroGrad();
                decoder.dropInputs(17);
                assertThat(gradients(decoder)).isEqualTo(once);
                decoder.zeroGrad();
                decoder.dropInputs(18);
                assertThat(gradients(decoder)).isNotEqualTo(once);
                List<TokenRow> rows = rows(base.config().vocabulary(), 3);
                assertThat(decoder.logprobs(rows, 1, 3).get(0))
                        .as("scoring never drops")
                        .isEqualTo(plain.logprobs(rows, 1, 3).get(0));
            }
        });
    }

    @Test
    void droppedInputsKeepTheirMean() {
        try (TensorThread thread = TensorThread.start("drop", 1)) {
            thread.run(() -> {
                try (Script script = Script.load(Decoder.class, "decoder.py", "linear.py");
                        ai.djl.ndarray.NDManager scope = Libtorch.scope()) {
                    ai.djl.ndarray.NDList w = new ai.djl.ndarray.NDList(
                            scope.zeros(new ai.djl.ndarray.types.Shape(0)), scope.create(new double[] {0.25, 5}));
                    NDArray x = scope.ones(new ai.djl.ndarray.types.Shape(400, 100));
                    float[] kept = script.tensor(scope, "dropped", x, w, 0, 1).toFloatArray();
                    int zeros = 0;
                    for (float v : kept) {
                        assertThat(v == 0 || Math.abs(v - 4 / 3f) < 1e-6).isTrue();
                        zeros += v == 0 ? 1 : 0;
                    }
                    // 40,000 draws: a standard error of 0.0022
                    assertThat(zeros / 40_000.0).isCloseTo(0.25, within(0.01));
                }
            });
        }
    }

    @Test
    void aFolderWrittenIsTheFolderRead() {
        onBase("llama-gqa-tied", FrozenBase.Storage.FP32, base -> {
            AdapterConfig config = new AdapterConfig(4, 6.5, 0.1, true, List.of("attention", "up_proj"));
            AdaptedModel form = new AdaptedModel(base, config, true);
            TensorSet adapter = filled(form, 6);
            form.save(temp.resolve("value"), adapter, null);
            AdapterFolder read = AdapterFolder.open(temp.resolve("value"));
            assertThat(read.config())
                    .isEqualTo(new AdapterConfig(
                            4, 6.5, 0.1, true, List.of("q_proj", "k_proj", "v_proj", "o_proj", "up_proj")));
            assertThat(read.scoreHead()).isTrue();
            assertThat(read.base()).isEqualTo("llama-gqa-tied");
            assertThat(form.read(temp.resolve("value")).fingerprint()).isEqualTo(adapter.fingerprint());
        });
    }

    @Test
    void shouldRefuseAnAdapterOfAnotherBase() {
        onBase("llama3-rope-untied", FrozenBase.Storage.FP32, base -> {
            AdapterFolder other = AdapterFolder.open(GOLDEN.resolve("lora/q-v"));
            AdaptedModel form = AdaptedModel.of(base, other);
            assertThatThrownBy(() -> form.decoder(other.tensors(), false))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("base_model.model.model.layers.0.self_attn.v_proj.lora_B.weight")
                    .hasMessageContaining("[32, 8]")
                    .hasMessageContaining("[16, 8]")
                    .hasMessageContaining("another base model");
        });
        onBase(
                "llama-value",
                FrozenBase.Storage.FP32,
                base -> assertThatThrownBy(() -> new AdaptedModel(base, config("q_proj"), false))
                        .isInstanceOf(ModelException.class)
                        .hasMessageContaining("score head"));
        onBase(
                "llama-gqa-tied",
                FrozenBase.Storage.FP32,
                base -> assertThatThrownBy(() -> config("lm_head").requireFits(base.config()))
                        .isInstanceOf(ModelException.class)
                        .hasMessageContaining("adapter.targets = lm_head: lm_head is no linear module")
                        .hasMessageContaining("model.layers.0.self_attn.q_proj"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"peft_type\": \"LORA\" | \"peft_type\": \"IA3\" | peft_type = \"IA3\"",
                "\"r\": 8 | \"r\": 0 | adapter.r = 0: expected at least 1",
                "\"lora_alpha\": 16 | \"lora_alpha\": \"much\" | lora_alpha",
                "\"task_type\": \"CAUSAL_LM\" | \"task_type\": \"TOKEN_CLS\" | task_type = \"TOKEN_CLS\""
            })
    void shouldRefuseOtherKindsOfAdapters(String was, String is, String message) throws IOException {
        Path golden = GOLDEN.resolve("lora/q-v");
        String text = Files.readString(golden.resolve(AdapterFolder.CONFIG));
        assertThat(text).contains(was);
        Files.writeString(temp.resolve(AdapterFolder.CONFIG), text.replace(was, is));
        Files.copy(golden.resolve("adapter_model.safetensors"), temp.resolve("adapter_model.safetensors"));
        assertThatThrownBy(() -> AdapterFolder.open(temp))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(AdapterFolder.CONFIG)
                .hasMessageContaining(message);
    }
}
