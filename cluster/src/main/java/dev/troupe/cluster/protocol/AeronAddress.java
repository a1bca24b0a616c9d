package dev.troupe.cluster.protocol;

/**
 * Where an actor listens for Aeron messages.
 *
 * @param node name of the actor's node, unique in a run
 * @param host loopback address, or empty for a station that only its own process can reach
 * @param port UDP port, or the station's number within its process
 */
public record AeronAddress(String node, String host, int port) implements Control {}
