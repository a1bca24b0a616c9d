package dev.troupe.cluster.protocol;

/**
 * Marks a message that may cross between JVMs over Akka. Control messages are small: the serializer refuses more than
 * 16 KB, because token batches, scores and weights travel over Aeron.
 */
public interface Control {}
