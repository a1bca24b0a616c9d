package dev.troupe.learner.assembly;

import dev.troupe.learner.experience.HeldTrajectory;
import dev.troupe.model.TokenRows;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.train.algorithm.Distillation;
import java.util.List;

/** Writes requests for scores. */
final class Requests {

    static ScoreRequest of(long number, ScorerKind kind, List<HeldTrajectory> rows, AssemblerSettings settings) {
        ScoreRequest.Builder request = ScoreRequest.newBuilder()
                .setRequest(number)
                .setKind(kind.wire())
                .setBatch(TokenRows.batch(rows.stream().map(HeldTrajectory::row).toList()))
                .setDeadlineMs(settings.deadline().toMillis())
                .setTemperature(settings.temperature());
        Distillation teacher = settings.needs().teacher();
        if (kind == ScorerKind.TEACHER && teacher != null) {
            request.setTopK(teacher.topK()).setTemperature(teacher.temperature());
        }
        for (HeldTrajectory t : rows) {
            request.addIds(t.id().message());
            request.addFinishReasons(t.finishReason());
        }
        return request.build();
    }

    private Requests() {}
}
