package dev.troupe.learner.run;

import dev.troupe.learner.experience.HeldTrajectory;
import dev.troupe.learner.experience.ScoredTrajectory;
import dev.troupe.model.Decoder;
import dev.troupe.model.ModelForm;
import dev.troupe.model.TensorThread;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.TensorSet;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * Compares what the rollouts recorded with a fresh pass by the learner's script under the very weights that sampled:
 * the gap between generation and training, as a live figure. Trajectories that span versions are counted, not compared.
 */
public final class Parity implements AutoCloseable {

    /**
     * Absolute difference of log-probabilities over the tokens compared.
     *
     * @param outside share of ratios outside [0.9, 1.1]
     * @param mixed trajectories of the batch that span versions
     * @param tokens compared
     */
    public record Figures(double p95, double max, double outside, int mixed, int tokens) {
        /** Nothing compared. */
        public static final Figures NONE = new Figures(0, 0, 0, 0, 0);
    }

    private static final int ROWS_A_PASS = 32;

    private final TensorThread thread;
    private final ModelForm form;
    private final double temperature;
    private final int rows;
    private final int versionsKept;
    private final ConcurrentSkipListMap<Long, TensorSet> versions = new ConcurrentSkipListMap<>();
    private @Nullable Decoder decoder;

    /**
     * @param form of the policy's sets
     * @param rows compared each step, where there are as many; 0 turns the comparison off
     * @param versionsKept eta + 1
     */
    public Parity(TensorThread thread, ModelForm form, double temperature, int rows, int versionsKept) {
        this.thread = thread;
        this.form = form;
        this.temperature = temperature;
        this.rows = rows;
        this.versionsKept = versionsKept;
    }

    /** Keeps a version's weights, for as long as trajectories of it may come. */
    void keep(long version, TensorSet policy) {
        versions.put(version, policy);
        versions.headMap(version - versionsKept).clear();
    }

    /** Measures on the parity thread, beside the training. */
    CompletableFuture<Figures> measure(List<ScoredTrajectory> batch) {
        int mixed = (int) batch.stream().filter(t -> !t.trajectory().pure()).count();
        Map<Long, List<HeldTrajectory>> byVersion = new TreeMap<>();
        int chosen = 0;
        for (ScoredTrajectory t : batch) {
            HeldTrajectory held = t.trajectory();
            if (chosen < rows && held.pure() && !held.given() && versions.containsKey(held.firstVersion())) {
                byVersion
                        .computeIfAbsent(held.firstVersion(), v -> new java.util.ArrayList<>())
                        .add(held);
                chosen++;
            }
        }
        if (chosen == 0) {
            return CompletableFuture.completedFuture(new Figures(0, 0, 0, mixed, 0));
        }
        return thread.submit(() -> {
            float[] differences = new float[0];
            for (Map.Entry<Long, List<HeldTrajectory>> e : byVersion.entrySet()) {
                TensorSet weights = versions.get(e.getKey());
                if (weights != null) {
                    float[] more = differences(weights, e.getValue());
                    int n = differences.length;
                    differences = Arrays.copyOf(differences, n + more.length);
                    System.arraycopy(more, 0, differences, n, more.length);
                }
            }
            return figures(differences, mixed);
        });
    }

    private float[] differences(TensorSet weights, List<HeldTrajectory> held) {
        Decoder fresh = decoder;
        if (fresh == null) {
            fresh = form.decoder(weights, false);
            decoder = fresh;
        } else {
            fresh.assign(weights);
        }
        List<TokenRow> tokens = held.stream().map(HeldTrajectory::row).toList();
        List<float[]> again = fresh.logprobs(tokens, temperature, ROWS_A_PASS);
        float[] out =
                new float[tokens.stream().mapToInt(TokenRow::completionLength).sum()];
        int k = 0;
        for (int r = 0; r < again.size(); r++) {
            for (int i = 0; i < again.get(r).length; i++) {
                out[k++] = again.get(r)[i] - held.get(r).behaviourLogprobs()[i];
            }
        }
        return out;
    }

    static Figures figures(float[] differences, int mixed) {
        int n = differences.length;
        if (n == 0) {
            return new Figures(0, 0, 0, mixed, 0);
        }
        float[] size = new float[n];
        int outside = 0;
        for (int i = 0; i < n; i++) {
            size[i] = Math.abs(differences[i]);
            double ratio = Math.exp(differences[i]);
            outside += ratio < 0.9 || ratio > 1.1 ? 1 : 0;
        }
        Arrays.sort(size);
        return new Figures(size[(int) Math.ceil(0.95 * n) - 1], size[n - 1], outside / (double) n, mixed, n);
    }

    @Override
    public void close() {
        // On its thread, after a measurement under way: the base below an adapter is freed next.
        thread.run(() -> {
            Decoder open = decoder;
            if (open != null) {
                open.close();
            }
        });
        thread.close();
    }
}
