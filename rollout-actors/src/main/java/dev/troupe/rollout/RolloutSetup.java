package dev.troupe.rollout;

import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelFolder;
import dev.troupe.transport.AeronNode;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a rollout actor works with.
 *
 * @param node its name, unique in a run; it shows in the ledger and names its journal
 * @param aeron the process's transport
 * @param udp where other processes reach it (port 0 for any free one); null when only this process shall
 * @param model shape of the policy; its weights come from the publisher
 * @param end when a completion is over
 * @param journals folder for NODE.jsonl, {@code rollouts} in the run's folder
 */
public record RolloutSetup(
        String node,
        AeronNode aeron,
        @Nullable InetSocketAddress udp,
        RolloutSettings settings,
        ModelConfig model,
        EndOfText end,
        Path journals) {

    /** The set-up for the policy in a model folder, whose tokenizer is needed only for stop strings. */
    public static RolloutSetup of(
            String node,
            AeronNode aeron,
            @Nullable InetSocketAddress udp,
            RolloutSettings settings,
            ModelFolder policy,
            Path journals) {
        EndOfText end = new EndOfText(
                policy.config().eosIds(), settings.stop(), settings.stop().isEmpty() ? null : policy.tokenizer());
        return new RolloutSetup(node, aeron, udp, settings, policy.config(), end, journals);
    }
}
