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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapters of ours read by peft, and peft's read here: the same outputs. */
class PeftRoundTripTest {
    private static final Path MODELS = Path.of("src/test/resources/golden/models");
    private static final int[] IDS = {1, 17, 202, 45, 99, 256, 3, 3, 78, 140};

    @TempDir
    private Path jobs;

    private record Job(String name, String model, boolean score, boolean make, boolean rslora, Object targets) {}

    private static final List<Job> ALL = List.of(
            new Job("ours", "llama-gqa-tied", false, false, false, "all-linear"),
            new Job("ours-rslora", "qwen2-bias", false, false, true, "attention"),
            new Job("ours-score", "llama-gqa-tied", true, false, false, "all-linear"),
            new Job("theirs", "llama-gqa-tied", false, true, false, "all-linear"),
            new Job("theirs-rslora", "qwen3-qknorm", false, true, true, List.of("v_proj", "down_proj")),
            new Job("theirs-score", "llama-gqa-tied", true, true, false, List.of("q_proj", "gate_proj")));

    @Test
    void outputsAreTheSameOnBothSides() {
        try (TensorThread thread = TensorThread.start("peft", 1)) {
            for (Job job : ALL) {
                thread.call(() -> {
                    prepare(job);
                    return true;
                });
            }
            Python.run(jobs, "peft_round_trip.py", jobs.toString());
            for (Job job : ALL) {
                thread.run(() -> compare(job));
            }
        }
    }

    private static ModelFolder base(Job job) {
        return ModelFolder.open(MODELS.resolve(job.model).toAbsolutePath());
    }

    private static FrozenBase frozen(Job job) {
        ModelFolder folder = base(job);
        return FrozenBase.load(folder.path().toString(), folder.config(), folder.weights(), FrozenBase.Storage.FP32);
    }

    private void prepare(Job job) throws IOException {
        Path folder = Files.createDirectories(jobs.resolve(job.name));
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("base", base(job).path().toString());
        json.put("score", job.score);
        json.put("make", job.make);
        json.put("rslora", job.rslora);
        json.put("targets", job.targets);
        json.put("ids", IDS);
        new ObjectMapper().writeValue(folder.resolve("job.json").toFile(), json);
        if (!job.make) {
            try (FrozenBase base = frozen(job)) {
                AdapterConfig config = new AdapterConfig(5, 10, 0.1, job.rslora, List.of(job.targets.toString()));
                AdaptedModel form = new AdaptedModel(base, config, job.score);
                form.save(folder.resolve("adapter"), noisy(form), null);
            }
        }
    }

    private static TensorSet noisy(AdaptedModel form) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        form.initial(1).tensors().forEach((name, t) -> {
            float[] values = new float[Math.toIntExact(t.elements())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (0.6 * (CounterNoise.uniform(tensors.size(), 2, 0, i) - 0.5));
            }
            tensors.put(name, HostTensor.ofFloats(values, t.shape()));
        });
        return TensorSet.of(tensors);
    }

    private void compare(Job job) {
        AdapterFolder adapter = AdapterFolder.open(jobs.resolve(job.name).resolve("adapter"));
        assertThat(adapter.scoreHead()).isEqualTo(job.score);
        float[] theirs = Safetensors.read(jobs.resolve(job.name).resolve("out.safetensors"))
                .get("logits")
                .floats();
        TokenRow row = new TokenRow(IDS, 1);
        try (FrozenBase base = frozen(job);
                Decoder decoder = AdaptedModel.of(base, adapter).decoder(adapter.tensors(), false);
                Batch batch = Batch.of(List.of(row), job.score ? Batch.Kind.LAST : Batch.Kind.EVERY)) {
            float[] ours = (job.score ? decoder.values(batch) : decoder.logits(batch)).toFloatArray();
            assertThat(ours).as(job.name).hasSize(theirs.length).containsExactly(theirs, within(1e-4f));
        }
    }
}
