package dev.troupe.cluster.protocol;

import akka.actor.typed.ActorRef;

/** What the reference, reward and value actors understand; the batches they score travel over Aeron. */
public interface ScorerCommand {

    /** Who are you and where do you listen? */
    record Describe(ActorRef<ScorerDescription> replyTo) implements ScorerCommand, Control {}

    /**
     * @param kind "reference", "reward" or "value"
     * @param model what scores: a model's folder name or a rule's name
     * @param tokenizerSha256 hash of the tokenizer its token ids are meant for; empty when it does not matter
     */
    record ScorerDescription(String node, String kind, AeronAddress address, String model, String tokenizerSha256)
            implements Control {}

    /** The run is over. */
    record RunEnded(String status) implements ScorerCommand, Control {}
}
