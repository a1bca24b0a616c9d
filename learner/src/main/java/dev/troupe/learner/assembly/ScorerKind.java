package dev.troupe.learner.assembly;

import akka.actor.typed.receptionist.ServiceKey;
import dev.troupe.cluster.protocol.ScorerCommand;
import dev.troupe.cluster.protocol.ServiceKeys;
import dev.troupe.proto.v1.ScoreKind;
import dev.troupe.train.algorithm.Needs;
import java.util.EnumSet;
import java.util.Set;

/** Who scores a trajectory. */
enum ScorerKind {
    REFERENCE(ScoreKind.SCORE_KIND_REFERENCE, ServiceKeys.REFERENCE),
    REWARD(ScoreKind.SCORE_KIND_REWARD, ServiceKeys.REWARD),
    VALUE(ScoreKind.SCORE_KIND_VALUE, ServiceKeys.VALUE),
    TEACHER(ScoreKind.SCORE_KIND_TEACHER, ServiceKeys.TEACHER);

    private final ScoreKind wire;
    private final ServiceKey<ScorerCommand> key;

    ScorerKind(ScoreKind wire, ServiceKey<ScorerCommand> key) {
        this.wire = wire;
        this.key = key;
    }

    /** Who is asked. */
    static Set<ScorerKind> of(Needs needs) {
        Set<ScorerKind> kinds = EnumSet.of(REWARD);
        if (needs.reference()) {
            kinds.add(REFERENCE);
        }
        if (needs.value()) {
            kinds.add(VALUE);
        }
        if (needs.teacher() != null) {
            kinds.add(TEACHER);
        }
        return kinds;
    }

    ScoreKind wire() {
        return wire;
    }

    ServiceKey<ScorerCommand> key() {
        return key;
    }

    /** As the actor calls itself and as metrics name it. */
    String label() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }

    static ScorerKind of(ScoreKind wire) {
        for (ScorerKind kind : values()) {
            if (kind.wire == wire) {
                return kind;
            }
        }
        throw new IllegalArgumentException("no scorer for " + wire);
    }
}
