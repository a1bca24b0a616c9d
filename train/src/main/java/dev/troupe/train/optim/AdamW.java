package dev.troupe.train.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.troupe.model.Decoder;
import dev.troupe.model.Dtype;
import dev.troupe.model.Libtorch;
import dev.troupe.model.Script;
import dev.troupe.model.TensorList;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) over a decoder's parameters, in one fused call. Of a decoder
 * in bf16 it keeps the parameters in fp32 (Micikevicius et al. 2018, arXiv 1710.03740), steps those and hands their
 * rounded numbers to the decoder: a step smaller than bf16 can tell apart is not lost. To be used on the decoder's
 * tensor thread.
 */
public final class AdamW implements AutoCloseable {
    /** Shared by all optimizers: a compiled script has no state. */
    static final Script SCRIPT = Script.load(AdamW.class, "adamw.py");

    private static final String FIRST = "exp_avg.";
    private static final String SECOND = "exp_avg_sq.";
    private static final String MASTER = "master.";
    private static final String STEP = "step";

    private final AdamSettings settings;
    private final Decoder decoder;
    private final NDManager manager;
    /** What is stepped: the decoder's own parameters, or fp32 ones behind them. */
    private final NDList masters;

    private final boolean apart;
    private final NDList first;
    private final NDList second;
    private final NDList counts;
    private final TensorList parameterList;
    private final TensorList decayedList;
    private final TensorList gradientList;
    private final TensorList firstList;
    private final TensorList secondList;
    private final TensorList countList;
    private long steps;
    private @Nullable Held held;

    /** Weights and state at a moment, to return to. */
    private record Held(NDList parameters, NDList first, NDList second, long steps) {}

    /** A fresh optimizer: moments zero, no step made. */
    public AdamW(Decoder decoder, AdamSettings settings) {
        this.decoder = decoder;
        this.settings = settings;
        this.manager = Libtorch.scope();
        this.apart = decoder.numerics().dtype() != Dtype.FP32;
        NDList parameters = apart ? SCRIPT.tensors(manager, "widened", decoder.parameters()) : decoder.parameters();
        this.masters = parameters;
        this.first = SCRIPT.tensors(manager, "zeros", parameters);
        this.second = SCRIPT.tensors(manager, "zeros", parameters);
        this.counts = new NDList();
        for (int i = 0; i < parameters.size(); i++) {
            counts.add(manager.create(0f));
        }
        this.parameterList = TensorList.of(parameters);
        this.decayedList = TensorList.of(new NDList(parameters.stream()
                .filter(p -> settings.decayVectors() || p.getShape().dimension() > 1)
                .toList()));
        this.gradientList = TensorList.of(decoder.gradients());
        this.firstList = TensorList.of(first);
        this.secondList = TensorList.of(second);
        this.countList = TensorList.of(counts);
    }

    /** Euclidean norm of each parameter's gradient, in the order of the decoder's names. */
    public float[] gradientNorms() {
        try (NDArray norms = SCRIPT.tensor(manager, "norms", gradientList)) {
            return norms.toFloatArray();
        }
    }

    /** Multiplies the gradients by {@code scale}, makes one step and sets the gradients to zero. */
    public void step(double learningRate, double scale) {
        if (scale != 1) {
            SCRIPT.run("scale", gradientList, scale);
        }
        if (settings.weightDecay() != 0) {
            SCRIPT.run("scale", decayedList, 1 - learningRate * settings.weightDecay());
        }
        SCRIPT.run(
                "step",
                parameterList,
                gradientList,
                firstList,
                secondList,
                countList,
                learningRate,
                settings.beta1(),
                settings.beta2(),
                settings.eps());
        if (apart) {
            decoder.put(masters);
        }
        steps++;
        decoder.zeroGrad();
    }

    /** Steps made. */
    public long steps() {
        return steps;
    }

    /** Remembers weights and state, to go back to with {@link #rollBack()}. */
    public void hold() {
        if (held == null) {
            NDList parameters = masters;
            held = new Held(
                    SCRIPT.tensors(manager, "zeros", parameters),
                    SCRIPT.tensors(manager, "zeros", parameters),
                    SCRIPT.tensors(manager, "zeros", parameters),
                    0);
        }
        SCRIPT.run("copy", held.parameters, parameterList);
        SCRIPT.run("copy", held.first, firstList);
        SCRIPT.run("copy", held.second, secondList);
        held = new Held(held.parameters, held.first, held.second, steps);
    }

    /** Puts weights and state back to the last {@link #hold()} and sets the gradients to zero. */
    public void rollBack() {
        if (held == null) {
            throw new IllegalStateException("nothing was held to roll back to");
        }
        SCRIPT.run("copy", parameterList, held.parameters);
        SCRIPT.run("copy", firstList, held.first);
        SCRIPT.run("copy", secondList, held.second);
        if (apart) {
            decoder.put(masters);
        }
        setSteps(held.steps);
        decoder.zeroGrad();
    }

    /** The state: moments (and fp32 parameters) under the parameters' names and the number of steps; a copy. */
    public TensorSet export() {
        Map<String, HostTensor> out = new LinkedHashMap<>();
        List<String> names = decoder.names();
        for (int i = 0; i < names.size(); i++) {
            out.put(FIRST + names.get(i), host(first.get(i)));
            out.put(SECOND + names.get(i), host(second.get(i)));
            if (apart) {
                out.put(MASTER + names.get(i), host(masters.get(i)));
            }
        }
        out.put(STEP, HostTensor.ofLongs(new long[] {steps}));
        return TensorSet.of(out);
    }

    /** Takes over an exported state; an error names the tensor that is missing or has another shape. */
    public void assign(TensorSet state) {
        List<String> names = decoder.names();
        for (int i = 0; i < names.size(); i++) {
            check(state, FIRST + names.get(i), first.get(i).getShape());
            check(state, SECOND + names.get(i), second.get(i).getShape());
            if (apart) {
                check(state, MASTER + names.get(i), masters.get(i).getShape());
            }
        }
        if (!state.contains(STEP)) {
            throw new IllegalArgumentException("the optimizer state has no tensor '" + STEP + "'");
        }
        for (int i = 0; i < names.size(); i++) {
            first.get(i).set(state.get(FIRST + names.get(i)).floats());
            second.get(i).set(state.get(SECOND + names.get(i)).floats());
            if (apart) {
                masters.get(i).set(state.get(MASTER + names.get(i)).floats());
            }
        }
        if (apart) {
            decoder.put(masters);
        }
        setSteps(state.get(STEP).longs()[0]);
    }

    private void setSteps(long count) {
        steps = count;
        for (NDArray c : counts) {
            c.set(new float[] {count});
        }
    }

    private static void check(TensorSet state, String name, Shape shape) {
        if (!state.contains(name)) {
            throw new IllegalArgumentException(
                    "the optimizer state has no tensor '" + name + "': it is of another model");
        }
        if (!Arrays.equals(state.get(name).shape(), shape.getShape())) {
            throw new IllegalArgumentException("optimizer state '" + name + "' has shape "
                    + Arrays.toString(state.get(name).shape()) + ", the model has " + shape);
        }
    }

    private static HostTensor host(NDArray a) {
        return HostTensor.ofFloats(a.toFloatArray(), a.getShape().getShape());
    }

    @Override
    public void close() {
        parameterList.close();
        decayedList.close();
        gradientList.close();
        firstList.close();
        secondList.close();
        countList.close();
        manager.close();
    }
}
