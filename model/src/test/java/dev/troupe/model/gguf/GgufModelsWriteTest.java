package dev.troupe.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.model.HalfFloats;
import dev.troupe.model.ModelFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is written of every architecture against the files that gguf_models.py writes by the rules of the converter. */
class GgufModelsWriteTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/gguf/models");
    /** Files whose model is written in another form: the key of old files, a factor that is void, biases of zero. */
    private static final Set<String> OTHER_FORM = Set.of(
            "rope-scale-linear",
            "rope-factor-alone",
            "rope-none",
            "rope-yarn-context",
            "llama-some-biases",
            "llama-fused-qkv",
            "quantised",
            "minicpm-old");
    /** Keys of which files need not have both or any, and those of the tokenizer. */
    private static final List<String> NOT_COMPARED = List.of(
            "tokenizer.", "general.", "baichuan.tensor_data_layout", "phi3.rope.scaling.original_context_length");

    /** llama.cpp does not read the bias of attention's output there. */
    private static final String UNWRITTEN = "qwen3-biases.gguf";

    @TempDir
    Path folder;

    static Stream<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(GOLDEN)) {
            return files
                    .filter(file -> file.toString().endsWith(".gguf"))
                    .filter(file -> !file.endsWith(UNWRITTEN))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void shouldBeWhatTheConverterWrites(Path file) {
        Path written = folder.resolve("w.gguf");
        ModelFolder model = ModelFolder.open(file);
        GgufWriter.write(written, model, GgufWriter.Dtype.F16);
        ModelFolder again = ModelFolder.open(written);
        assertThat(again.config().rope()).isEqualTo(model.config().rope());
        assertThat(again.weights().names()).isEqualTo(model.weights().names());
        String name = file.getFileName().toString().replace(".gguf", "");
        if (!OTHER_FORM.contains(name)) {
            GgufHeader ours = header(written);
            GgufHeader theirs = header(file);
            compareKeys(ours.metadata(), theirs.metadata());
            compareTensors(tensors(written, ours), tensors(file, theirs));
        }
    }

    private static void compareKeys(GgufMetadata ours, GgufMetadata theirs) {
        theirs.values().forEach((key, value) -> {
            if (NOT_COMPARED.stream().anyMatch(key::startsWith)) {
                return;
            }
            if (value instanceof GgufArray list) {
                assertThat(ours.list(key, GgufArray::flags)).as(key).isEqualTo(list.flags());
            } else if (value instanceof Double number) {
                assertThat(ours.number(key)).as(key).isCloseTo(number, within(1e-6 * Math.abs(number)));
            } else {
                assertThat(ours.values().get(key)).as(key).isEqualTo(value);
            }
        });
    }

    private static void compareTensors(Map<String, float[]> ours, Map<String, float[]> theirs) {
        assertThat(ours.keySet()).isEqualTo(theirs.keySet());
        theirs.forEach((name, values) -> assertThat(ours.get(name))
                .as(name)
                .usingComparatorWithPrecision(1e-6f)
                .containsExactly(values));
    }

    private static GgufHeader header(Path file) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            return GgufHeader.parse(ByteBuffer.wrap(bytes), bytes.length, file.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, float[]> tensors(Path file, GgufHeader header) {
        GgufTensors all = new GgufTensors(
                header,
                (at, length) -> ByteBuffer.wrap(Files.readAllBytes(file)).slice((int) at, (int) length));
        Map<String, float[]> values = new TreeMap<>();
        all.names().forEach(name -> values.put(name, HalfFloats.floats(all.read(name))));
        return values;
    }
}
