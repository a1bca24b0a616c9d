package dev.troupe.deploy.bench;

import dev.troupe.model.AdapterConfig;
import dev.troupe.model.Dtype;
import dev.troupe.model.FrozenBase;
import dev.troupe.model.ModelFolder;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Made-up work of a fixed shape, the same for the same seed. */
final class Workload {
    /** The ids below are special tokens in every tokenizer that the peers are measured with. */
    private static final int FIRST_ID = 4;

    /** As the peers' {@code --lora} has it. */
    static final AdapterConfig ADAPTER = new AdapterConfig(8, 16, 0, false, List.of(AdapterConfig.ALL_LINEAR));

    private Workload() {}

    /** The frozen base of an adapter, not quantised. */
    static FrozenBase base(ModelFolder model, Dtype dtype) {
        FrozenBase.Storage storage = dtype == Dtype.BF16 ? FrozenBase.Storage.BF16 : FrozenBase.Storage.FP32;
        return FrozenBase.load(model.path().toString(), model.config(), model.weights(), storage);
    }

    /** Random prompts of one length. */
    static int[][] prompts(int rows, int length, int vocabulary, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int[][] prompts = new int[rows][];
        for (int r = 0; r < rows; r++) {
            prompts[r] = random.ints(length, FIRST_ID, vocabulary).toArray();
        }
        return prompts;
    }

    /** The middle value, the mean of the two middle ones when there are as many above as below. */
    static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    static double round(double value, int digits) {
        double scale = Math.pow(10, digits);
        return Math.rint(value * scale) / scale;
    }
}
