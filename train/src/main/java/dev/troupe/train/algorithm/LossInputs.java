package dev.troupe.train.algorithm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The named tensors that a loss sees, of some rows of a mini-batch: see {@code common.py}. Made once and used for any
 * number of passes; they belong to the manager they were made with.
 */
public final class LossInputs {
    private final NDManager manager;
    private final DataType type;
    private final List<Experience> rows;
    private final Map<String, NDArray> tensors = new HashMap<>();

    private LossInputs(NDManager manager, DataType type, List<Experience> rows) {
        this.manager = manager;
        this.type = type;
        this.rows = rows;
    }

    /** Reads one number of a token, given its place in its completion. */
    private interface Token {
        double at(int row, int token);
    }

    /**
     * Of these rows.
     *
     * @param experience the whole batch
     * @param picked which of it
     * @param klCoef as it is now
     * @param tokens of the mini-batch
     * @param rowsOfMini rows of the mini-batch
     */
    public static LossInputs of(
            NDManager manager,
            List<Experience> experience,
            Targets targets,
            int[] picked,
            Loss loss,
            double klCoef,
            int tokens,
            int rowsOfMini) {
        return of(manager, DataType.FLOAT32, experience, targets, picked, loss, klCoef, tokens, rowsOfMini);
    }

    /** As above, in another number format. */
    static LossInputs of(
            NDManager manager,
            DataType type,
            List<Experience> experience,
            Targets targets,
            int[] picked,
            Loss loss,
            double klCoef,
            int tokens,
            int rowsOfMini) {
        List<Experience> rows = new ArrayList<>();
        for (int r : picked) {
            rows.add(experience.get(r));
        }
        LossInputs inputs = new LossInputs(manager, type, rows);
        inputs.each("proximal", (i, t) -> rows.get(i).proximalLogprobs()[t]);
        inputs.each("behaviour", (i, t) -> rows.get(i).behaviourLogprobs()[t]);
        if (rows.get(0).referenceLogprobs().length > 0) {
            inputs.each("reference", (i, t) -> rows.get(i).referenceLogprobs()[t]);
        }
        inputs.each("advantages", (i, t) -> targets.advantages()[picked[i]][t]);
        inputs.each("weight", (i, t) -> 1);
        inputs.each("share", (i, t) -> loss.aggregation().share(rows.get(i).length(), tokens, rowsOfMini));
        double[] lengths = new double[picked.length];
        double[] advantages = new double[picked.length];
        double[] sides = new double[picked.length];
        long[] pairs = new long[picked.length];
        for (int i = 0; i < picked.length; i++) {
            lengths[i] = rows.get(i).length();
            advantages[i] = targets.advantages()[picked[i]][0];
            boolean sameDraw =
                    i > 0 && rows.get(i).id().draw() == rows.get(i - 1).id().draw();
            pairs[i] = i == 0 ? 0 : pairs[i - 1] + (sameDraw ? 0 : 1);
            sides[i] = targets.sides().length == 0 ? 0 : targets.sides()[picked[i]];
        }
        inputs.put("lengths", lengths);
        inputs.put("row_advantages", advantages);
        inputs.put("side", sides);
        inputs.tensors.put("pair", manager.create(pairs));
        inputs.tensors.put("row", manager.create(inputs.rowOfToken()));
        inputs.number("tokens", tokens);
        inputs.number("rows", rowsOfMini);
        inputs.number("kl_coef", klCoef);
        loss.numbers().forEach(inputs::number);
        return inputs;
    }

    private long[] rowOfToken() {
        int n = rows.stream().mapToInt(Experience::length).sum();
        long[] of = new long[n];
        int at = 0;
        for (int i = 0; i < rows.size(); i++) {
            for (int t = 0; t < rows.get(i).length(); t++) {
                of[at++] = i;
            }
        }
        return of;
    }

    private void each(String name, Token number) {
        int n = rows.stream().mapToInt(Experience::length).sum();
        double[] flat = new double[n];
        int at = 0;
        for (int i = 0; i < rows.size(); i++) {
            for (int t = 0; t < rows.get(i).length(); t++) {
                flat[at++] = number.at(i, t);
            }
        }
        put(name, flat);
    }

    private void number(String name, double number) {
        NDArray before =
                tensors.put(name, type == DataType.FLOAT64 ? manager.create(number) : manager.create((float) number));
        if (before != null) {
            throw new IllegalArgumentException("a loss has two numbers named " + name);
        }
    }

    /** Sets a tensor, [N] or [R]. */
    void put(String name, double[] numbers) {
        NDArray made;
        if (type == DataType.FLOAT64) {
            made = manager.create(numbers);
        } else {
            float[] narrow = new float[numbers.length];
            for (int i = 0; i < narrow.length; i++) {
                narrow[i] = (float) numbers[i];
            }
            made = manager.create(narrow);
        }
        NDArray before = tensors.put(name, made);
        if (before != null) {
            before.close();
        }
    }

    /** Sets the weights, from behaviour and proximal log-probabilities as they are. */
    public void weigh(OffPolicy offPolicy) {
        List<double[]> weights = new ArrayList<>();
        for (Experience e : rows) {
            weights.add(offPolicy.weights(wide(e.behaviourLogprobs()), wide(e.proximalLogprobs())));
        }
        each("weight", (i, t) -> weights.get(i)[t]);
    }

    /**
     * Sets proximal log-probabilities that follow the current ones, and the weights.
     *
     * @param current [N] log-probabilities
     */
    public void follow(OffPolicy offPolicy, float[] current, long proximalVersion) {
        List<double[]> proximal = new ArrayList<>();
        List<double[]> weights = new ArrayList<>();
        int at = 0;
        for (Experience e : rows) {
            double[] now = new double[e.length()];
            for (int t = 0; t < now.length; t++) {
                now[t] = current[at++];
            }
            double[] behaviour = wide(e.behaviourLogprobs());
            double[] between = OffPolicy.logLinear(behaviour, now, e.versions(), proximalVersion);
            proximal.add(between);
            weights.add(offPolicy.weights(behaviour, between));
        }
        each("proximal", (i, t) -> proximal.get(i)[t]);
        each("weight", (i, t) -> weights.get(i)[t]);
    }

    private static double[] wide(float[] narrow) {
        double[] out = new double[narrow.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = narrow[i];
        }
        return out;
    }

    /**
     * Calls the loss's script.
     *
     * @param current [N] log-probabilities, with their graph
     * @param entropy [N] of the distributions they come from
     * @return loss and metrics by name
     */
    public Map<String, NDArray> loss(Loss loss, NDArray current, NDArray entropy) {
        return loss(loss, "current", current, entropy);
    }

    /**
     * As above, for what else a model's pass makes of each token.
     *
     * @param name under which the script sees it: "current" log-probabilities, or the "divergence" from a teacher
     */
    public Map<String, NDArray> loss(Loss loss, String name, NDArray made, NDArray entropy) {
        Map<String, NDArray> all = new HashMap<>(tensors);
        all.put(name, made);
        all.put("entropy", entropy);
        return loss.script().named(manager, loss.method(), all);
    }
}
