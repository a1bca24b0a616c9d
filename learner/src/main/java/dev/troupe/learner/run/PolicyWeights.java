package dev.troupe.learner.run;

import dev.troupe.proto.TensorSet;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * The sets of tensors that travel under one version.
 *
 * @param sets by name, in that order: "policy", which is sent first, and "value" where there is one
 */
public record PolicyWeights(Map<String, TensorSet> sets) {
    /** Name of the policy's set. */
    public static final String POLICY = "policy";

    public PolicyWeights {
        sets = Collections.unmodifiableMap(new TreeMap<>(sets));
    }

    /** The policy's set. */
    public TensorSet policy() {
        return Objects.requireNonNull(sets.get(POLICY), "weights without a set named policy");
    }
}
