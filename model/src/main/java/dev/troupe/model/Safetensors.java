package dev.troupe.model;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorLayout;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.DataType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The safetensors file format: eight bytes little-endian length of a JSON header, the header, the tensors' bytes.
 * Nothing of a file is believed before it is checked against the file's size, and nothing is allocated for it until
 * then.
 */
public final class Safetensors {
    private static final int LENGTH_BYTES = 8;
    private static final long MAX_HEADER = 100_000_000;
    private static final int MAX_RANK = TensorLayout.MAX_RANK;
    private static final ObjectMapper JSON = new ObjectMapper()
            .configure(JsonParser.Feature.STRICT_DUPLICATE_DETECTION, true)
            .enable(com.fasterxml.jackson.databind.DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private Safetensors() {}

    /** A tensor's line in the header; bytes count from the end of the header. */
    @SuppressWarnings("ArrayRecordComponent") // lives only while its file is read
    record Entry(String name, String dtype, long[] shape, long begin, long end) {}

    /**
     * Maps a file: each tensor has the file's type and shares the file's pages, so that nothing is held twice. A broken
     * file gives an error that names it and what is wrong.
     */
    public static TensorSet read(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            long header = headerLength(channel, size, file);
            ByteBuffer text = map(channel, LENGTH_BYTES, header);
            List<Entry> entries =
                    parse(StandardCharsets.UTF_8.decode(text).toString(), size - LENGTH_BYTES - header, file);
            Map<String, HostTensor> tensors = new LinkedHashMap<>();
            for (Entry e : entries) {
                ByteBuffer data = map(channel, LENGTH_BYTES + header + e.begin, e.end - e.begin);
                tensors.put(e.name, new HostTensor(dataType(e), e.shape, data));
            }
            return TensorSet.of(tensors);
        } catch (NoSuchFileException e) {
            throw new ModelException("no safetensors file " + file, e);
        } catch (IOException e) {
            throw new ModelException("cannot read " + file + ": " + e, e);
        }
    }

    /** The header's lines, checked against each other and against the bytes that follow the header. */
    static List<Entry> parse(String header, long bytes, Path file) {
        List<Entry> entries = entries(header, file);
        checkLayout(entries, bytes, file);
        return entries;
    }

    private static long headerLength(FileChannel channel, long size, Path file) throws IOException {
        if (size < LENGTH_BYTES) {
            throw broken(file, "has " + size + " bytes, too few for a header");
        }
        long length = map(channel, 0, LENGTH_BYTES).getLong();
        if (length < 2 || length > MAX_HEADER) {
            throw broken(
                    file,
                    "says its header has " + Long.toUnsignedString(length) + " bytes; at most " + MAX_HEADER
                            + " are accepted");
        }
        if (length > size - LENGTH_BYTES) {
            throw broken(file, "is cut off: its header should have " + length + " bytes, the file has " + size);
        }
        return length;
    }

    private static ByteBuffer map(FileChannel channel, long from, long length) throws IOException {
        return channel.map(FileChannel.MapMode.READ_ONLY, from, length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static List<Entry> entries(String text, Path file) {
        JsonNode root;
        try {
            root = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw broken(file, "has a header that is not JSON: " + e.getOriginalMessage());
        }
        if (root == null || !root.isObject()) {
            throw broken(file, "has a header that is not a JSON object");
        }
        List<Entry> entries = new ArrayList<>();
        root.fields().forEachRemaining(field -> {
            if (!field.getKey().equals("__metadata__")) {
                entries.add(entry(field.getKey(), field.getValue(), file));
            }
        });
        return entries;
    }

    private static Entry entry(String name, JsonNode node, Path file) {
        JsonNode offsets = node.path("data_offsets");
        JsonNode dims = node.path("shape");
        if (!node.path("dtype").isTextual() || !dims.isArray() || dims.size() > MAX_RANK || offsets.size() != 2) {
            throw broken(file, "has no complete entry for tensor " + name);
        }
        long[] shape = new long[dims.size()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = number(dims.get(i), name, file);
        }
        return new Entry(
                name,
                node.get("dtype").asText(),
                shape,
                number(offsets.get(0), name, file),
                number(offsets.get(1), name, file));
    }

    private static long number(JsonNode node, String name, Path file) {
        if (!node.isIntegralNumber() || !node.canConvertToLong() || node.asLong() < 0) {
            throw broken(file, "has " + node + " among the sizes of tensor " + name);
        }
        return node.asLong();
    }

    /**
     * The tensors must fill the rest of the file without holes, overlaps or a rest, each as large as its shape says.
     */
    private static void checkLayout(List<Entry> entries, long bytes, Path file) {
        List<Entry> sorted = new ArrayList<>(entries);
        sorted.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        long at = 0;
        for (Entry e : sorted) {
            if (e.begin != at || e.end < e.begin) {
                throw broken(
                        file,
                        "places tensor " + e.name + " at bytes " + e.begin + " to " + e.end + "; expected it at " + at);
            }
            if (e.end > bytes) {
                throw broken(
                        file, "is cut off: tensor " + e.name + " ends at byte " + e.end + ", the file holds " + bytes);
            }
            long expected = elementSize(e, file);
            for (long dimension : e.shape) {
                if (dimension != 0 && expected > Integer.MAX_VALUE / dimension) {
                    throw broken(file, "has tensor " + e.name + " of more than 2 GB");
                }
                expected *= dimension;
            }
            if (e.end - e.begin != expected) {
                throw broken(
                        file,
                        "gives tensor " + e.name + " " + (e.end - e.begin) + " bytes; its shape and type take "
                                + expected);
            }
            at = e.end;
        }
        if (at != bytes) {
            throw broken(file, "has " + (bytes - at) + " bytes that belong to no tensor");
        }
    }

    private static int elementSize(Entry e, Path file) {
        return switch (e.dtype) {
            case "F32", "I32" -> 4;
            case "F16", "BF16" -> 2;
            case "I64" -> 8;
            case "U8" -> 1;
            default ->
                throw broken(
                        file,
                        "has tensor " + e.name + " of type " + e.dtype + "; known are F32, F16, BF16, I32, I64, U8");
        };
    }

    private static DataType dataType(Entry e) {
        return DataType.valueOf("DATA_TYPE_" + e.dtype);
    }

    /** Writes a file (beside, then renamed), the same bytes for equal sets. */
    public static void write(Path file, TensorSet tensors) {
        Map<String, HostTensor> sorted = new TreeMap<>(tensors.tensors());
        byte[] header = header(sorted);
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            try (FileChannel channel = FileChannel.open(
                    part, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
                ByteBuffer length = ByteBuffer.allocate(LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
                writeAll(channel, length.putLong(header.length).flip());
                writeAll(channel, ByteBuffer.wrap(header));
                for (HostTensor tensor : sorted.values()) {
                    writeAll(channel, tensor.data());
                }
            }
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new ModelException("cannot write " + file + ": " + e, e);
        }
    }

    private static byte[] header(Map<String, HostTensor> sorted) {
        ObjectNode root = JSON.createObjectNode();
        root.putObject("__metadata__").put("format", "pt"); // transformers refuses a file without it
        long at = 0;
        for (Map.Entry<String, HostTensor> e : sorted.entrySet()) {
            ObjectNode node = root.putObject(e.getKey());
            node.put("dtype", e.getValue().dtype().name().replace("DATA_TYPE_", ""));
            ArrayNode shape = node.putArray("shape");
            for (long dimension : e.getValue().shape()) {
                shape.add(dimension);
            }
            node.putArray("data_offsets").add(at).add(at + e.getValue().byteSize());
            at += e.getValue().byteSize();
        }
        String text = root.toString();
        int length = text.getBytes(StandardCharsets.UTF_8).length;
        return (text + " ".repeat((8 - length % 8) % 8)).getBytes(StandardCharsets.UTF_8); // tensors start aligned
    }

    private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static ModelException broken(Path file, String what) {
        return new ModelException("safetensors file " + file + " " + what);
    }
}
