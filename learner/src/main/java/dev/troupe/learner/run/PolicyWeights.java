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
 * @param sha256 hash of the policy's set: what rollouts must echo
 */
public record PolicyWeights(Map<String, TensorSet> sets, String sha256) {

    /** The sets, hashed. */
    public static PolicyWeights of(Map<String, TensorSet> sets) {
        return new PolicyWeights(
                Collections.unmodifiableMap(new TreeMap<>(sets)), policy(sets).sha256());
    }

    /** The policy's set. */
    public TensorSet policy() {
        return policy(sets);
    }

    private static TensorSet policy(Map<String, TensorSet> sets) {
        return Objects.requireNonNull(sets.get("policy"), "weights without a set named policy");
    }
}
