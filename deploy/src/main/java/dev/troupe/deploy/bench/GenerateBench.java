package dev.troupe.deploy.bench;

import dev.troupe.deploy.report.PeakMemory;
import dev.troupe.model.AdaptedModel;
import dev.troupe.model.CounterNoise;
import dev.troupe.model.DecodeEngine;
import dev.troupe.model.Dtype;
import dev.troupe.model.FrozenBase;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.SamplingConfig;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Decode throughput. The end token does not end a row, so every row makes exactly the asked tokens. The first token of
 * a
 * row comes out of its prefill, so decode_tokens_per_s is rows x (new - 1) / (whole - prefill). To be run on a tensor
 * thread.
 *
 * @param lora an adapter over a frozen base in that number format
 * @param threads of the tensor thread, for the report
 */
public record GenerateBench(
        ModelFolder model,
        Dtype dtype,
        boolean lora,
        int batch,
        int prompt,
        int tokens,
        boolean greedy,
        int repeats,
        int threads) {
    private static final long SEED = 7;

    /** Measures; the line to print. */
    public Map<String, Object> run() {
        SamplingConfig sampling = greedy ? SamplingConfig.greedy() : SamplingConfig.atTemperature(1.0);
        double[] whole = new double[repeats];
        double[] prefill = new double[repeats];
        try (FrozenBase base = lora ? Workload.base(model, dtype) : null;
                DecodeEngine engine = engine(base, sampling)) {
            generate(engine, SEED, Math.min(tokens, 8));
            for (int r = 0; r < repeats; r++) {
                long from = System.nanoTime();
                prefill[r] = generate(engine, SEED + 1 + r, tokens);
                whole[r] = (System.nanoTime() - from) / 1e9;
            }
        }
        double all = Workload.median(whole);
        double first = Workload.median(prefill);
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("bench", "generate");
        line.put("model", String.valueOf(model.path().getFileName()));
        line.put("dtype", dtype.toString());
        line.put("lora", lora);
        line.put("batch", batch);
        line.put("prompt", prompt);
        line.put("new", tokens);
        line.put("sampling", greedy ? "greedy" : "t=1");
        line.put("threads", threads);
        line.put("decode_tokens_per_s", Workload.round(batch * (tokens - 1) / (all - first), 1));
        line.put("generate_tokens_per_s", Workload.round(batch * tokens / all, 1));
        line.put("prefill_tokens_per_s", Workload.round(batch * prompt / first, 1));
        line.put("step_ms", Workload.round(1000 * (all - first) / (tokens - 1), 3));
        line.put("generate_s", whole);
        line.put("prefill_s", prefill);
        Long peak = PeakMemory.bytes();
        line.put("peak_rss_mb", peak == null ? null : peak >> 20);
        return line;
    }

    private DecodeEngine engine(@Nullable FrozenBase base, SamplingConfig sampling) {
        int length = prompt + tokens;
        if (base == null) {
            return DecodeEngine.open(model.config(), model.weights(), batch, length, sampling, dtype);
        }
        AdaptedModel form = new AdaptedModel(base, Workload.ADAPTER, false);
        return form.engine(form.initial(SEED), batch, length, sampling);
    }

    /** Prompts that the engine has not seen, and so many tokens after each; seconds of the prefill. */
    private double generate(DecodeEngine engine, long seed, int count) {
        int[][] prompts = Workload.prompts(batch, prompt, model.config().vocabulary(), seed);
        long from = System.nanoTime();
        for (int begin = 0; begin < batch; begin += DecodeEngine.KEPT_PROMPTS) {
            int[] slots = IntStream.range(begin, Math.min(begin + DecodeEngine.KEPT_PROMPTS, batch))
                    .toArray();
            double[] noise = Arrays.stream(slots)
                    .mapToDouble(slot -> CounterNoise.uniform(SEED, slot, 0, 0))
                    .toArray();
            engine.prefill(Arrays.asList(prompts).subList(begin, begin + slots.length), slots, noise);
        }
        double prefill = (System.nanoTime() - from) / 1e9;
        double[] noise = new double[batch];
        for (int t = 1; t < count; t++) {
            for (int slot = 0; slot < batch; slot++) {
                noise[slot] = CounterNoise.uniform(SEED, slot, 0, t);
            }
            engine.step(noise);
        }
        for (int slot = 0; slot < batch; slot++) {
            engine.release(slot);
        }
        return prefill;
    }
}
