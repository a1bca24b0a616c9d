package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SmolLM2 in bf16 against transformers' own bf16, both measured by transformers in fp32, on what the model samples. */
class Bf16AccuracyTest {
    private static final int[][] PROMPTS = {
        {1, 504, 3575, 282, 4649, 314}, {1, 6403, 253, 6268, 28}, {1, 1780, 359, 506}
    };
    private static final int SAMPLES = 3;
    private static final int TOKENS = 48;
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    private record Gap(double p95, double outside) {
        static Gap between(List<float[]> some, List<float[]> others) {
            List<Double> gaps = new ArrayList<>();
            int outside = 0;
            for (int r = 0; r < some.size(); r++) {
                for (int i = 0; i < some.get(r).length; i++) {
                    double gap = some.get(r)[i] - others.get(r)[i];
                    gaps.add(Math.abs(gap));
                    outside += Math.exp(gap) < 0.9 || Math.exp(gap) > 1.1 ? 1 : 0;
                }
            }
            double[] sorted =
                    gaps.stream().mapToDouble(Double::doubleValue).sorted().toArray();
            return new Gap(sorted[(int) Math.ceil(0.95 * sorted.length) - 1], outside / (double) sorted.length);
        }
    }

    @Test
    void shouldBeAsCloseToFp32AsTransformersIs() throws Exception {
        String python = Python.executable();
        ModelFolder model = ModelFolder.open(RealModels.input("smollm2-135m-instruct"));
        List<TokenRow> rows = new ArrayList<>();
        List<float[]> rollout = new ArrayList<>();
        List<float[]> learner = new ArrayList<>();
        try (TensorThread thread = TensorThread.start("bf16", 2)) {
            thread.run(() -> sample(model, rows, rollout));
            thread.run(() -> {
                Numerics bf16 = new Numerics(Dtype.BF16, false);
                try (Decoder decoder = Decoder.load(model.config(), model.weights(), false, bf16)) {
                    learner.addAll(decoder.logprobs(rows, 1.0, rows.size()));
                }
            });
        }
        List<JsonNode> peer = transformers(python, model.path(), rows);
        List<float[]> fp32 = peer.stream().map(p -> floats(p.get("fp32"))).toList();
        Gap theirs = Gap.between(peer.stream().map(p -> floats(p.get("bf16"))).toList(), fp32);
        Gap ours = Gap.between(learner, fp32);
        Gap parity = Gap.between(rollout, learner);
        System.out.printf(
                "bf16 against fp32: ours %s, transformers' %s; rollout against learner %s%n", ours, theirs, parity);
        assertThat(ours.p95).isLessThanOrEqualTo(1.2 * theirs.p95);
        assertThat(parity.p95).isLessThanOrEqualTo(theirs.p95);
        assertThat(parity.outside).isLessThanOrEqualTo(theirs.outside);
    }

    private static void sample(ModelFolder model, List<TokenRow> rows, List<float[]> logprobs) {
        int slots = PROMPTS.length * SAMPLES;
        try (DecodeEngine engine = DecodeEngine.open(
                model.config(), model.weights(), slots, 64, SamplingConfig.atTemperature(1.0), Dtype.BF16)) {
            int[][] ids = new int[slots][TOKENS];
            float[][] recorded = new float[slots][TOKENS];
            for (int s = 0; s < slots; s++) {
                double[] noise = {CounterNoise.uniform(5, s, 0, 0)};
                DecodeEngine.Step first = engine.prefill(PROMPTS[s / SAMPLES], new int[] {s}, noise);
                ids[s][0] = first.tokens()[0];
                recorded[s][0] = first.logprobs()[0];
            }
            for (int t = 1; t < TOKENS; t++) {
                int now = t;
                double[] noise = new double[slots];
                Arrays.setAll(noise, s -> CounterNoise.uniform(5, s, 0, now));
                DecodeEngine.Step step = engine.step(noise);
                for (int s = 0; s < slots; s++) {
                    ids[s][t] = step.tokens()[s];
                    recorded[s][t] = step.logprobs()[s];
                }
            }
            for (int s = 0; s < slots; s++) {
                rows.add(TokenRow.of(PROMPTS[s / SAMPLES], ids[s]));
                logprobs.add(recorded[s]);
            }
        }
    }

    private List<JsonNode> transformers(String python, Path model, List<TokenRow> rows) throws Exception {
        Path input = folder.resolve("rows.jsonl");
        Path output = folder.resolve("answers.jsonl");
        List<String> lines = new ArrayList<>();
        for (TokenRow row : rows) {
            lines.add(JSON.writeValueAsString(Map.of("ids", row.ids(), "prompt", row.promptLength())));
        }
        Files.write(input, lines);
        Process process = new ProcessBuilder(
                        python,
                        Path.of("src/test/resources/peers/hf_logprobs.py").toString(),
                        model.toString())
                .redirectInput(input.toFile())
                .redirectOutput(output.toFile())
                .redirectError(folder.resolve("errors.txt").toFile())
                .start();
        assertThat(process.waitFor())
                .as(() -> text(folder.resolve("errors.txt")))
                .isZero();
        List<JsonNode> answers = new ArrayList<>();
        for (String line : Files.readAllLines(output)) {
            answers.add(JSON.readTree(line));
        }
        return answers;
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static float[] floats(JsonNode array) {
        float[] out = new float[array.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) array.get(i).asDouble();
        }
        return out;
    }
}
