package dev.troupe.rollout;

import dev.troupe.model.ModelFolder;
import dev.troupe.model.ModelForm;
import dev.troupe.transport.AeronNode;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a rollout actor works with.
 *
 * @param node its name, unique in a run: the ledger refuses a second live one. It shows there and names the journal
 * @param aeron the process's transport
 * @param udp where other processes reach it (port 0 for any free one); null when only this process shall
 * @param model what the policy's sets are; they come from the publisher
 * @param end when a completion is over
 * @param journals folder for NODE.jsonl, {@code rollouts} in the run's folder
 */
public record RolloutSetup(
        String node,
        AeronNode aeron,
        @Nullable InetSocketAddress udp,
        RolloutSettings settings,
        ModelForm model,
        EndOfText end,
        Path journals) {

    /**
     * The set-up for a policy.
     *
     * @param policy its folder or its base's, whose tokenizer is needed only for stop strings
     * @param form what its sets are
     */
    public static RolloutSetup of(
            String node,
            AeronNode aeron,
            @Nullable InetSocketAddress udp,
            RolloutSettings settings,
            ModelFolder policy,
            ModelForm form,
            Path journals) {
        EndOfText end = new EndOfText(
                policy.config().eosIds(), settings.stop(), settings.stop().isEmpty() ? null : policy.tokenizer());
        return new RolloutSetup(node, aeron, udp, settings, form, end, journals);
    }
}
