package dev.troupe.rollout;

import dev.troupe.proto.v1.FinishReason;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A completion under way in a slot. */
final class Row {
    final SampleRequest request;
    private final int[] ids;
    private final float[] logprobs;
    private final float[] keptMass;
    private final long[] versions;
    private final long[] sampledAt;
    private final List<String> fingerprints = new ArrayList<>();
    private int length;

    Row(SampleRequest request) {
        this.request = request;
        int most = request.maxNewTokens();
        ids = new int[most];
        logprobs = new float[most];
        keptMass = new float[most];
        versions = new long[most];
        sampledAt = new long[most];
    }

    int length() {
        return length;
    }

    void add(int token, float logprob, float mass, long version, String fingerprint, long atMicros) {
        if (length == 0 || versions[length - 1] != version) {
            fingerprints.add(fingerprint);
        }
        ids[length] = token;
        logprobs[length] = logprob;
        keptMass[length] = mass;
        versions[length] = version;
        sampledAt[length] = atMicros;
        length++;
    }

    /** Why the row is over, null while it is not. */
    @Nullable
    FinishReason finished(EndOfText end, long nowNanos) {
        if (end.isEnd(ids[length - 1])) {
            return FinishReason.FINISH_REASON_EOS;
        }
        if (end.isStop(ids, length)) {
            return FinishReason.FINISH_REASON_STOP;
        }
        if (length == ids.length) {
            return FinishReason.FINISH_REASON_LENGTH;
        }
        boolean late = request.deadlineNanos() != SampleRequest.NO_DEADLINE && nowNanos - request.deadlineNanos() >= 0;
        return late ? FinishReason.FINISH_REASON_DEADLINE : null;
    }

    Completion completion(FinishReason reason) {
        return new Completion(
                request,
                Arrays.copyOf(ids, length),
                Arrays.copyOf(logprobs, length),
                Arrays.copyOf(keptMass, length),
                Arrays.copyOf(versions, length),
                Arrays.copyOf(sampledAt, length),
                reason,
                List.copyOf(fingerprints));
    }
}
