package dev.troupe.model;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the pickle in a file of torch.save as far as a dictionary of tensors needs it. No code is ever run: the names
 * of classes and functions in it are looked up in a list of those that make tensors and dictionaries, and every other
 * is refused by name.
 */
final class TorchPickle {
    /** A tensor's place in the file. */
    @SuppressWarnings("ArrayRecordComponent") // lives only while its file is read
    record Tensor(String dtype, String key, long offset, long[] shape, long[] stride) {}

    private record Storage(String dtype, String key) {}

    private record Global(String name) {}

    private static final Object MARK = new Object();
    private static final Object NONE = new Object();
    private static final int MAX_OBJECTS = 10_000_000;
    private static final String STORAGE = "Storage";
    private static final List<String> MAKERS = List.of(
            "collections OrderedDict",
            "torch._utils _rebuild_tensor_v2",
            "torch._utils _rebuild_parameter",
            "torch Size",
            "torch FloatStorage",
            "torch HalfStorage",
            "torch BFloat16Storage",
            "torch DoubleStorage",
            "torch LongStorage",
            "torch IntStorage",
            "torch ByteStorage",
            "torch BoolStorage");

    private final ByteBuffer in;
    private final String source;
    private final ArrayDeque<Object> stack = new ArrayDeque<>();
    private final Map<Integer, Object> memo = new HashMap<>();
    private int objects;

    private TorchPickle(ByteBuffer in, String source) {
        this.in = in;
        this.source = source;
    }

    /**
     * The tensors of a dictionary by name.
     *
     * @throws ModelException naming what is refused, or what it found in a dictionary's place
     */
    static Map<String, Tensor> tensors(ByteBuffer pickle, String source) {
        TorchPickle reader = new TorchPickle(pickle.duplicate().order(ByteOrder.LITTLE_ENDIAN), source);
        Object result;
        try {
            result = reader.run();
        } catch (BufferUnderflowException
                | java.util.NoSuchElementException
                | ClassCastException
                | IndexOutOfBoundsException
                | StackOverflowError e) {
            throw new ModelException(source + " holds a broken pickle at byte " + reader.in.position(), e);
        }
        return reader.dictionary(result);
    }

    private Map<String, Tensor> dictionary(Object result) {
        if (!(result instanceof Map<?, ?> map)) {
            throw new ModelException(source + " holds " + kind(result) + "; expected a dictionary of tensors");
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        map.forEach((key, value) -> {
            if (!(key instanceof String name) || !(value instanceof Tensor tensor)) {
                throw new ModelException(source + ": entry " + key + " is " + kind(value)
                        + "; expected names of tensors and tensors, as in a state_dict");
            }
            tensors.put(name, tensor);
        });
        return tensors;
    }

    private static String kind(Object value) {
        return value instanceof Map ? "a dictionary" : value instanceof List ? "a list" : "no tensor";
    }

    private Object run() {
        while (true) {
            if (++objects > MAX_OBJECTS) {
                throw new ModelException(source + " holds a pickle of more than " + MAX_OBJECTS + " steps");
            }
            int code = in.get() & 0xFF;
            if (code == '.') {
                return stack.pop();
            }
            step(code);
        }
    }

    private void step(int code) {
        switch (code) {
            case 0x80 -> in.get(); // protocol
            case 0x95 -> in.getLong(); // frame
            case '}' -> stack.push(new LinkedHashMap<Object, Object>());
            case ']' -> stack.push(new ArrayList<Object>());
            case ')' -> stack.push(List.of());
            case '(' -> stack.push(MARK);
            case 'N' -> stack.push(NONE);
            case 0x88 -> stack.push(true);
            case 0x89 -> stack.push(false);
            case 'X' -> stack.push(text(in.getInt()));
            case 0x8c -> stack.push(text(in.get() & 0xFF));
            case 'J' -> stack.push((long) in.getInt());
            case 'K' -> stack.push((long) (in.get() & 0xFF));
            case 'M' -> stack.push((long) (in.getShort() & 0xFFFF));
            case 0x8a -> stack.push(longNumber());
            case 'G' -> stack.push(Double.longBitsToDouble(Long.reverseBytes(in.getLong())));
            case 'q' -> remember(in.get() & 0xFF);
            case 'r' -> remember(in.getInt());
            case 0x94 -> remember(memo.size());
            case 'h' -> stack.push(remembered(in.get() & 0xFF));
            case 'j' -> stack.push(remembered(in.getInt()));
            default -> build(code);
        }
    }

    private void build(int code) {
        switch (code) {
            case 0x85 -> tuple(1);
            case 0x86 -> tuple(2);
            case 0x87 -> tuple(3);
            case 't' -> stack.push(sinceMark());
            case 'l' -> stack.push(new ArrayList<>(sinceMark()));
            case 'a', 'e' -> append(code == 'a' ? List.of(stack.pop()) : sinceMark());
            case 's' -> {
                Object value = stack.pop();
                put(List.of(stack.pop(), value));
            }
            case 'u' -> put(sinceMark());
            case 'd' -> {
                List<Object> entries = sinceMark();
                stack.push(new LinkedHashMap<Object, Object>());
                put(entries);
            }
            case 'c' -> stack.push(global(line(), line()));
            case 0x93 -> {
                String name = (String) stack.pop();
                stack.push(global((String) stack.pop(), name));
            }
            case 'Q' -> stack.push(storage());
            case 'R' -> reduce();
            case 'b' -> stack.pop(); // attributes of a dictionary, which say nothing about its tensors
            default ->
                throw new ModelException(source + " holds a pickle with operation " + code
                        + ", which no dictionary of tensors needs; save it with safetensors");
        }
    }

    private String text(int bytes) {
        if (bytes < 0 || bytes > in.remaining()) {
            throw new BufferUnderflowException();
        }
        byte[] text = new byte[bytes];
        in.get(text);
        return new String(text, StandardCharsets.UTF_8);
    }

    private String line() {
        int from = in.position();
        while (in.get() != '\n') {
            // to the line's end
        }
        byte[] text = new byte[in.position() - 1 - from];
        in.get(from, text);
        return new String(text, StandardCharsets.UTF_8);
    }

    private long longNumber() {
        int bytes = in.get() & 0xFF;
        if (bytes > Long.BYTES) {
            throw new ModelException(source + " holds a number of " + bytes + " bytes");
        }
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            long next = i == bytes - 1 ? in.get() : in.get() & 0xFF;
            value |= next << 8 * i;
        }
        return value;
    }

    private void remember(int place) {
        memo.put(place, stack.element());
    }

    private Object remembered(int place) {
        Object value = memo.get(place);
        if (value == null) {
            throw new java.util.NoSuchElementException("memo " + place);
        }
        return value;
    }

    private void tuple(int count) {
        Object[] values = new Object[count];
        for (int i = count - 1; i >= 0; i--) {
            values[i] = stack.pop();
        }
        stack.push(List.of(values));
    }

    private List<Object> sinceMark() {
        ArrayList<Object> values = new ArrayList<>();
        Object next = stack.pop();
        while (next != MARK) {
            values.add(next);
            next = stack.pop();
        }
        java.util.Collections.reverse(values);
        return values;
    }

    @SuppressWarnings("unchecked") // lists and maps on the stack are made here
    private void append(List<Object> values) {
        ((List<Object>) stack.element()).addAll(values);
    }

    @SuppressWarnings("unchecked") // lists and maps on the stack are made here
    private void put(List<Object> entries) {
        Map<Object, Object> map = (Map<Object, Object>) stack.element();
        for (int i = 0; i + 1 < entries.size(); i += 2) {
            map.put(entries.get(i), entries.get(i + 1));
        }
    }

    private Global global(String module, String name) {
        if (!MAKERS.contains(module + " " + name)) {
            throw new ModelException(source + " names " + module + "." + name + ", which makes no tensor: nothing but"
                    + " tensors and dictionaries is read and no code is run. Save the tensors with safetensors");
        }
        return new Global(module + " " + name);
    }

    /** ("storage", class of numbers, key, device, count). */
    private Storage storage() {
        List<?> id = (List<?>) stack.pop();
        String type = ((Global) id.get(1)).name;
        if (id.size() < 3 || !"storage".equals(id.get(0)) || !type.endsWith(STORAGE)) {
            throw new ModelException(source + " holds an unknown kind of storage: " + id);
        }
        return new Storage(type.substring("torch ".length(), type.length() - STORAGE.length()), (String) id.get(2));
    }

    private void reduce() {
        List<?> arguments = (List<?>) stack.pop();
        Global maker = (Global) stack.pop();
        stack.push(
                switch (maker.name) {
                    case "collections OrderedDict" -> new LinkedHashMap<Object, Object>();
                    case "torch._utils _rebuild_tensor_v2" -> tensor(arguments);
                    case "torch Size", "torch._utils _rebuild_parameter" -> arguments.get(0);
                    default -> throw new ModelException(source + " calls " + maker.name);
                });
    }

    /** Storage, offset, shape, stride; what follows says nothing about numbers. */
    private static Tensor tensor(List<?> arguments) {
        Storage storage = (Storage) arguments.get(0);
        return new Tensor(
                storage.dtype, storage.key, (Long) arguments.get(1), numbers((List<?>) arguments.get(2)), numbers((List<
                                ?>)
                        arguments.get(3)));
    }

    private static long[] numbers(List<?> list) {
        return list.stream().mapToLong(n -> (Long) n).toArray();
    }
}
