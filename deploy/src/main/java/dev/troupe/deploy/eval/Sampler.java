package dev.troupe.deploy.eval;

import dev.troupe.model.DecodeEngine;
import dev.troupe.model.ModelForm;
import dev.troupe.model.SamplingConfig;
import dev.troupe.proto.TensorSet;
import dev.troupe.rollout.Completion;
import dev.troupe.rollout.ContinuousBatcher;
import dev.troupe.rollout.EndOfText;
import dev.troupe.rollout.SampleRequest;
import java.util.List;

/** Draws completions to the end, without any actor. */
public final class Sampler {
    private Sampler() {}

    /**
     * Completions in the order of their requests. To be called on a tensor thread.
     *
     * @param slots rows side by side
     */
    public static List<Completion> complete(
            ModelForm form,
            TensorSet tensors,
            List<SampleRequest> requests,
            SamplingConfig sampling,
            EndOfText end,
            int slots) {
        int length = requests.stream()
                .mapToInt(r -> r.prompt().length + r.maxNewTokens())
                .max()
                .orElse(2);
        DecodeEngine engine = form.engine(tensors, slots, length, sampling);
        try (ContinuousBatcher batcher = new ContinuousBatcher(engine, end, 0)) {
            return batcher.runAll(requests);
        }
    }
}
