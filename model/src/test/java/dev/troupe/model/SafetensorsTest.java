package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
    @TempDir
    Path folder;

    private static TensorSet some() {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        tensors.put("b", HostTensor.ofFloats(new float[] {1.5f, -2, 3, 4, 5, 6}, 2, 3));
        tensors.put("a", HostTensor.ofLongs(new long[] {7, -8}));
        return TensorSet.of(tensors);
    }

    private Path file(String header, int dataBytes) throws IOException {
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + text.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(text.length).put(text);
        return Files.write(folder.resolve("x.safetensors"), bytes.array());
    }

    @Test
    void shouldReadWhatItWrote() {
        Path file = folder.resolve("x.safetensors");
        Safetensors.write(file, some());
        TensorSet read = Safetensors.read(file);
        assertThat(read.fingerprint()).isEqualTo(some().fingerprint());
        assertThat(read.get("b").shape()).containsExactly(2, 3);
        assertThat(folder.toFile().list()).containsExactly("x.safetensors");
    }

    @Test
    void shouldWriteTheSameBytesForEqualSets() throws IOException {
        Map<String, HostTensor> turned = new LinkedHashMap<>();
        turned.put("a", some().get("a"));
        turned.put("b", some().get("b"));
        Safetensors.write(folder.resolve("1"), some());
        Safetensors.write(folder.resolve("2"), TensorSet.of(turned));
        assertThat(folder.resolve("1")).hasSameBinaryContentAs(folder.resolve("2"));
    }

    @Test
    void shouldKeepHalvesAsTheFileHasThem() throws IOException {
        Path file = file(
                "{\"h\":{\"dtype\":\"F16\",\"shape\":[6],\"data_offsets\":[0,12]},"
                        + "\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[12,16]}}",
                16);
        byte[] bytes = Files.readAllBytes(file);
        short[] halves = {0x3C00, (short) 0xC000, 0x0001, 0x7BFF, (short) 0x8000, 0x7C00, 0x3F80, (short) 0xC2F7};
        for (int i = 0; i < halves.length; i++) {
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putShort(bytes.length - 16 + 2 * i, halves[i]);
        }
        Files.write(file, bytes);
        TensorSet read = Safetensors.read(file);
        assertThat(HalfFloats.floats(read.get("h")))
                .containsExactly(1f, -2f, 5.9604645e-8f, 65504f, -0f, Float.POSITIVE_INFINITY);
        assertThat(HalfFloats.floats(read.get("b"))).containsExactly(1f, -123.5f);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "not json | not JSON",
                "[1] | not a JSON object",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}} | no complete entry for tensor a",
                "{\"a\":{\"dtype\":\"F99\",\"shape\":[2],\"data_offsets\":[0,8]}} | type F99",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}} | tensor a 8 bytes; its shape and type take 12",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}} | -2 among the sizes",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}} | expected it at 0",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}} | 4 bytes that belong to no tensor",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}} | cut off: tensor a",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999,99999999999],\"data_offsets\":[0,8]}} | more than 2 GB",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}} | expected it at 8",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} | Duplicate",
            })
    void shouldNameFileAndReasonOfABrokenHeader(String header, String reason) throws IOException {
        Path file = file(header, 8);
        assertThatThrownBy(() -> Safetensors.read(file))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("x.safetensors")
                .hasMessageContaining(reason);
    }

    @Test
    void shouldNameFileAndReasonOfABrokenLength() throws IOException {
        Path missing = folder.resolve("none.safetensors");
        assertThatThrownBy(() -> Safetensors.read(missing))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("no safetensors file")
                .hasMessageContaining("none.safetensors");
        Path empty = Files.write(folder.resolve("empty"), new byte[3]);
        assertThatThrownBy(() -> Safetensors.read(empty)).hasMessageContaining("3 bytes, too few");
        Path huge = Files.write(folder.resolve("huge"), new byte[] {-1, -1, -1, -1, -1, -1, -1, 127, 0, 0});
        assertThatThrownBy(() -> Safetensors.read(huge)).hasMessageContaining("at most 100000000");
        Path cut = Files.write(folder.resolve("cut"), new byte[] {50, 0, 0, 0, 0, 0, 0, 0, '{', '}'});
        assertThatThrownBy(() -> Safetensors.read(cut)).hasMessageContaining("cut off");
    }

    /** As below, for the header alone and in numbers: no error but a ModelException, and little memory. */
    @Test
    void shouldSurviveAnyHeader() {
        String good = "{\"b\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                + "\"a\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[24,28]}}";
        String[] parts = {"99999999999", "-1", "[", "]", "{", "\"", "9223372036854775807", "1e99", "F16", "null", ","};
        com.sun.management.ThreadMXBean memory =
                (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        Random random = new Random(2);
        int refused = 0;
        long most = 0;
        for (int i = 0; i < 100_000; i++) {
            StringBuilder mutant = new StringBuilder(good);
            for (int k = 0; k <= i % 3; k++) {
                int at = random.nextInt(mutant.length());
                String part = i % 2 == 0
                        ? parts[random.nextInt(parts.length)]
                        : String.valueOf((char) (32 + random.nextInt(95)));
                mutant.replace(at, Math.min(mutant.length(), at + random.nextInt(4)), part);
            }
            long before = memory.getCurrentThreadAllocatedBytes();
            try {
                Safetensors.parse(mutant.toString(), 28, Path.of("x"));
            } catch (ModelException e) {
                refused++;
            }
            most = Math.max(most, memory.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(refused).isGreaterThan(50_000).isLessThan(100_000);
        assertThat(most).as("bytes allocated for one mutant").isLessThan(4L << 20);
    }

    /** Pages of the file, not a copy: what is written into the file shows in what was read. */
    @Test
    void shouldMapAndNotCopy() throws IOException {
        Path file = folder.resolve("x.safetensors");
        Safetensors.write(file, some());
        TensorSet read = Safetensors.read(file);
        assertThat(read.get("b").data().isDirect()).isTrue();
        try (java.nio.channels.FileChannel channel =
                java.nio.channels.FileChannel.open(file, java.nio.file.StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(0, 9), channel.size() - 4);
        }
        assertThat(read.get("b").floats()).endsWith(9f);
    }

    /** Whatever a file holds, reading it ends with tensors or with a ModelException. */
    @Test
    void shouldSurviveAnyBytes() throws IOException {
        Path good = folder.resolve("good");
        Safetensors.write(good, some());
        byte[] bytes = Files.readAllBytes(good);
        Random random = new Random(1);
        Path file = folder.resolve("mutant");
        int refused = 0;
        for (int i = 0; i < 900; i++) {
            byte[] mutant = bytes.clone();
            for (int k = 0; k <= i % 3; k++) {
                mutant[random.nextInt(mutant.length)] = (byte) random.nextInt(256);
            }
            Files.write(file, i % 5 == 0 ? java.util.Arrays.copyOf(mutant, random.nextInt(mutant.length)) : mutant);
            try {
                Safetensors.read(file);
            } catch (ModelException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(300);
    }
}
