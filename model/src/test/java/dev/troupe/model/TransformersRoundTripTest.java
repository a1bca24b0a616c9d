package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.gguf.GgufWriter;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.DataType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written here, read by transformers: the same numbers, the same greedy tokens, the same ids. */
class TransformersRoundTripTest {
    private static final Path MODELS = Path.of("src/test/resources/golden/models");
    private static final Path STORIES = Path.of("../deploy/models/stories");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final double LOGITS = 1e-4;
    private static final int NEW_TOKENS = 16;
    private static final int[][] ROWS = {{1, 5, 9, 17, 33, 65, 29, 50, 3}, {1, 20, 7, 7, 40}};
    private static final List<String> TEXTS =
            List.of("Once upon a time there was a cat.", " two  spaces\n\nIn 2024, 3.14", "naïve 日本 don't", "");

    @TempDir
    Path folder;

    /** What transformers answers; without a Python that has it the test is skipped. */
    private JsonNode ask(List<ObjectNode> models) throws IOException, InterruptedException {
        Path out = folder.resolve("answer");
        Process process = new ProcessBuilder(Python.executable(), "src/test/resources/transformers_peer.py")
                .redirectOutput(out.toFile())
                .redirectError(folder.resolve("errors").toFile())
                .start();
        ObjectNode request = JSON.createObjectNode();
        models.forEach(request.putArray("models")::add);
        process.outputWriter().append(request.toString()).close();
        boolean ended = process.waitFor(10, TimeUnit.MINUTES);
        process.destroyForcibly();
        assertThat(ended && process.exitValue() == 0)
                .as(Files.readString(folder.resolve("errors")))
                .isTrue();
        List<String> lines = Files.readAllLines(out);
        return JSON.readTree(lines.get(lines.size() - 1));
    }

    private static ObjectNode request(Path path, int[][] rows) {
        ObjectNode request = JSON.createObjectNode();
        boolean file = path.toString().endsWith(".gguf");
        request.put("folder", (file ? path.toAbsolutePath().getParent() : path.toAbsolutePath()).toString());
        if (file) {
            request.put("file", path.getFileName().toString());
        }
        ArrayNode list = request.putArray("rows");
        for (int[] row : rows) {
            ArrayNode ids = list.addArray();
            Arrays.stream(row).forEach(ids::add);
        }
        return request;
    }

    /**
     * Against products in float64. Of a model whose logits are so large that fp32 cannot hold them to 1e-4,
     * transformers' fp32 says what it can: twice its own distance.
     */
    private static void sameLogits(String what, ModelFolder model, int[][] rows, JsonNode answer) {
        double tolerance = Math.max(LOGITS, 2 * answer.get("rounding").asDouble());
        assertThat(tolerance).as("what fp32 can hold").isLessThan(1e-3);
        try (TensorThread thread = TensorThread.start("round trip", 1)) {
            thread.run(() -> {
                try (Decoder decoder = Decoder.load(model.config(), model.weights(), false)) {
                    for (int r = 0; r < rows.length; r++) {
                        boolean score = model.config().scoreHead();
                        float[] found = score ? values(decoder, rows[r]) : logits(decoder, rows[r]);
                        double[] expected = GoldenFolder.numbers(
                                answer.get(score ? "scores" : "logits").get(r));
                        int from = score ? found.length - 1 : 0;
                        assertThat(found.length - from).isEqualTo(expected.length);
                        for (int i = 0; i < expected.length; i++) {
                            assertThat((double) found[from + i]).as(what).isCloseTo(expected[i], within(tolerance));
                        }
                    }
                }
            });
        }
    }

    private static float[] logits(Decoder decoder, int[] row) {
        try (Batch batch = Batch.of(List.of(new TokenRow(row, 1)), Batch.Kind.EVERY)) {
            return decoder.logits(batch).toFloatArray();
        }
    }

    private static float[] values(Decoder decoder, int[] row) {
        return decoder.values(List.of(new TokenRow(row, 1)), 1).get(0);
    }

    private static void sameGreedy(ModelFolder model, int[][] rows, JsonNode answer) {
        try (TensorThread thread = TensorThread.start("round trip", 1)) {
            thread.run(() -> {
                try (DecodeEngine engine =
                        DecodeEngine.open(model.config(), model.weights(), 1, 64, SamplingConfig.greedy())) {
                    for (int r = 0; r < rows.length; r++) {
                        int[] expected = GoldenFolder.ints(answer.get("greedy").get(r));
                        int[] drawn = new int[expected.length];
                        drawn[0] = engine.prefill(rows[r], new int[] {0}, new double[] {0.5})
                                .tokens()[0];
                        for (int t = 1; t < drawn.length; t++) {
                            drawn[t] = engine.step(new double[1]).tokens()[0];
                        }
                        engine.release(0);
                        assertThat(drawn).isEqualTo(expected);
                    }
                }
            });
        }
    }

    private static void sameIds(Path path, JsonNode answer) {
        try (Tokenizer tokenizer = Tokenizer.open(path)) {
            for (int i = 0; i < TEXTS.size(); i++) {
                assertThat(tokenizer.encode(TEXTS.get(i), true))
                        .as(path + ": " + TEXTS.get(i))
                        .isEqualTo(GoldenFolder.ints(answer.get("ids").get(i)));
            }
        }
    }

    @Test
    void foldersOfEveryFamilyAndType() throws Exception {
        List<ObjectNode> requests = new ArrayList<>();
        List<ModelFolder> written = new ArrayList<>();
        List<String> dtypes = new ArrayList<>();
        for (String name : List.of(
                "llama-gqa-tied",
                "llama3-rope-untied",
                "llama-linear-rope",
                "llama-yarn",
                "llama-biases",
                "llama-theta-on-top",
                "tied-two-matrices",
                "qwen2-bias",
                "qwen2-window",
                "qwen3-qknorm",
                "mistral-window",
                "gemma",
                "gemma2",
                "gemma3",
                "phi3",
                "phi3-longrope",
                "olmo2",
                "olmo3",
                "granite",
                "llama-reward",
                "llama-value")) {
            for (DataType dtype : List.of(DataType.DATA_TYPE_F32, DataType.DATA_TYPE_BF16)) {
                ModelFolder model = ModelFolder.open(MODELS.resolve(name));
                Path path = folder.resolve(name + dtype);
                ModelFolder.save(path, model.config(), HalfFloats.as(dtype, model.weights()), null);
                written.add(ModelFolder.open(path));
                dtypes.add(dtype == DataType.DATA_TYPE_F32 ? "float32" : "bfloat16");
                requests.add(request(path, ROWS).put("score", model.config().scoreHead()));
            }
        }
        for (String name : List.of("mistral-window", "gemma2", "gemma3", "phi3", "olmo2")) {
            ModelFolder model = scoring(ModelFolder.open(MODELS.resolve(name)));
            Path path = folder.resolve(name + "-score");
            ModelFolder.save(path, model.config(), model.weights(), null);
            written.add(ModelFolder.open(path));
            dtypes.add("float32");
            requests.add(request(path, ROWS).put("score", true));
        }
        JsonNode answers = ask(requests);
        for (int i = 0; i < written.size(); i++) {
            assertThat(answers.get(i).get("stored").asText()).isEqualTo(dtypes.get(i));
            sameLogits(written.get(i).path().toString(), written.get(i), ROWS, answers.get(i));
        }
    }

    /** With a score head that is not zero. */
    private static ModelFolder scoring(ModelFolder model) {
        Map<String, HostTensor> weights = new LinkedHashMap<>(
                ModelInit.withScoreHead(model.config(), model.weights()).tensors());
        float[] head = new float[model.config().hidden()];
        for (int i = 0; i < head.length; i++) {
            head[i] = (float) CounterNoise.uniform(3, 0, 0, i) - 0.5f;
        }
        weights.put("score.weight", HostTensor.ofFloats(head, 1, head.length));
        return new ModelFolder(model.path(), model.config().withScoreHead(true), TensorSet.of(weights));
    }

    /** Families that transformers has no class for: what is written is what was read. */
    @Test
    void foldersOfFamiliesWithoutAClass() {
        for (String name : List.of("baichuan", "baichuan2", "internlm2", "minicpm")) {
            ModelFolder model = ModelFolder.open(MODELS.resolve(name));
            Path path = folder.resolve(name);
            ModelFolder.save(path, model.config(), model.weights(), null);
            ModelFolder again = ModelFolder.open(path);
            assertThat(again.config()).isEqualTo(model.config());
            assertThat(again.weights().names()).isEqualTo(model.weights().names());
            for (String tensor : model.weights().names()) {
                assertThat(again.weights().get(tensor).floats())
                        .as(name + ", " + tensor)
                        .usingComparatorWithPrecision(1e-6f)
                        .containsExactly(model.weights().get(tensor).floats());
            }
        }
    }

    @Test
    void ggufFilesOfEveryTypeAndOfQwen2() throws Exception {
        List<ObjectNode> requests = new ArrayList<>();
        List<ModelFolder> written = new ArrayList<>();
        ModelFolder stories = ModelFolder.open(STORIES);
        int[][] prompts;
        try (Tokenizer tokenizer = stories.tokenizer()) {
            prompts = new int[][] {tokenizer.encode("Once upon a time", true), tokenizer.encode("The cat", true)};
        }
        for (GgufWriter.Dtype dtype : GgufWriter.Dtype.values()) {
            Path file = folder.resolve(dtype + ".gguf");
            GgufWriter.write(file, stories, dtype);
            written.add(ModelFolder.open(file));
            requests.add(request(file, prompts).put("new_tokens", NEW_TOKENS));
            TEXTS.forEach(requests.get(requests.size() - 1).withArray("texts")::add);
        }
        Path file = folder.resolve("qwen2.gguf");
        GgufWriter.write(file, qwen2(stories.path()), GgufWriter.Dtype.F16);
        written.add(ModelFolder.open(file));
        requests.add(request(file, prompts).put("new_tokens", NEW_TOKENS));
        TEXTS.forEach(requests.get(requests.size() - 1).withArray("texts")::add);
        JsonNode answers = ask(requests);
        for (int i = 0; i < written.size(); i++) {
            sameLogits(written.get(i).path().toString(), written.get(i), prompts, answers.get(i));
            sameGreedy(written.get(i), prompts, answers.get(i));
            sameIds(written.get(i).path(), answers.get(i));
        }
    }

    /** A small Qwen2 with biases, over the stories' vocabulary. */
    private ModelFolder qwen2(Path tokenizer) {
        ModelConfig config = ModelConfig.parse(
                ModelConfig.llama(512, 64, 96, 2, 4, 2, 128)
                        .toJson()
                        .replace("\"llama\"", "\"qwen2\"")
                        .replace("Llama", "Qwen2"),
                "qwen2");
        Map<String, HostTensor> weights =
                new LinkedHashMap<>(ModelInit.random(config, 3).tensors());
        weights.replaceAll((name, tensor) -> {
            float[] values = tensor.floats();
            for (int i = 0; name.endsWith(".bias") && i < values.length; i++) {
                values[i] = (float) CounterNoise.uniform(1, 2, name.hashCode(), i) - 0.5f;
            }
            return HostTensor.ofFloats(values, tensor.shape());
        });
        ModelFolder.save(folder.resolve("qwen2"), config, TensorSet.of(weights), tokenizer);
        return ModelFolder.open(folder.resolve("qwen2"));
    }

    @Test
    void smollm2AsAFolderAndAsF16() throws Exception {
        Python.executable();
        ModelFolder source = ModelFolder.open(RealModels.smollm2());
        Path out = folder.resolve("folder");
        ModelFolder.save(out, source.config(), HalfFloats.as(DataType.DATA_TYPE_BF16, source.weights()), source.path());
        ModelFolder asFolder = ModelFolder.open(out);
        Path file = folder.resolve("f16.gguf");
        GgufWriter.write(file, asFolder, GgufWriter.Dtype.F16);
        ModelFolder asFile = ModelFolder.open(file);
        int[][] prompts = new int[1][];
        try (Tokenizer tokenizer = asFile.tokenizer()) {
            prompts[0] = tokenizer.encode(List.of(new ChatMessage("user", "Name three animals that can fly.")), true);
        }
        ObjectNode first = request(out, prompts).put("new_tokens", NEW_TOKENS);
        TEXTS.forEach(first.withArray("texts")::add);
        JsonNode answers = ask(List.of(first, request(file, prompts).put("new_tokens", NEW_TOKENS)));
        sameIds(out, answers.get(0));
        sameLogits("folder", asFolder, prompts, answers.get(0));
        sameGreedy(asFolder, prompts, answers.get(0));
        sameLogits("file", asFile, prompts, answers.get(1));
        sameGreedy(asFile, prompts, answers.get(1));
    }
}
