package dev.troupe.learner.assembly;

import dev.troupe.learner.experience.HeldTrajectory;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.proto.v1.TokenBatch;
import dev.troupe.proto.v1.TrajectoryId;
import java.util.Arrays;
import java.util.List;

/** Writes requests for scores. */
final class Requests {

    static ScoreRequest of(long number, ScorerKind kind, List<HeldTrajectory> rows, AssemblerSettings settings) {
        ScoreRequest.Builder request = ScoreRequest.newBuilder()
                .setRequest(number)
                .setKind(kind.wire())
                .setBatch(batch(rows))
                .setDeadlineMs(settings.deadline().toMillis())
                .setTemperature(settings.temperature());
        for (HeldTrajectory t : rows) {
            request.addIds(TrajectoryId.newBuilder().setDraw(t.id().draw()).setSample(t.id().sample()));
            request.addFinishReasons(t.finishReason());
        }
        return request.build();
    }

    private static TokenBatch batch(List<HeldTrajectory> rows) {
        int[] lengths = rows.stream().mapToInt(t -> t.row().length()).toArray();
        int[] prompts = rows.stream().mapToInt(t -> t.row().promptLength()).toArray();
        int[] ids =
                rows.stream().flatMapToInt(t -> Arrays.stream(t.row().ids())).toArray();
        return TokenBatch.newBuilder()
                .setIds(Tensors.ofInts(ids))
                .setLengths(Tensors.ofInts(lengths))
                .setPromptLengths(Tensors.ofInts(prompts))
                .build();
    }

    private Requests() {}
}
