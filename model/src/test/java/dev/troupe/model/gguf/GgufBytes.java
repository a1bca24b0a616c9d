package dev.troupe.model.gguf;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Small GGUF files in memory. */
final class GgufBytes {
    final GgufMetadataWriter keys = new GgufMetadataWriter();
    final GgufMetadataWriter tensors = new GgufMetadataWriter();
    private int data;

    /** A Llama of one layer, 32 wide, and six tokens, every tensor F32 zeros. */
    static GgufBytes llama() {
        GgufBytes file = new GgufBytes();
        file.keys.text("general.architecture", "llama");
        file.keys.uint32("llama.block_count", 1);
        file.keys.uint32("llama.context_length", 64);
        file.keys.uint32("llama.embedding_length", 32);
        file.keys.uint32("llama.feed_forward_length", 32);
        file.keys.uint32("llama.attention.head_count", 2);
        file.keys.float32("llama.attention.layer_norm_rms_epsilon", 1e-5);
        file.vocabulary();
        file.tensor("token_embd.weight", 0, 6, 32);
        for (String name : List.of("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")) {
            file.tensor("blk.0." + name + ".weight", 0, 32, 32);
        }
        for (String name : List.of("blk.0.attn_norm.weight", "blk.0.ffn_norm.weight", "output_norm.weight")) {
            file.tensor(name, 0, 32);
        }
        return file;
    }

    /** The same with rows of 256 numbers where they may be, and matrices of as many quantised types as there are. */
    static GgufBytes quantised() {
        GgufBytes file = new GgufBytes();
        file.keys.text("general.architecture", "llama");
        file.keys.uint32("llama.block_count", 2);
        file.keys.uint32("llama.context_length", 64);
        file.keys.uint32("llama.embedding_length", 256);
        file.keys.uint32("llama.feed_forward_length", 32);
        file.keys.uint32("llama.attention.head_count", 1);
        file.keys.uint32("llama.attention.key_length", 32);
        file.keys.uint32("llama.attention.value_length", 32);
        file.keys.float32("llama.attention.layer_norm_rms_epsilon", 1e-5);
        file.vocabulary();
        file.tensor("token_embd.weight", GgufType.Q6_K.number(), 6, 256);
        GgufType[] wide = {GgufType.Q2_K, GgufType.Q3_K, GgufType.Q4_K, GgufType.Q5_K, GgufType.IQ4_XS};
        GgufType[] slim = {GgufType.Q5_0, GgufType.Q5_1, GgufType.IQ4_NL, GgufType.Q4_1};
        int next = 0;
        for (int layer = 0; layer < 2; layer++) {
            String prefix = "blk." + layer + ".";
            for (String name : List.of("attn_q", "attn_k", "attn_v", "ffn_gate", "ffn_up")) {
                file.tensor(prefix + name + ".weight", wide[next++ % wide.length].number(), 32, 256);
            }
            file.tensor(prefix + "attn_output.weight", slim[2 * layer].number(), 256, 32);
            file.tensor(prefix + "ffn_down.weight", slim[2 * layer + 1].number(), 256, 32);
            file.tensor(prefix + "attn_norm.weight", 0, 256);
            file.tensor(prefix + "ffn_norm.weight", 0, 256);
        }
        return file.tensor("output_norm.weight", 0, 256);
    }

    private void vocabulary() {
        keys.text(GgufTokenizer.MODEL, "gpt2");
        keys.text(GgufTokenizer.PRE, "smollm");
        keys.texts(GgufTokenizer.TOKENS, List.of("<s>", "a", "b", "ab", "1", "2"));
        keys.ints(GgufTokenizer.TYPES, new int[] {3, 1, 1, 1, 1, 1});
        keys.texts(GgufTokenizer.MERGES, List.of("a b"));
        keys.uint32("tokenizer.ggml.bos_token_id", 0);
        keys.uint32("tokenizer.ggml.eos_token_id", 0);
    }

    /** A tensor after those that are there; 4 bytes a number where its type is not a known one. */
    GgufBytes tensor(String name, int type, long... shape) {
        tensors.tensor(name, shape, type, data);
        long elements = Arrays.stream(shape).reduce(1, Math::multiplyExact);
        long bytes = Arrays.stream(GgufType.values())
                .filter(known -> known.number() == type)
                .mapToLong(known -> elements / known.block() * known.bytes())
                .findFirst()
                .orElse(4 * elements);
        data += (int) (bytes + 31) / 32 * 32;
        return this;
    }

    byte[] header() {
        byte[] first = keys.bytes();
        byte[] second = tensors.bytes();
        return ByteBuffer.allocate(24 + first.length + second.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0x46554747)
                .putInt(3)
                .putLong(tensors.count())
                .putLong(keys.count())
                .put(first)
                .put(second)
                .array();
    }

    int dataBytes() {
        return data;
    }

    /** Header, padding, zeros. */
    Path write(Path file) {
        byte[] head = header();
        byte[] all = Arrays.copyOf(head, (head.length + 31) / 32 * 32 + data);
        try {
            return Files.write(file, all);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
