package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.deploy.settings.Home;
import dev.troupe.model.AdapterFolder;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.Safetensors;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs that train adapters, by the command line. */
class AdapterRunTest extends RunsApart {
    private Path checkpoint(String run, int step) {
        return runs.resolve(run).resolve("checkpoints/step-" + step);
    }

    @ParameterizedTest
    @CsvSource({"lora, fp32", "lora, bf16", "qlora, fp32"})
    void policyAndValueTrainAdaptersAlone(String mode, String dtype) throws IOException {
        Troupe told = Troupe.run("ppo", "adapter.mode=" + mode, "dtype=" + dtype, "learning_rate=1e-2", "adapter.r=4");

        assertThat(told.code()).as(told.err()).isZero();
        JsonNode summary = summary("ppo");
        assertThat(summary.get("kl").asDouble()).isNotZero();
        assertThat(summary.get("parity").get("p95").asDouble()).isLessThan(1e-3);
        AdapterFolder policy = AdapterFolder.open(checkpoint("ppo", 2).resolve("policy"));
        assertThat(policy.tensors().sha256())
                .isEqualTo(summary.get("weights_sha256").asText());
        assertThat(policy.basePath()).isEqualTo(Home.find().model("stories").toAbsolutePath());
        assertThat(policy.config().r()).isEqualTo(4);
        AdapterFolder value = AdapterFolder.open(checkpoint("ppo", 2).resolve("value"));
        assertThat(value.scoreHead()).isTrue();
        assertThat(value.basePath())
                .isEqualTo(Home.find().model("stories-reward").toAbsolutePath());
        assertThat(value.tensors().names()).contains("base_model.model.score.weight");
    }

    @Test
    void withoutALearningRateNothingMoves() throws IOException {
        Troupe told = Troupe.run("still", "adapter.mode=lora", "learning_rate=0", "reward.kind=rule");

        assertThat(told.code()).as(told.err()).isZero();
        JsonNode s = summary("still");
        assertThat(s.get("kl").asDouble()).isZero();
        assertThat(s.get("gold_after").asDouble())
                .isEqualTo(s.get("gold_before").asDouble());
        assertThat(AdapterFolder.open(checkpoint("still", 2).resolve("value")).basePath())
                .as("without a reward model the value model stands on the policy's base")
                .isEqualTo(Home.find().model("stories").toAbsolutePath());
    }

    @Test
    void aResumedRunEqualsAStraightOne() throws IOException {
        String[] settings = {"adapter.mode=lora", "learning_rate=1e-2", "checkpoint.every=1", "steps=3"};
        assertThat(Troupe.run("straight", settings).code()).isZero();
        assertThat(Troupe.run("resumed", settings).code()).isZero();
        delete(checkpoint("resumed", 3));
        Troupe other =
                Troupe.of("run", "--resume", runs.resolve("resumed").toString(), "adapter.r=4", "learning_rate=1e-3");
        assertThat(other.code()).isEqualTo(2);
        assertThat(other.err()).contains("command line: adapter.r = 4", "was made with 16");

        Troupe told = Troupe.of("run", "--resume", runs.resolve("resumed").toString());

        assertThat(told.code()).as(told.err()).isZero();
        assertThat(summary("resumed").get("weights_sha256"))
                .isEqualTo(summary("straight").get("weights_sha256"));
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    @Test
    void fineTuningWritesAFolderThatTheOtherCommandsRead() throws IOException {
        Troupe told = Troupe.of(
                "run",
                "stories/sft",
                "--name",
                "sft",
                "model.policy=stories",
                "adapter.mode=lora",
                "adapter.dropout=0.1",
                "adapter.targets=attention",
                "steps=2",
                "batch.prompts=4",
                "micro_batch=2");
        assertThat(told.code()).as(told.err()).isZero();
        Path folder = checkpoint("sft", 2).resolve("policy");
        assertThat(AdapterFolder.open(folder).config().targets().named().names())
                .containsExactly("q_proj", "k_proj", "v_proj", "o_proj");
        Path input = runs.resolve("in.jsonl");
        Files.writeString(input, "{\"prompt\":\"One day, Sue had a red boat\",\"completion\":\" at the lake.\"}\n");

        double[] apart = logprobs("--model", "stories", "--adapter", folder.toString(), "--input", input.toString());
        double[] merged = logprobs("--model", runs.resolve("sft").toString(), "--input", input.toString());
        double[] base = logprobs("--model", "stories", "--input", input.toString());
        double[] quantised = logprobs("--model", "stories", "--quantize", "nf4", "--input", input.toString());

        assertThat(apart).containsExactly(merged, org.assertj.core.api.Assertions.within(1e-4));
        assertThat(apart).isNotEqualTo(base);
        String whole = runs.resolve("whole").toString();
        Troupe converted =
                Troupe.of("convert", "--model", "stories", "--merge", folder.toString(), "--to", "hf", "--out", whole);
        assertThat(converted.code()).as(converted.err()).isZero();
        assertThat(logprobs("--model", whole, "--input", input.toString())).isEqualTo(merged);
        assertThat(quantised).isNotEqualTo(base).containsExactly(base, org.assertj.core.api.Assertions.within(2.0));
        Troupe story = Troupe.of(
                "generate", "--model", "stories", "--adapter", folder.toString(), "--prompt", "One day", "--seed", "1");
        assertThat(story.code()).as(story.err()).isZero();
        assertThat(story.out()).startsWith("One day");
        assertThat(ModelFolder.open(folder).weights().names())
                .isEqualTo(
                        ModelFolder.open(Home.find().model("stories")).weights().names());
    }

    /** A trained adapter with its files changed, as the commands read it. */
    @Test
    void whatAnAdaptersFilesSayIsUsedOrRefused() throws IOException {
        assertThat(Troupe.of(
                                "run",
                                "stories/sft",
                                "--name",
                                "files",
                                "model.policy=stories",
                                "adapter.mode=lora",
                                "steps=1",
                                "batch.prompts=2")
                        .code())
                .isZero();
        Path trained = checkpoint("files", 1).resolve("policy");
        Path input = runs.resolve("in.jsonl");
        Files.writeString(input, "{\"prompt\":\"One day, Sue had a red boat\",\"completion\":\" at the lake.\"}\n");
        String[] plain = {"--model", "stories", "--adapter", trained.toString(), "--input", input.toString()};
        double[] before = logprobs(plain);
        Path config = trained.resolve(AdapterFolder.CONFIG);
        String text = Files.readString(config);

        Files.writeString(config, text.replaceFirst("\\{", "{\"foo_scale\": 2,"));
        String[] command = {"logprobs", plain[0], plain[1], plain[2], plain[3], plain[4], plain[5]};
        Troupe unknown = Troupe.of(command);
        assertThat(unknown.code()).isNotZero();
        assertThat(unknown.err()).contains("not known: foo_scale = 2", "--ignore-keys foo_scale");
        String[] passing = java.util.Arrays.copyOf(plain, plain.length + 2);
        passing[plain.length] = "--ignore-keys";
        passing[plain.length + 1] = "foo_scale";
        assertThat(logprobs(passing)).isEqualTo(before);

        Files.writeString(config, text.replace("\"modules_to_save\" : null", "\"modules_to_save\" : [\"model.norm\"]"));
        Troupe missing = Troupe.of(command);
        assertThat(missing.err())
                .contains("modules_to_save = [model.norm], and tensor", "model.norm.weight is missing");
        Map<String, HostTensor> tensors = new LinkedHashMap<>(
                Safetensors.read(trained.resolve("adapter_model.safetensors")).tensors());
        float[] norm = ModelFolder.open(Home.find().model("stories"))
                .weights()
                .get("model.norm.weight")
                .floats();
        for (int i = 0; i < norm.length; i++) {
            norm[i] *= 2;
        }
        tensors.put("base_model.model.model.norm.weight", HostTensor.ofFloats(norm));
        Safetensors.write(trained.resolve("adapter_model.safetensors"), TensorSet.of(tensors));
        String whole = runs.resolve("whole").toString();
        assertThat(Troupe.of(
                                "convert",
                                "--model",
                                "stories",
                                "--merge",
                                trained.toString(),
                                "--to",
                                "hf",
                                "--out",
                                whole)
                        .code())
                .isZero();
        assertThat(logprobs(plain))
                .isNotEqualTo(before)
                .containsExactly(
                        logprobs("--model", whole, "--input", input.toString()),
                        org.assertj.core.api.Assertions.within(1e-4));

        Path named = trained.resolve("adapter_base.json");
        Files.writeString(named, Files.readString(named).replaceFirst(": \"....", ": \"0000"));
        assertThat(Troupe.of(command).err()).contains("was made for a base with fingerprint 0000", "adapter_base.json");
    }

    private static double[] logprobs(String... options) throws IOException {
        String[] all = new String[options.length + 1];
        all[0] = "logprobs";
        System.arraycopy(options, 0, all, 1, options.length);
        Troupe told = Troupe.of(all);
        assertThat(told.code()).as(told.err()).isZero();
        JsonNode values = new ObjectMapper().readTree(told.out()).get("logprobs");
        double[] out = new double[values.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = values.get(i).asDouble();
        }
        return out;
    }

    @Test
    void whatDoesNotFitIsToldBeforeARunBegins() {
        Troupe told = Troupe.run("none", "adapter.mode=lora", "adapter.targets=\"q_proj, lm_head\"");
        assertThat(told.code()).isNotZero();
        assertThat(told.err()).contains("adapter.targets = q_proj,lm_head: lm_head is no linear module");
        assertThat(runs.resolve("none")).doesNotExist();
        Troupe quantised = Troupe.of("logprobs", "--model", "stories", "--quantize", "int3", "--input", "x");
        assertThat(quantised.code()).isEqualTo(2);
        assertThat(quantised.err()).contains("--quantize int3: expected nf4");
        Troupe rank = Troupe.run("none", "adapter.mode=lora", "adapter.r=0");
        assertThat(rank.code()).isEqualTo(2);
        assertThat(rank.err()).contains("adapter.r = 0: expected at least 1");
    }
}
