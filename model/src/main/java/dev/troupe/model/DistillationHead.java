package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The language-model head where whole distributions matter (divergence.py): a teacher's answers, and a student's
 * divergence from them. Logits, and the teacher's numbers on the device, are held for a chunk of positions at a time;
 * for the way back gradients of a bounded number of chunks are kept.
 */
final class DistillationHead {
    /** Chunks whose gradients with respect to the logits are kept for the way back; those of others are made again. */
    private static final int KEPT_CHUNKS = 16;

    private final Script script;
    private final NDArray weight;
    private final NDArray gradient;
    private final int chunk;
    private final double cap;

    /**
     * @param gradient of the weight, or empty if the head is not trained
     * @param cap of the logits; 0 for none
     */
    DistillationHead(Script script, NDArray weight, NDArray gradient, int chunk, double cap) {
        this.script = script;
        this.weight = weight;
        this.gradient = gradient;
        this.chunk = chunk;
        this.cap = cap;
    }

    /** The distributions at a batch's outputs, over hidden states [N, D]. */
    void softTargets(Batch batch, NDArray plain, double temperature, int topK, Decoder.SoftTargetSink sink) {
        NDArray hidden = over(batch.manager(), plain, temperature);
        try (NDArray head = script.tensor(batch.manager(), "wide", weight)) {
            for (int from = 0; from < batch.outputs(); from += chunk) {
                int to = Math.min(from + chunk, batch.outputs());
                try (NDList made = script.tensors(
                        batch.manager(), "head_soft_targets", hidden, head, from, to, topK, cap / temperature)) {
                    byRow(batch, from, to, made.get(1).toIntArray(), made.get(0).toFloatArray(), sink);
                }
            }
        }
    }

    private static void byRow(Batch batch, int from, int to, int[] ids, float[] logprobs, Decoder.SoftTargetSink sink) {
        int k = ids.length / (to - from);
        int buckets = logprobs.length / (to - from);
        int[] offsets = batch.offsets();
        for (int row = 0; row + 1 < offsets.length; row++) {
            int first = Math.max(from, offsets[row]);
            int end = Math.min(to, offsets[row + 1]);
            if (first < end) {
                int a = first - from;
                int b = end - from;
                SoftTargets part = new SoftTargets(
                        end - first,
                        Arrays.copyOfRange(ids, a * k, b * k),
                        Arrays.copyOfRange(logprobs, a * buckets, b * buckets));
                sink.take(row, first - offsets[row], part);
            }
        }
    }

    /**
     * Divergences [N] and entropies [N] at a batch's outputs; where gradients are recorded the divergences begin a
     * graph.
     *
     * @param pass hidden states [N, D], and what takes the gradient with respect to them
     * @param temperature that logits are divided by
     * @param teacher of each row, at the same temperature
     */
    NDList divergence(Batch batch, Trunk.Pass pass, double temperature, List<SoftTargets> teacher, double beta) {
        NDManager scope = batch.manager();
        NDArray h = over(scope, pass.hidden(), temperature);
        NDArray head = script.tensor(scope, "wide", weight);
        boolean recording = Autograd.isRecording();
        float[] divergences = new float[batch.outputs()];
        float[] entropies = new float[batch.outputs()];
        List<NDArray> kept = new ArrayList<>();
        for (int from = 0; from < batch.outputs(); from += chunk) {
            int to = Math.min(from + chunk, batch.outputs());
            try (NDList made = chunk(batch, h, head, from, to, teacher, beta, cap / temperature)) {
                System.arraycopy(made.get(0).toFloatArray(), 0, divergences, from, to - from);
                System.arraycopy(made.get(1).toFloatArray(), 0, entropies, from, to - from);
                if (recording && kept.size() < KEPT_CHUNKS) {
                    kept.add(made.remove(2));
                }
            }
        }
        NDArray output = scope.create(divergences);
        if (!recording) {
            head.close();
        } else {
            Autograd.defer(output, d -> {
                // Of a bf16 head it is a copy in fp32, and the batch lives on.
                try (head;
                        NDArray back = script.tensor(scope, "like", h)) {
                    for (int from = 0; from < batch.outputs(); from += chunk) {
                        int to = Math.min(from + chunk, batch.outputs());
                        int place = from / chunk;
                        try (NDList made = place < kept.size()
                                ? new NDList(kept.get(place))
                                : chunk(batch, h, head, from, to, teacher, beta, cap / temperature)) {
                            backward(scope, d, made.get(made.size() - 1), h, head, from, to, back);
                        }
                    }
                    try (NDArray scaled = over(scope, back, temperature)) {
                        pass.backward().accept(scaled);
                    }
                }
            });
        }
        return new NDList(output, scope.create(entropies));
    }

    /** One for each row, of its length, all over the same buckets, and ids that the vocabulary has. */
    static void requireFits(Batch batch, List<SoftTargets> teacher, int vocabulary) {
        int[] offsets = batch.offsets();
        if (teacher.size() != offsets.length - 1) {
            throw new IllegalArgumentException(
                    teacher.size() + " rows of soft targets for a batch of " + (offsets.length - 1) + " rows");
        }
        int k = teacher.get(0).topK();
        int buckets = k == 0 ? vocabulary : k + 1;
        for (int row = 0; row < teacher.size(); row++) {
            SoftTargets targets = teacher.get(row);
            int positions = offsets[row + 1] - offsets[row];
            if (targets.positions() != positions || targets.topK() != k || targets.buckets() != buckets) {
                throw new IllegalArgumentException("soft targets of row " + row + ": " + targets.positions()
                        + " positions of " + targets.buckets() + " log-probabilities with " + targets.topK()
                        + " ids; expected " + positions + " of " + buckets + " with " + k + ", for a vocabulary of "
                        + vocabulary);
            }
            for (int id : targets.ids()) {
                if (id < 0 || id >= vocabulary) {
                    throw new IllegalArgumentException("soft targets of row " + row + " name token " + id
                            + ", beyond the vocabulary of " + vocabulary);
                }
            }
        }
    }

    private void backward(
            NDManager scope, NDArray d, NDArray made, NDArray h, NDArray head, int from, int to, NDArray back) {
        script.tensor(scope, "head_divergence_backward", d, made, h, head, from, to, back, gradient)
                .close();
    }

    private NDList chunk(
            Batch batch,
            NDArray h,
            NDArray head,
            int from,
            int to,
            List<SoftTargets> teacher,
            double beta,
            double over) {
        int k = teacher.get(0).topK();
        int buckets = teacher.get(0).buckets();
        long[] ids = new long[(to - from) * k];
        float[] logprobs = new float[(to - from) * buckets];
        int[] offsets = batch.offsets();
        for (int row = 0; row + 1 < offsets.length; row++) {
            SoftTargets targets = teacher.get(row);
            for (int i = Math.max(from, offsets[row]); i < Math.min(to, offsets[row + 1]); i++) {
                int at = i - offsets[row];
                System.arraycopy(targets.logprobs(), at * buckets, logprobs, (i - from) * buckets, buckets);
                for (int j = 0; j < k; j++) {
                    ids[(i - from) * k + j] = targets.ids()[at * k + j];
                }
            }
        }
        NDManager scope = batch.manager();
        try (NDArray likeliest = scope.create(ids, k == 0 ? new Shape(0) : new Shape(to - from, k));
                NDArray theirs = scope.create(logprobs, new Shape(to - from, buckets))) {
            return script.tensors(scope, "head_divergence", h, head, from, to, likeliest, theirs, beta, over);
        }
    }

    private NDArray over(NDManager scope, NDArray x, double temperature) {
        return temperature == 1 ? x : script.tensor(scope, "over", x, temperature);
    }
}
