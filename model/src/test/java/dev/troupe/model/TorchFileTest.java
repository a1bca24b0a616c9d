package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.proto.TensorSet;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of torch.save against the same tensors as safetensors; torch_golden.py makes both. */
class TorchFileTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/torch");

    @TempDir
    private Path temp;

    @ParameterizedTest
    @ValueSource(strings = {"kinds", "views", "state", "parameters", "ordered"})
    void holdsTheTensorsThatTorchSays(String name) {
        TensorSet got = TorchFile.read(GOLDEN.resolve(name + ".bin"));
        TensorSet right = Safetensors.read(GOLDEN.resolve(name + ".safetensors"));
        assertThat(got.names()).containsExactlyInAnyOrderElementsOf(right.names());
        for (String each : right.names()) {
            assertThat(got.get(each)).as(each).isEqualTo(right.get(each));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "module | names torch.nn.modules.container.Sequential, which makes no tensor",
                "number | entry step is no tensor",
                "list | holds a list; expected a dictionary",
                "double | tensor a is of Double",
                "legacy | torch before 1.6"
            })
    void whatIsNoDictionaryOfTensorsIsRefused(String name, String why) {
        assertThatThrownBy(() -> TorchFile.read(GOLDEN.resolve(name + ".refused.bin")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(name + ".refused.bin")
                .hasMessageContaining(why);
    }

    /** Names of functions are refused where they stand, before anything could be called. */
    @ParameterizedTest
    @CsvSource({"posix, system", "builtins, eval", "torch, load", "torch._utils, _rebuild_parameter_with_state"})
    void noFunctionIsRun(String module, String name) throws IOException {
        byte[] byLine = ("\u0080\u0002c" + module + "\n" + name + "\n.").getBytes(StandardCharsets.ISO_8859_1);
        ByteArrayOutputStream onStack = new ByteArrayOutputStream();
        onStack.write(new byte[] {(byte) 0x80, 4});
        for (String text : List.of(module, name)) {
            onStack.write(0x8c);
            onStack.write(text.length());
            onStack.write(text.getBytes(StandardCharsets.US_ASCII));
        }
        onStack.write(new byte[] {(byte) 0x93, '.'});
        for (byte[] pickle : List.of(byLine, onStack.toByteArray())) {
            assertThatThrownBy(() -> TorchFile.read(zip(pickle, ZipEntry.STORED)))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("names " + module + "." + name)
                    .hasMessageContaining("no code is run");
        }
    }

    private Path zip(byte[] pickle, int method) throws IOException {
        Path file = temp.resolve("made.bin");
        try (OutputStream out = Files.newOutputStream(file);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            ZipEntry entry = new ZipEntry("archive/data.pkl");
            entry.setMethod(method);
            CRC32 sum = new CRC32();
            sum.update(pickle);
            entry.setSize(pickle.length);
            if (method == ZipEntry.STORED) {
                entry.setCrc(sum.getValue());
            }
            zip.putNextEntry(entry);
            zip.write(pickle);
        }
        return file;
    }

    @Test
    void aZipThatGrowsIsRefused() throws IOException {
        Path file = zip(new byte[1 << 20], ZipEntry.DEFLATED);
        assertThatThrownBy(() -> TorchFile.read(file))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("entry archive/data.pkl is compressed");
    }

    @Test
    void otherFilesAreRefused() throws IOException {
        for (Map.Entry<String, String> e : Map.of("", "is no file of torch.save", "PK\3\4 and on", "broken zip file")
                .entrySet()) {
            Path file = Files.writeString(temp.resolve("other.bin"), e.getKey());
            assertThatThrownBy(() -> TorchFile.read(file))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining(e.getValue());
        }
        assertThatThrownBy(() -> TorchFile.read(temp.resolve("none.bin")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("no file");
    }

    /** pytorch_model.bin, and the two files that pytorch_model.bin.index.json names. */
    @ParameterizedTest
    @ValueSource(strings = {"whole", "sharded"})
    void aModelsFolderMayHoldThem(String name) {
        ModelFolder right = ModelFolder.open(GOLDEN.resolve("model/mapped"));
        ModelFolder got = ModelFolder.open(GOLDEN.resolve("model").resolve(name));
        assertThat(got.config()).isEqualTo(right.config());
        assertThat(got.weights()).isEqualTo(right.weights());
    }

    /** Damage gives tensors of the sizes that are there, or an error that names the file; nothing else. */
    @Test
    void damageIsTold() throws IOException {
        Random random = new Random(9);
        Path file = temp.resolve("damaged.bin");
        for (String name : List.of("kinds", "views", "ordered", "module.refused")) {
            byte[] whole = Files.readAllBytes(GOLDEN.resolve(name + ".bin"));
            for (int i = 0; i < 1000; i++) {
                byte[] bytes = i % 10 == 0
                        ? Arrays.copyOf(whole, random.nextInt(whole.length))
                        : Arrays.copyOf(whole, whole.length);
                for (int k = 0; k < random.nextInt(4) + 1 && bytes.length > 0; k++) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
                }
                Files.write(file, bytes);
                try {
                    assertThat(TorchFile.read(file).byteSize()).isLessThan(10_000);
                } catch (ModelException e) {
                    assertThat(e).hasMessageContaining("damaged.bin");
                }
            }
        }
    }
}
