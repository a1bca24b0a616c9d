package dev.troupe.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.ModelException;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.Tokenizer;
import dev.troupe.proto.HostTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GgufReadTest {
    @TempDir
    Path folder;

    @Test
    void shouldOpenAsAModelWithItsTokenizer() {
        Path file = GgufBytes.llama().write(folder.resolve("m.gguf"));
        ModelFolder model = ModelFolder.open(file);
        assertThat(model.config().headDim()).isEqualTo(16);
        assertThat(model.config().kvHeads()).isEqualTo(2);
        assertThat(model.config().tied()).isTrue();
        assertThat(model.weights().names()).contains("model.layers.0.mlp.down_proj.weight");
        try (Tokenizer tokenizer = model.tokenizer()) {
            assertThat(tokenizer.encode("ab12<s>b", true)).containsExactly(3, 4, 5, 0, 2);
        }
    }

    /** Hand-counted blocks: a scale of 0.5, a minimum of -3. */
    @Test
    void shouldReadBlocks() {
        ByteBuffer q4 = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN);
        q4.putShort((short) 0x3800).putShort((short) 0xC200).put((byte) 0xF1).put(19, (byte) 0x2E);
        float[] values = floats(GgufType.Q4_1, q4.position(0));
        assertThat(values).hasSize(32);
        assertThat(new float[] {values[0], values[16], values[1], values[15], values[31]})
                .containsExactly(1 * 0.5f - 3, 15 * 0.5f - 3, -3, 14 * 0.5f - 3, 2 * 0.5f - 3);

        ByteBuffer q4from8 = ByteBuffer.allocate(18).order(ByteOrder.LITTLE_ENDIAN);
        q4from8.putShort((short) 0x3800).put((byte) 0xF1);
        float[] around = floats(GgufType.Q4_0, q4from8.position(0));
        assertThat(new float[] {around[0], around[16], around[1]}).containsExactly(-3.5f, 3.5f, -4f);

        ByteBuffer q8 = ByteBuffer.allocate(68).order(ByteOrder.LITTLE_ENDIAN);
        q8.putShort(34, (short) 0x3800).put(36, (byte) -128).put(67, (byte) 127);
        float[] bytes = floats(GgufType.Q8_0, q8);
        assertThat(new float[] {bytes[31], bytes[32], bytes[63]}).containsExactly(0, -64, 63.5f);
    }

    private static float[] floats(GgufType type, ByteBuffer blocks) {
        ByteBuffer read = GgufBlocks.floats(type, blocks);
        float[] values = new float[read.remaining() / 4];
        read.asFloatBuffer().get(values);
        return values;
    }

    /** llama.cpp's convert script: reshape(heads, 2, headDim / 2, columns).swapaxes(1, 2), for heads of 6. */
    @Test
    void shouldMoveRotaryRowsAsTheConvertScriptDoes() {
        HostTensor rows = HostTensor.ofFloats(new float[] {0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15}, 12, 1);
        HostTensor file = RotaryRows.together(rows, 6);
        assertThat(file.floats()).containsExactly(0, 3, 1, 4, 2, 5, 10, 13, 11, 14, 12, 15);
        assertThat(RotaryRows.apart(file, 6)).isEqualTo(rows);
    }

    private void refuses(String reason, Consumer<GgufBytes> change) {
        GgufBytes bytes = GgufBytes.llama();
        change.accept(bytes);
        Path file = bytes.write(folder.resolve("bad.gguf"));
        assertThatThrownBy(() -> {
                    ModelFolder model = ModelFolder.open(file);
                    model.tokenizer().close();
                })
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("bad.gguf")
                .hasMessageContaining(reason);
    }

    @Test
    void shouldNameWhatAFileHoldsThatCannotBeUsed() {
        refuses("quantisation IQ2_S is not supported", b -> b.tensor("blk.1.attn_q.weight", 22, 32, 32));
        refuses("quantisation number 77", b -> b.tensor("x.weight", 77, 32));
        refuses(
                "model.layers.1.self_attn.q_proj.weight is not one of",
                b -> b.tensor("blk.1.attn_q.weight", 0, 32, 32));
        refuses("blk.0.attn_mystery.weight is not one of", b -> b.tensor("blk.0.attn_mystery.weight", 0, 32));
        refuses("tensor output_norm.weight twice", b -> b.tensor("output_norm.weight", 0, 32));
        refuses("is not Llama 3's stretching", b -> b.tensor("rope_freqs.weight", 0, 8));
        refuses("of 9 numbers; heads turn 8 pairs", b -> b.tensor("rope_freqs.weight", 0, 9));
        refuses("the configuration says F32, F16 or BF16 [4, 32]", b -> b.keys.uint32("llama.vocab_size", 4));
        refuses("= su: expected one of none, linear", b -> b.keys.text("llama.rope.scaling.type", "su"));
        refuses("the frequencies have factors of their own", b -> {
            b.tensor("rope_freqs.weight", 0, 8);
            b.keys.float32("llama.rope.scaling.factor", 4);
        });
        refuses("and another that holds the same numbers", b -> b.tensor("blk.0.attn_qkv.weight", 0, 96, 32));
        refuses("of 33 rows; expected 96: queries, keys", b -> b.tensor("blk.0.attn_qkv.weight", 0, 33, 32));
        refuses("model.layers.0.input_layernorm.bias is not one of", b -> b.tensor("blk.0.attn_norm.bias", 0, 32));
        refuses("tensor lm_head.bias is not one of", b -> b.tensor("output.bias", 0, 6));
        refuses("has no tensor rope_factors_short.weight", b -> b.keys.text("llama.rope.scaling.type", "longrope"));
        refuses("has no tensor rope_factors_short.weight", b -> b.tensor("rope_factors_long.weight", 0, 8));
        refuses("a mixture of experts", b -> b.keys.uint32("llama.expert_count", 8));
        refuses("has key general.architecture twice", b -> b.keys.text("general.architecture", "llama"));
        refuses("expected a power of two", b -> b.keys.uint32("general.alignment", 24));
        refuses("rows of 33 numbers", b -> b.tensor("x.weight", 8, 33));
    }

    /** Of a Qwen2 without biases: they are zero. */
    @Test
    void shouldReadHeadsOfWhichAPartTurns() throws IOException {
        GgufBytes bytes = GgufBytes.llama();
        bytes.keys.uint32("llama.rope.dimension_count", 8);
        assertThat(ModelFolder.config(asQwen2(bytes)).rope().partial()).isEqualTo(0.5);
        GgufBytes odd = GgufBytes.llama();
        odd.keys.uint32("llama.rope.dimension_count", 15);
        Path file = asQwen2(odd);
        assertThatThrownBy(() -> ModelFolder.config(file))
                .hasMessageContaining("qwen2.rope.dimension_count = 15: expected an even number up to the head's 16");
    }

    @Test
    void shouldRefuseDivisorsOfARopeThatHasNone() throws IOException {
        Path file = asQwen2(GgufBytes.llama().tensor("rope_freqs.weight", 0, 8));
        assertThatThrownBy(() -> ModelFolder.config(file))
                .hasMessageContaining("has tensor rope_freqs.weight, which a qwen2 has not");
    }

    private Path asQwen2(GgufBytes llama) throws IOException {
        Path file = llama.write(folder.resolve("qwen2.gguf"));
        String text = new String(Files.readAllBytes(file), java.nio.charset.StandardCharsets.ISO_8859_1);
        return Files.write(file, text.replace("llama", "qwen2").getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "llama.block_count | is missing",
                "llama.context_length | is missing",
                "tokenizer.ggml.tokens | is missing",
                "general.architecture | is missing",
            })
    void shouldNameTheKeyThatIsMissing(String key, String reason) {
        Path file = GgufBytes.llama().write(folder.resolve("bad.gguf"));
        assertThatThrownBy(() -> ModelFolder.open(file, Set.of(key)))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("bad.gguf")
                .hasMessageContaining(key)
                .hasMessageContaining(reason);
    }

    @Test
    void shouldNameWhatIsNotAGgufFile() throws IOException {
        Path file = Files.write(folder.resolve("bad.gguf"), new byte[64]);
        assertThatThrownBy(() -> ModelFolder.open(file)).hasMessageContaining("does not begin with GGUF");
        Path missing = folder.resolve("none.gguf");
        assertThatThrownBy(() -> ModelFolder.open(missing)).hasMessageContaining("no GGUF file");
        byte[] good = Files.readAllBytes(GgufBytes.llama().write(file));
        for (int length : List.of(0, 3, 10, 30, 400, good.length - 1)) {
            Files.write(file, Arrays.copyOf(good, length));
            assertThatThrownBy(() -> ModelFolder.open(file))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("is cut off");
        }
        good[4] = 1;
        Files.write(file, good);
        assertThatThrownBy(() -> ModelFolder.open(file)).hasMessageContaining("has version 1; versions 2 and 3");
    }
}
