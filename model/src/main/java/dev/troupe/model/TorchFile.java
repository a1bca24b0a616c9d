package dev.troupe.model;

import dev.troupe.model.TorchPickle.Tensor;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorLayout;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.DataType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A file of torch.save that holds a dictionary of tensors ({@code adapter_model.bin}). Tensors that lie in it row after
 * row share the file's pages; views are copied. Nothing of the file is run.
 */
final class TorchFile {
    private static final int PICKLE = 0x80;
    private static final String DATA = "/data.pkl";

    private TorchFile() {}

    /** Errors name the file, and the tensor or what is refused. */
    static TensorSet read(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            requireZip(channel, file);
            StoredZip zip = new StoredZip(channel, file);
            String root = root(zip, file);
            if (zip.has(root + "/byteorder")
                    && !StandardCharsets.US_ASCII
                            .decode(zip.bytes(root + "/byteorder"))
                            .toString()
                            .equals("little")) {
                throw new ModelException(file + " was written on a big-endian machine: save it with safetensors");
            }
            Map<String, HostTensor> tensors = new LinkedHashMap<>();
            for (Map.Entry<String, Tensor> e :
                    TorchPickle.tensors(zip.bytes(root + DATA), file.toString()).entrySet()) {
                Tensor tensor = e.getValue();
                tensors.put(e.getKey(), tensor(e.getKey(), tensor, zip.bytes(root + "/data/" + tensor.key()), file));
            }
            return TensorSet.of(tensors);
        } catch (NoSuchFileException e) {
            throw new ModelException("no file " + file, e);
        } catch (IOException e) {
            throw new ModelException("cannot read " + file + ": " + e, e);
        }
    }

    private static void requireZip(FileChannel channel, Path file) throws IOException {
        ByteBuffer first = ByteBuffer.allocate(4);
        channel.read(first, 0);
        if (first.position() > 0 && (first.get(0) & 0xFF) == PICKLE) {
            throw new ModelException(
                    file + " is a pickle of torch before 1.6, which is not read: load it with torch and"
                            + " save it with safetensors");
        }
        if (first.position() < 4 || first.get(0) != 'P' || first.get(1) != 'K') {
            throw new ModelException(file + " is no file of torch.save: expected a zip file");
        }
    }

    private static String root(StoredZip zip, Path file) {
        for (String name : zip.names()) {
            if (name.endsWith(DATA)) {
                return name.substring(0, name.length() - DATA.length());
            }
        }
        throw new ModelException(file + " is no file of torch.save: it has no data.pkl");
    }

    private static HostTensor tensor(String name, Tensor tensor, ByteBuffer storage, Path file) {
        DataType dtype = switch (tensor.dtype()) {
            case "Float" -> DataType.DATA_TYPE_F32;
            case "Half" -> DataType.DATA_TYPE_F16;
            case "BFloat16" -> DataType.DATA_TYPE_BF16;
            case "Long" -> DataType.DATA_TYPE_I64;
            case "Int" -> DataType.DATA_TYPE_I32;
            case "Byte" -> DataType.DATA_TYPE_U8;
            default ->
                throw new ModelException(file + ": tensor " + name + " is of " + tensor.dtype()
                        + "; known are Float, Half, BFloat16, Long, Int and Byte");
        };
        int element = TensorLayout.elementBytes(dtype);
        long count = elements(name, tensor, storage.capacity() / element, file);
        if (isContiguous(tensor)) {
            return new HostTensor(
                    dtype,
                    tensor.shape(),
                    storage.slice(Math.toIntExact(tensor.offset() * element), Math.toIntExact(count * element)));
        }
        return new HostTensor(dtype, tensor.shape(), copied(tensor, storage, element, Math.toIntExact(count)));
    }

    /** Checks that every element lies in the storage, and that no tensor is larger than its storage. */
    private static long elements(String name, Tensor tensor, long available, Path file) {
        long[] shape = tensor.shape();
        long[] stride = tensor.stride();
        boolean ok = shape.length == stride.length && shape.length <= TensorLayout.MAX_RANK && tensor.offset() >= 0;
        long count = 1;
        long last = tensor.offset();
        boolean empty = Arrays.stream(shape).anyMatch(size -> size == 0);
        for (int i = 0; ok && i < shape.length; i++) {
            ok = empty
                    ? shape[i] >= 0 && shape[i] <= Integer.MAX_VALUE
                    : shape[i] > 0
                            && shape[i] <= available / count
                            && stride[i] >= 0
                            && (shape[i] == 1 || stride[i] <= available / (shape[i] - 1));
            count *= ok ? empty ? 0 : shape[i] : 1;
            last += ok && !empty ? (shape[i] - 1) * stride[i] : 0;
        }
        if (!ok || last < 0 || !empty && last >= available || tensor.offset() > available) {
            throw new ModelException(
                    file + ": tensor " + name + " lies beyond its storage of " + available + " numbers");
        }
        return empty ? 0 : count;
    }

    private static boolean isContiguous(Tensor tensor) {
        long expected = 1;
        for (int i = tensor.shape().length - 1; i >= 0; i--) {
            if (tensor.shape()[i] != 1 && tensor.stride()[i] != expected) {
                return false;
            }
            expected *= tensor.shape()[i];
        }
        return true;
    }

    private static ByteBuffer copied(Tensor tensor, ByteBuffer storage, int element, int count) {
        ByteBuffer out = ByteBuffer.allocate(count * element).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            long at = tensor.offset();
            long rest = i;
            for (int d = tensor.shape().length - 1; d >= 0; d--) {
                at += rest % tensor.shape()[d] * tensor.stride()[d];
                rest /= tensor.shape()[d];
            }
            out.put(i * element, storage, Math.toIntExact(at * element), element);
        }
        return out;
    }
}
