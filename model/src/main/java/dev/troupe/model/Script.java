package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.TorchScriptBridge;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * TorchScript text, compiled. The text holds methods ({@code def name(self, x: Tensor) -> Tensor:}) in the language
 * that TorchScript archives are written in; weights come in as arguments. Nothing but Java is needed to make the
 * archive.
 *
 * <p>Arguments of a call: NDArray (Tensor), NDList or {@link TensorList} (List[Tensor]), Integer or Long (int), Double
 * or Float (float), Boolean (bool), int[] or long[] (List[int]), double[] (List[float]). Tensors that come out are
 * attached to the manager given. A compiled script may be called by several threads at once.
 */
public final class Script implements AutoCloseable {
    private final String name;
    private final long module;

    private Script(String name, long module) {
        this.name = name;
        this.module = module;
    }

    /** Compiles resources that lie beside the class, joined into one script; an error in them names line and column. */
    public static Script load(Class<?> owner, String... resources) {
        StringBuilder text = new StringBuilder();
        for (String resource : resources) {
            try (InputStream in = owner.getResourceAsStream(resource)) {
                if (in == null) {
                    throw new ModelException("no script " + resource + " beside " + owner.getName());
                }
                text.append(new String(in.readAllBytes(), StandardCharsets.UTF_8))
                        .append('\n');
            } catch (IOException e) {
                throw new ModelException("cannot read script " + resource + ": " + e.getMessage(), e);
            }
        }
        return compile(String.join(" + ", resources), text.toString());
    }

    /** Compiles text; the name serves in errors. */
    public static Script compile(String name, String methods) {
        Libtorch.start();
        try {
            Path file = Files.createTempFile("troupe-script", ".pt");
            try {
                Files.write(file, archive(methods));
                return new Script(name, TorchScriptBridge.load(file.toString()));
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new ModelException("cannot write the archive of script " + name + ": " + e.getMessage(), e);
        } catch (RuntimeException e) {
            throw new ModelException("script " + name + " does not compile: " + e.getMessage(), e);
        }
    }

    /** Calls a method that returns a tensor. */
    public NDArray tensor(NDManager manager, String method, Object... arguments) {
        try (IValue answer = call(method, arguments)) {
            return answer.toTensor((PtNDManager) manager);
        }
    }

    /** Calls a method that returns List[Tensor]. */
    public NDList tensors(NDManager manager, String method, Object... arguments) {
        try (IValue answer = call(method, arguments)) {
            return answer.toNDList((PtNDManager) manager);
        }
    }

    /**
     * Calls a method of Dict[str, Tensor] that returns Dict[str, Tensor].
     *
     * @return the named tensors, attached to the manager
     */
    public Map<String, NDArray> named(NDManager manager, String method, Map<String, NDArray> tensors) {
        Map<String, PtNDArray> given = new HashMap<>();
        tensors.forEach((key, tensor) -> given.put(key, (PtNDArray) tensor));
        try (IValue all = IValue.stringMapFrom(given);
                IValue answer = TorchScriptBridge.run(module, method, new long[] {all.getHandle()}, false)) {
            Map<String, NDArray> answers = new HashMap<>();
            answer.toIValueMap().forEach((key, value) -> {
                try (value) {
                    answers.put(key, value.toTensor((PtNDManager) manager));
                }
            });
            return answers;
        } catch (RuntimeException e) {
            throw new ModelException("script " + name + ", method " + method + ": " + e.getMessage(), e);
        }
    }

    /** Calls a method that returns List[Tensor], to hand the list to other calls as it is; the caller closes it. */
    public TensorList list(String method, Object... arguments) {
        return new TensorList(call(method, arguments));
    }

    /** Calls a method whose answer is None or does not matter. */
    public void run(String method, Object... arguments) {
        call(method, arguments).close();
    }

    /** As {@link #run}, cheaper: what the method makes on its way, autograd could never see. */
    void infer(String method, Object... arguments) {
        call(true, method, arguments).close();
    }

    /** As {@link #list}, cheaper: autograd may never see these, and only an inferred call may write into them. */
    TensorList inferred(String method, Object... arguments) {
        return new TensorList(call(true, method, arguments));
    }

    private IValue call(String method, Object... arguments) {
        return call(false, method, arguments);
    }

    private IValue call(boolean inference, String method, Object... arguments) {
        IValue[] made = new IValue[arguments.length];
        long[] handles = new long[arguments.length];
        try {
            for (int i = 0; i < arguments.length; i++) {
                if (arguments[i] instanceof TensorList list) {
                    handles[i] = list.handle();
                } else {
                    made[i] = value(method, arguments[i]);
                    handles[i] = made[i].getHandle();
                }
            }
            return TorchScriptBridge.run(module, method, handles, inference);
        } catch (RuntimeException e) {
            throw new ModelException("script " + name + ", method " + method + ": " + e.getMessage(), e);
        } finally {
            for (IValue v : made) {
                if (v != null) {
                    v.close();
                }
            }
        }
    }

    private IValue value(String method, Object argument) {
        if (argument instanceof PtNDArray array) {
            return IValue.from(array);
        } else if (argument instanceof Integer || argument instanceof Long) {
            return IValue.from(((Number) argument).longValue());
        } else if (argument instanceof Double || argument instanceof Float) {
            return IValue.from(((Number) argument).doubleValue());
        } else if (argument instanceof Boolean b) {
            return IValue.from(b.booleanValue());
        } else if (argument instanceof NDList list) {
            return TensorList.values(list);
        } else if (argument instanceof long[] longs) {
            return IValue.listFrom(longs);
        } else if (argument instanceof double[] doubles) {
            return IValue.listFrom(doubles);
        } else if (argument instanceof int[] ints) {
            long[] longs = new long[ints.length];
            for (int i = 0; i < ints.length; i++) {
                longs[i] = ints[i];
            }
            return IValue.listFrom(longs);
        }
        throw new IllegalArgumentException(
                "script " + name + ", method " + method + ": no script value for " + argument.getClass());
    }

    /** Frees the compiled text; no call may follow. */
    @Override
    public void close() {
        TorchScriptBridge.free(module);
    }

    /** A TorchScript archive with one class that holds the methods: a stored zip, its one object pickled by hand. */
    private static byte[] archive(String methods) throws IOException {
        StringBuilder code = new StringBuilder(
                "class Script(Module):\n  __parameters__ = []\n  __buffers__ = []\n  training : bool\n");
        methods.lines().forEach(line -> code.append("  ").append(line).append('\n'));
        ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        pickle.write(new byte[] {(byte) 0x80, 2}); // protocol 2
        pickle.write(ascii("c__torch__\nScript\n)")); // the class, and no arguments
        pickle.write(new byte[] {(byte) 0x81, '}', '(', 'X', 8, 0, 0, 0}); // new object; a dict with one key of 8 bytes
        pickle.write(ascii("training"));
        pickle.write(new byte[] {(byte) 0x89, 'u', 'b', '.'}); // false; set items; build; stop
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            put(zip, "m/version", ascii("10\n"));
            put(zip, "m/data.pkl", pickle.toByteArray());
            put(zip, "m/code/__torch__.py", code.toString().getBytes(StandardCharsets.UTF_8));
            put(zip, "m/constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
            put(zip, "m/byteorder", ascii("little"));
        }
        return bytes.toByteArray();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static void put(ZipOutputStream zip, String entry, byte[] content) throws IOException {
        ZipEntry e = new ZipEntry(entry);
        e.setMethod(ZipEntry.STORED);
        e.setSize(content.length);
        CRC32 crc = new CRC32();
        crc.update(content);
        e.setCrc(crc.getValue());
        zip.putNextEntry(e);
        zip.write(content);
        zip.closeEntry();
    }
}
