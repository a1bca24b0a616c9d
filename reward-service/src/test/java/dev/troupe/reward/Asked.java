package dev.troupe.reward;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.ScoreKind;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.proto.v1.TokenBatch;
import java.util.stream.IntStream;

/** Requests for rewards. */
final class Asked {
    private Asked() {}

    /** Samples of the draw of this number: a row for each third token, after the prompt "once upon". */
    static ScoreRequest of(long number, int... third) {
        ScoreRequest.Builder request = ScoreRequest.newBuilder()
                .setRequest(number)
                .setKind(ScoreKind.SCORE_KIND_REWARD)
                .setTemperature(1)
                .setBatch(TokenBatch.newBuilder()
                        .setIds(Tensors.ofInts(IntStream.of(third)
                                .flatMap(t -> IntStream.of(1, 3, 4, t, 2))
                                .toArray()))
                        .setLengths(
                                Tensors.ofInts(IntStream.of(third).map(t -> 5).toArray()))
                        .setPromptLengths(
                                Tensors.ofInts(IntStream.of(third).map(t -> 3).toArray())));
        for (int i = 0; i < third.length; i++) {
            request.addIds(new TrajectoryId(number, i).message());
        }
        return request.build();
    }
}
