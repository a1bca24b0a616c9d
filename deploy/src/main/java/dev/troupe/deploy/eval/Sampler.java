package dev.troupe.deploy.eval;

import dev.troupe.model.CounterNoise;
import dev.troupe.model.DecodeEngine;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.SamplingConfig;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.FinishReason;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Draws completions to the end, many side by side. To be used on a tensor thread. */
public final class Sampler {
    private final DecodeEngine engine;
    private final List<Integer> eos;
    private final @Nullable Row[] rows;
    private final @Nullable Completion[] done;
    private final List<Request> requests;
    private int next;

    private Sampler(DecodeEngine engine, List<Integer> eos, List<Request> requests) {
        this.engine = engine;
        this.eos = eos;
        this.requests = requests;
        this.rows = new Row[engine.slots()];
        this.done = new Completion[requests.size()];
    }

    /** Completions in the order of their requests. */
    public static List<Completion> complete(
            ModelConfig config, TensorSet weights, List<Request> requests, SamplingConfig sampling, int slots) {
        int length = requests.stream()
                .mapToInt(r -> r.prompt().length + r.maxNewTokens())
                .max()
                .orElse(2);
        try (DecodeEngine engine =
                DecodeEngine.open(config, weights, slots, Math.min(length, config.maxPositions()), sampling)) {
            return complete(engine, config.eosIds(), requests);
        }
    }

    /** As above with an engine that is open and empty. */
    public static List<Completion> complete(DecodeEngine engine, List<Integer> eos, List<Request> requests) {
        return new Sampler(engine, eos, requests).run();
    }

    private List<Completion> run() {
        double[] noise = new double[engine.slots()];
        while (true) {
            admit();
            if (engine.occupied() == 0) {
                return Arrays.stream(done)
                        .map(c -> java.util.Objects.requireNonNull(c))
                        .toList();
            }
            for (int s = 0; s < rows.length; s++) {
                Row row = rows[s];
                noise[s] = row == null ? 0.5 : row.noise();
            }
            DecodeEngine.Step step = engine.step(noise);
            for (int s = 0; s < rows.length; s++) {
                Row row = rows[s];
                if (row != null) {
                    took(s, row, step.tokens()[s], step.logprobs()[s]);
                }
            }
        }
    }

    /** Fills free slots; samples of one prompt that come together share its computation. */
    private void admit() {
        List<Integer> free = new ArrayList<>();
        for (int s = 0; s < rows.length; s++) {
            if (rows[s] == null) {
                free.add(s);
            }
        }
        while (!free.isEmpty() && next < requests.size()) {
            int[] prompt = requests.get(next).prompt();
            List<Row> group = new ArrayList<>();
            while (next < requests.size()
                    && group.size() < free.size()
                    && Arrays.equals(requests.get(next).prompt(), prompt)) {
                group.add(new Row(next, requests.get(next)));
                next++;
            }
            int[] slots =
                    free.subList(0, group.size()).stream().mapToInt(s -> s).toArray();
            free.subList(0, group.size()).clear();
            double[] noise = group.stream().mapToDouble(Row::noise).toArray();
            DecodeEngine.Step step = engine.prefill(prompt, slots, noise);
            for (int i = 0; i < slots.length; i++) {
                rows[slots[i]] = group.get(i);
                took(slots[i], group.get(i), step.tokens()[i], step.logprobs()[i]);
                if (rows[slots[i]] == null) {
                    free.add(slots[i]);
                }
            }
        }
    }

    private void took(int slot, Row row, int token, float logprob) {
        row.ids[row.count] = token;
        row.logprobs[row.count++] = logprob;
        FinishReason reason = eos.contains(token)
                ? FinishReason.FINISH_REASON_EOS
                : row.count == row.ids.length || engine.tokens(slot) >= engine.length()
                        ? FinishReason.FINISH_REASON_LENGTH
                        : FinishReason.FINISH_REASON_UNSPECIFIED;
        if (reason != FinishReason.FINISH_REASON_UNSPECIFIED) {
            done[row.index] = new Completion(
                    row.request, Arrays.copyOf(row.ids, row.count), Arrays.copyOf(row.logprobs, row.count), reason);
            rows[slot] = null;
            engine.release(slot);
        }
    }

    private static final class Row {
        final int index;
        final Request request;
        final int[] ids;
        final float[] logprobs;
        int count;

        Row(int index, Request request) {
            this.index = index;
            this.request = request;
            this.ids = new int[request.maxNewTokens()];
            this.logprobs = new float[request.maxNewTokens()];
        }

        double noise() {
            return CounterNoise.uniform(request.seed(), request.draw(), request.sample(), count);
        }
    }
}
