package dev.troupe.model.gguf;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
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
        file.keys.text(GgufTokenizer.MODEL, "gpt2");
        file.keys.text(GgufTokenizer.PRE, "smollm");
        file.keys.texts(GgufTokenizer.TOKENS, List.of("<s>", "a", "b", "ab", "1", "2"));
        file.keys.ints(GgufTokenizer.TYPES, new int[] {3, 1, 1, 1, 1, 1});
        file.keys.texts(GgufTokenizer.MERGES, List.of("a b"));
        file.keys.uint32("tokenizer.ggml.bos_token_id", 0);
        file.keys.uint32("tokenizer.ggml.eos_token_id", 0);
        file.tensor("token_embd.weight", 0, 6, 32);
        for (String name : List.of("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")) {
            file.tensor("blk.0." + name + ".weight", 0, 32, 32);
        }
        for (String name : List.of("blk.0.attn_norm.weight", "blk.0.ffn_norm.weight", "output_norm.weight")) {
            file.tensor(name, 0, 32);
        }
        return file;
    }

    /** A tensor of 4-byte numbers after those that are there. */
    GgufBytes tensor(String name, int type, long... shape) {
        tensors.tensor(name, shape, type, data);
        long bytes = 4;
        for (long dimension : shape) {
            bytes *= dimension;
        }
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
        byte[] all = java.util.Arrays.copyOf(head, (head.length + 31) / 32 * 32 + data);
        try {
            return Files.write(file, all);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
