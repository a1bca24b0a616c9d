package dev.troupe.learner.experience;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.WireException;
import dev.troupe.proto.v1.FinishReason;
import dev.troupe.proto.v1.Trajectory;
import java.util.List;

/**
 * A trajectory as the learner holds it. Arrays are [completion], in the order of sampling.
 *
 * @param id stays when the trajectory is issued again
 * @param attempt which issue of it this is
 * @param row prompt and completion token ids
 * @param behaviourLogprobs log-softmax(logits / temperature) of the policy that sampled, before any filter
 * @param versions policy version that sampled each token, never falling
 * @param sampledAtMicros wall clock of each token, microseconds since the epoch
 * @param weightsFingerprint of the live weights of each version, in order of appearance
 * @param given whether the completion was given and not sampled: its log-probabilities are 0 and say nothing then
 */
public record HeldTrajectory(
        TrajectoryId id,
        int attempt,
        TokenRow row,
        float[] behaviourLogprobs,
        long[] versions,
        long[] sampledAtMicros,
        FinishReason finishReason,
        List<String> weightsFingerprint,
        String node,
        boolean given) {

    /**
     * Reads a trajectory off the wire.
     *
     * @throws WireException if its parts do not fit together
     */
    public static HeldTrajectory of(Trajectory t) {
        TrajectoryId id = TrajectoryId.of(t.getId());
        int[] prompt = Tensors.ints(t.getPromptIds());
        int[] completion = Tensors.ints(t.getCompletionIds());
        float[] logprobs = Tensors.floats(t.getBehaviourLogprobs());
        long[] versions = Tensors.longs(t.getVersions());
        long[] sampledAt = Tensors.longs(t.getSampledAtUs());
        int n = completion.length;
        if (prompt.length == 0 || n == 0 || logprobs.length != n || versions.length != n || sampledAt.length != n) {
            throw new WireException(
                    WireException.Code.SHAPE,
                    "trajectory " + id + " has " + prompt.length + " prompt ids, " + n + " completion ids, "
                            + logprobs.length + " log-probabilities, " + versions.length + " versions and "
                            + sampledAt.length + " times; all but the first must be equal and none empty");
        }
        int distinct = 1;
        for (int i = 1; i < n; i++) {
            if (versions[i] < versions[i - 1]) {
                throw new WireException(
                        WireException.Code.MALFORMED,
                        "trajectory " + id + ": token " + i + " has version " + versions[i] + " after "
                                + versions[i - 1]);
            }
            distinct += versions[i] == versions[i - 1] ? 0 : 1;
        }
        if (t.getWeightsFingerprintCount() != distinct) {
            throw new WireException(
                    WireException.Code.SHAPE,
                    "trajectory " + id + " spans " + distinct + " versions but names " + t.getWeightsFingerprintCount()
                            + " fingerprints of weights");
        }
        return new HeldTrajectory(
                id,
                t.getAttempt(),
                TokenRow.of(prompt, completion),
                logprobs,
                versions,
                sampledAt,
                t.getFinishReason(),
                List.copyOf(t.getWeightsFingerprintList()),
                t.getNode(),
                t.getGiven());
    }

    /** Version that sampled the first token: staleness is counted from it. */
    public long firstVersion() {
        return versions[0];
    }

    /** Version that sampled the last token. */
    public long lastVersion() {
        return versions[versions.length - 1];
    }

    /** Sampled by one version throughout. */
    public boolean pure() {
        return firstVersion() == lastVersion();
    }
}
