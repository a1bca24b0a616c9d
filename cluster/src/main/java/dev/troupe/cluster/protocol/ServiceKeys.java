package dev.troupe.cluster.protocol;

import akka.actor.typed.receptionist.ServiceKey;

/** Under which keys the actors of a troupe are found through the cluster receptionist. */
public final class ServiceKeys {
    public static final ServiceKey<RunCommand> RUN = ServiceKey.create(RunCommand.class, "run");
    public static final ServiceKey<LedgerCommand> LEDGER = ServiceKey.create(LedgerCommand.class, "ledger");
    public static final ServiceKey<WeightsCommand> WEIGHTS = ServiceKey.create(WeightsCommand.class, "weights");
    public static final ServiceKey<RolloutCommand> ROLLOUT = ServiceKey.create(RolloutCommand.class, "rollout");
    public static final ServiceKey<ScorerCommand> REFERENCE = ServiceKey.create(ScorerCommand.class, "reference");
    public static final ServiceKey<ScorerCommand> REWARD = ServiceKey.create(ScorerCommand.class, "reward");
    public static final ServiceKey<ScorerCommand> VALUE = ServiceKey.create(ScorerCommand.class, "value");
    public static final ServiceKey<ScorerCommand> TEACHER = ServiceKey.create(ScorerCommand.class, "teacher");

    private ServiceKeys() {}
}
