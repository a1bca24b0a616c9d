package dev.troupe.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorDigest;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.DataType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Names the numbers of the base that an adapter was trained on: the fingerprint of its tensors as F32, so that a folder
 * in bf16 and the same numbers in fp32 are the same base. It lies beside the adapter in a file that peft does not read.
 */
final class BaseFingerprint {
    /** Name of the file in an adapter's folder. */
    static final String FILE = "adapter_base.json";

    private static final String KEY = "base_fingerprint";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int NUMBERS_AT_A_TIME = 1 << 20;

    private BaseFingerprint() {}

    /** Of a model's weights. */
    static String of(TensorSet weights) {
        TensorDigest digest = TensorDigest.fingerprint();
        ByteBuffer wide =
                ByteBuffer.allocateDirect(Float.BYTES * NUMBERS_AT_A_TIME).order(ByteOrder.LITTLE_ENDIAN);
        for (String name : TensorDigest.order(weights.names())) {
            HostTensor tensor = weights.get(name);
            digest.begin(name, DataType.DATA_TYPE_F32, tensor.shape());
            int all = Math.toIntExact(tensor.elements());
            for (int at = 0; at < all; at += NUMBERS_AT_A_TIME) {
                int count = Math.min(NUMBERS_AT_A_TIME, all - at);
                HalfFloats.widen(tensor, at, count, wide, 0);
                digest.bytes(wide.duplicate().limit(Float.BYTES * count));
            }
        }
        return digest.hex();
    }

    /** What an adapter's folder says, or null when it says nothing. */
    static @Nullable String read(Path folder) {
        Path file = folder.resolve(FILE);
        if (!Files.exists(file)) {
            return null;
        }
        try {
            JsonNode value = JSON.readTree(Files.readAllBytes(file)).path(KEY);
            if (!value.isTextual()) {
                throw new ModelException(file + ": expected an object with the text " + KEY);
            }
            return value.asText();
        } catch (IOException e) {
            throw new ModelException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    static void write(Path folder, String fingerprint) throws IOException {
        String text = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(Map.of(KEY, fingerprint));
        Files.writeString(folder.resolve(FILE), text + "\n");
    }

    /** Refuses a base that is not the one the adapter's folder says. */
    static void require(AdapterFolder adapter, String base, String found) {
        String expected = adapter.baseFingerprint();
        if (expected != null && !expected.equals(found)) {
            throw new ModelException(
                    "the adapter " + adapter.path() + " was made for a base with fingerprint " + expected
                            + "; " + base + " has " + found
                            + ": its numbers changed, or it is another model. Give the base that"
                            + " the adapter was trained on; without " + FILE
                            + " the adapter's folder takes any base of its shape");
        }
    }
}
