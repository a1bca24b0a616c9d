package dev.troupe.reward;

import dev.troupe.cluster.ClusterNode;
import dev.troupe.cluster.ScorerActor;
import dev.troupe.cluster.protocol.AeronAddress;
import dev.troupe.cluster.protocol.ScorerCommand.ScorerDescription;
import dev.troupe.cluster.protocol.ServiceKeys;
import dev.troupe.data.rewards.RuleReward;
import dev.troupe.model.Decoder;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.TensorThread;
import dev.troupe.transport.ScoringStation;
import dev.troupe.transport.Station;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/** A reward actor on a node: its model or rule, its station and its actor. */
public final class RewardNode implements AutoCloseable {
    private final AutoCloseable scorer;
    private final Station station;
    private final CompletableFuture<String> ended = new CompletableFuture<>();

    private RewardNode(AutoCloseable scorer, Station station) {
        this.scorer = scorer;
        this.station = station;
    }

    /**
     * Rewards by a model.
     *
     * @param station the actor's own; closed with the node
     * @param reward the reward model
     * @param policy whose tokenizer the reward model must share
     * @throws RewardException when it has no score head or another tokenizer
     */
    public static RewardNode model(
            ClusterNode cluster, Station station, RewardSettings settings, ModelFolder reward, ModelFolder policy) {
        return model(
                cluster,
                station,
                settings,
                reward,
                policy,
                () -> Decoder.load(reward.config(), reward.weights(), false, settings.numerics()));
    }

    /**
     * As above, for a decoder made in another way.
     *
     * @param decoder called on the actor's tensor thread; closed with the node
     */
    public static RewardNode model(
            ClusterNode cluster,
            Station station,
            RewardSettings settings,
            ModelFolder reward,
            ModelFolder policy,
            Callable<Decoder> decoder) {
        ModelScorer.requireSameTokenizer(reward, policy);
        TensorThread thread = TensorThread.start(station.name(), settings.threads());
        ModelScorer scorer;
        try {
            scorer = new ModelScorer(thread, reward.path().toString(), decoder);
        } catch (RuntimeException e) {
            thread.close();
            throw e;
        }
        return begin(cluster, station, scorer, scorer, reward.path().toString());
    }

    /**
     * Rewards by a rule.
     *
     * @param station the actor's own; closed with the node
     * @param policy whose tokenizer turns ids back into text
     */
    public static RewardNode rule(
            ClusterNode cluster, Station station, RewardSettings settings, RuleReward rule, ModelFolder policy) {
        RuleScorer scorer = new RuleScorer(rule, policy.tokenizer(), settings.concurrency(), settings.deadline());
        return begin(cluster, station, scorer, scorer, rule.name());
    }

    private static RewardNode begin(
            ClusterNode cluster, Station station, ScoringStation.Scorer scorer, AutoCloseable resources, String model) {
        RewardNode node = new RewardNode(resources, station);
        ScoringStation.open(station, scorer);
        ScorerDescription description =
                new ScorerDescription(station.name(), "reward", AeronAddress.of(station.address()), model, "");
        cluster.spawn(ScorerActor.create(ServiceKeys.REWARD, description, node.ended::complete), station.name());
        return node;
    }

    /** Completes when the run is over. */
    public CompletableFuture<String> ended() {
        return ended;
    }

    /** Frees the model, or interrupts what the rule still does. */
    @Override
    public void close() {
        station.close();
        try {
            scorer.close();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("the reward actor " + station.name() + " did not close", e);
        }
    }
}
