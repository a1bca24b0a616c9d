package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every golden adapter read and written again, for peft, and merged, for transformers; and an adapter of ours with
 * patterns. Both give the logits that peft gave of the folder that was read.
 */
class AdapterOutTest {
    private static final float TOLERANCE = 1e-4f;
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path jobs;

    /** The right logits of each job. */
    private final Map<String, float[]> right = new LinkedHashMap<>();

    @Test
    void peftAndTransformersReadWhatIsWritten() {
        Python.executable();
        try (TensorThread thread = TensorThread.start("out", 1)) {
            thread.call(() -> {
                for (GoldenFolder.Case c : GoldenFolder.of("adapter")) {
                    writeAgain(c);
                }
                withPatterns();
                return true;
            });
        }
        Python.run(jobs, "peft_reads.py", jobs.toString());
        assertThat(right).hasSizeGreaterThan(60).containsKey("patterns-of-ours");
        right.forEach((name, logits) -> {
            float[] theirs = Safetensors.read(jobs.resolve(name).resolve("out.safetensors"))
                    .get("logits")
                    .floats();
            assertThat(theirs).as(name).containsExactly(logits, within(TOLERANCE));
        });
    }

    private void job(String name, ModelFolder base, int[] ids, boolean score, float[] logits) throws IOException {
        Path folder = Files.createDirectories(jobs.resolve(name));
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("base", base.path().toAbsolutePath().toString());
        json.put("ids", ids);
        json.put("score", score);
        JSON.writeValue(folder.resolve("job.json").toFile(), json);
        right.put(name, logits);
    }

    private void writeAgain(GoldenFolder.Case c) throws IOException {
        ModelFolder folder = ModelFolder.open(c.beside("base"));
        AdapterFolder adapter = AdapterFolder.open(c.beside("adapter"));
        int[] ids = GoldenFolder.ints(c.json().get("inputs").get("input_ids"));
        float[] logits = Safetensors.read(c.beside("logits_file")).get("logits").floats();
        String name = c.json().get("name").asText();
        job(name, folder, ids, adapter.scoreHead(), logits);
        try (FrozenBase base = FrozenBase.load(folder, adapter, FrozenBase.Storage.FP32)) {
            AdaptedModel.of(base, adapter).save(jobs.resolve(name).resolve("adapter"), adapter.tensors(), null);
        }
        job(name + "-merged", folder, ids, adapter.scoreHead(), logits);
        ModelFolder merged = folder.merged(adapter);
        ModelFolder.save(jobs.resolve(name + "-merged").resolve("model"), merged.config(), merged.weights(), null);
    }

    /** Ours from the start: drawn, with every kind of pattern, and its logits by our own decoder. */
    private void withPatterns() throws IOException {
        ModelFolder folder = ModelFolder.open(Path.of("src/test/resources/golden/models/phi3"));
        AdapterTargets targets = new AdapterTargets(
                Set.of(),
                new ModuleNames(null, List.of("qkv_proj", "o_proj", "gate_up_proj", "model.layers.1.mlp.down_proj")),
                new ModuleNames(".*layers\\.1\\.self_attn\\.o_.*", List.of()),
                List.of(1),
                List.of("layers"),
                List.of());
        AdapterConfig config = new AdapterConfig(
                4, 6.5, 0, true, targets, Map.of("qkv_proj", 9, "down_.*", 1), Map.of("(gate_up|qkv)_proj", -3.0));
        int[] ids = {1, 17, 33, 45, 5, 9, 60};
        try (FrozenBase base =
                FrozenBase.load(folder.path().toString(), folder.config(), folder.weights(), FrozenBase.Storage.FP32)) {
            AdaptedModel form = new AdaptedModel(base, config, false);
            TensorSet tensors = drawn(form);
            assertThat(tensors.names()).hasSize(6);
            Path out = jobs.resolve("patterns-of-ours").resolve("adapter");
            form.save(out, tensors, null);
            assertThat(AdapterFolder.open(out).config()).isEqualTo(config);
            try (Decoder decoder = form.decoder(tensors, false);
                    Decoder plain = Decoder.over(base)) {
                float[] logits = logits(decoder, ids);
                job("patterns-of-ours", folder, ids, false, logits);
                assertThat(logits).isNotEqualTo(logits(plain, ids));
            }
        }
    }

    private static float[] logits(Decoder decoder, int[] ids) {
        try (Batch batch = Batch.of(List.of(new TokenRow(ids, 1)), Batch.Kind.EVERY)) {
            return decoder.logits(batch).toFloatArray();
        }
    }

    private static TensorSet drawn(AdaptedModel form) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        form.initial(1).tensors().forEach((name, t) -> {
            float[] values = new float[Math.toIntExact(t.elements())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (0.4 * (CounterNoise.uniform(tensors.size(), 2, 0, i) - 0.5));
            }
            tensors.put(name, HostTensor.ofFloats(values, t.shape()));
        });
        return TensorSet.of(tensors);
    }
}
