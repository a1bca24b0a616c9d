package dev.troupe.proto;

import dev.troupe.proto.WireException.Code;
import dev.troupe.proto.v1.Ack;
import dev.troupe.proto.v1.DataType;
import dev.troupe.proto.v1.FinishReason;
import dev.troupe.proto.v1.Lease;
import dev.troupe.proto.v1.LeaseGrant;
import dev.troupe.proto.v1.RowScore;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreKind;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.proto.v1.SequenceRange;
import dev.troupe.proto.v1.Tensor;
import dev.troupe.proto.v1.Trajectory;
import dev.troupe.proto.v1.TrajectoryId;
import dev.troupe.proto.v1.WeightChunk;

/**
 * What must hold inside a message beyond its being Protobuf: tensors are verified, vectors that belong together have
 * the same length, numbers that Java reads as signed are not negative. A receiver may rely on it.
 */
final class Bodies {
    private Bodies() {}

    static Ack check(Ack ack) {
        for (SequenceRange range : ack.getHeldList()) {
            require(range.getFirst() >= 1 && range.getLast() >= range.getFirst(), "an acknowledged range", range);
        }
        require(ack.getStream() >= 0 && ack.getPosition() >= 0, "an acknowledgement", "beyond its range");
        return ack;
    }

    static LeaseGrant check(LeaseGrant grant) {
        for (Lease lease : grant.getLeasesList()) {
            require(lease.hasId(), "a lease", "without an id");
            id(lease.getId());
            require(lease.getAttempt() >= 1 && lease.getDeadlineMs() >= 0, "attempt or deadline of a lease", lease);
            Tensors.vector(lease.getPromptIds(), DataType.DATA_TYPE_I32);
            if (lease.hasCompletionIds()) {
                int given = Tensors.vector(lease.getCompletionIds(), DataType.DATA_TYPE_I32);
                require(given > 0, "a given completion", "without tokens");
            }
        }
        return grant;
    }

    static Trajectory check(Trajectory trajectory) {
        require(trajectory.hasId(), "a trajectory", "without an id");
        id(trajectory.getId());
        reason(trajectory.getFinishReason());
        require(trajectory.getAttempt() >= 1, "attempt of a trajectory", trajectory.getAttempt());
        Tensors.vector(trajectory.getPromptIds(), DataType.DATA_TYPE_I32);
        int tokens = Tensors.vector(trajectory.getCompletionIds(), DataType.DATA_TYPE_I32);
        vector(trajectory.getBehaviourLogprobs(), DataType.DATA_TYPE_F32, tokens, "behaviour_logprobs");
        vector(trajectory.getKeptMass(), DataType.DATA_TYPE_F32, tokens, "kept_mass");
        vector(trajectory.getVersions(), DataType.DATA_TYPE_I64, tokens, "versions");
        vector(trajectory.getSampledAtUs(), DataType.DATA_TYPE_I64, tokens, "sampled_at_us");
        return trajectory;
    }

    static ScoreRequest check(ScoreRequest request) {
        kind(request.getKind());
        require(request.hasBatch(), "a score request", "without a batch");
        int[] lengths = Tensors.ints(request.getBatch().getLengths());
        int[] prompts = Tensors.ints(request.getBatch().getPromptLengths());
        long sum = 0;
        for (int length : lengths) {
            require(length >= 0, "length of a row", length);
            sum += length;
        }
        int ids = Tensors.vector(request.getBatch().getIds(), DataType.DATA_TYPE_I32);
        fits(ids, sum, "ids and the sum of lengths");
        fits(prompts.length, lengths.length, "prompt_lengths and lengths");
        for (int row = 0; row < prompts.length; row++) {
            require(prompts[row] >= 0 && prompts[row] <= lengths[row], "prompt length of row " + row, prompts[row]);
        }
        fits(request.getIdsCount(), lengths.length, "trajectory ids and rows");
        request.getIdsList().forEach(Bodies::id);
        if (request.getFinishReasonsCount() != 0) {
            fits(request.getFinishReasonsCount(), lengths.length, "finish reasons and rows");
            request.getFinishReasonsList().forEach(Bodies::reason);
        }
        require(request.getDeadlineMs() >= 0, "deadline of a score request", request.getDeadlineMs());
        require(request.getTopK() >= 0, "top_k of a score request", request.getTopK());
        require(
                Double.isFinite(request.getTemperature()) && request.getTemperature() >= 0,
                "temperature of a score request",
                request.getTemperature());
        return request;
    }

    static ScoreAnswer check(ScoreAnswer answer) {
        kind(answer.getKind());
        require(answer.getModelVersion() >= 0, "model version of a score answer", answer.getModelVersion());
        for (RowScore row : answer.getRowsList()) {
            require(row.hasId(), "a row's score", "without a trajectory id");
            id(row.getId());
            require(row.hasValues() != row.hasFailure(), "a row's score", "needs either values or a failure");
            if (row.hasValues() && answer.getKind() == ScoreKind.SCORE_KIND_TEACHER) {
                softTargets(row);
            } else if (row.hasValues()) {
                Tensors.vector(row.getValues(), DataType.DATA_TYPE_F32);
            }
        }
        return answer;
    }

    private static void softTargets(RowScore row) {
        require(row.getFirst() >= 0, "first position of soft targets", row.getFirst());
        Tensors.matrix(row.getValues(), DataType.DATA_TYPE_F32);
        if (row.hasIds()) {
            Tensors.matrix(row.getIds(), DataType.DATA_TYPE_I32);
            fits(row.getIds().getShape(0), row.getValues().getShape(0), "ids and values of soft targets");
            fits(row.getIds().getShape(1) + 1, row.getValues().getShape(1), "a position's values and its ids with one");
        }
    }

    static WeightChunk check(WeightChunk chunk) {
        require(chunk.getVersion() >= 0, "version of a weight chunk", chunk.getVersion());
        require(
                chunk.getIndex() >= 0 && chunk.getCount() > chunk.getIndex(),
                "index of a weight chunk",
                chunk.getIndex() + " of " + chunk.getCount());
        return chunk;
    }

    private static void id(TrajectoryId id) {
        require(id.getDraw() >= 0 && id.getSample() >= 0, "a trajectory id", id.getDraw() + "/" + id.getSample());
    }

    private static void kind(ScoreKind kind) {
        require(kind != ScoreKind.SCORE_KIND_UNSPECIFIED && kind != ScoreKind.UNRECOGNIZED, "kind of score", kind);
    }

    private static void reason(FinishReason reason) {
        require(
                reason != FinishReason.FINISH_REASON_UNSPECIFIED && reason != FinishReason.UNRECOGNIZED,
                "finish reason",
                reason);
    }

    private static void vector(Tensor tensor, DataType dtype, int length, String name) {
        fits(Tensors.vector(tensor, dtype), length, name + " and completion_ids");
    }

    private static void fits(long found, long expected, String what) {
        if (found != expected) {
            throw new WireException(Code.SHAPE, "lengths of " + what + " differ: " + found + " and " + expected);
        }
    }

    private static void require(boolean sound, String what, Object found) {
        if (!sound) {
            throw new WireException(Code.MALFORMED, what + ": " + found);
        }
    }
}
