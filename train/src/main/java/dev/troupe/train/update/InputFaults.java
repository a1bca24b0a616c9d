package dev.troupe.train.update;

import dev.troupe.train.algorithm.Experience;
import dev.troupe.train.algorithm.Targets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Looks for numbers that are not finite before an update begins. */
final class InputFaults {
    private InputFaults() {}

    /** Numbers as they came are searched first: whitening spreads one that is not finite over all rows. */
    static @Nullable Fault ofScores(List<Experience> batch) {
        for (Experience e : batch) {
            Fault fault = Fault.find("score", e.id(), new float[] {e.score()});
            fault = fault != null ? fault : Fault.find("behaviour logprobs", e.id(), e.behaviourLogprobs());
            fault = fault != null ? fault : Fault.find("reference logprobs", e.id(), e.referenceLogprobs());
            fault = fault != null ? fault : Fault.find("values", e.id(), e.values());
            if (fault != null) {
                return fault;
            }
        }
        return null;
    }

    /** What the algorithm made of them. */
    static @Nullable Fault ofTargets(List<Experience> batch, Targets targets) {
        for (int r = 0; r < batch.size(); r++) {
            var id = batch.get(r).id();
            Fault fault = Fault.find("proximal logprobs", id, batch.get(r).proximalLogprobs());
            if (fault == null && targets.states().isPresent()) {
                fault = Fault.find("returns", id, narrow(targets.states().get().returns()[r]));
            }
            fault = fault != null ? fault : Fault.find("advantages", id, narrow(targets.advantages()[r]));
            if (fault != null) {
                return fault;
            }
        }
        return null;
    }

    private static float[] narrow(double[] wide) {
        float[] out = new float[wide.length];
        for (int i = 0; i < wide.length; i++) {
            out[i] = (float) wide[i];
        }
        return out;
    }
}
