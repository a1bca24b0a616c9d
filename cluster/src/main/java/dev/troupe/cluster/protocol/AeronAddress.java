package dev.troupe.cluster.protocol;

import dev.troupe.proto.v1.Address;

/**
 * Where an actor listens for Aeron messages.
 *
 * @param node name of the actor's node, unique in a run
 * @param host loopback address, or empty for a station that only its own process can reach
 * @param port UDP port, or the station's number within its process
 */
public record AeronAddress(String node, String host, int port) implements Control {

    /** The same address as it travels over Akka. */
    public static AeronAddress of(Address address) {
        return new AeronAddress(address.getNode(), address.getHost(), address.getPort());
    }

    /** The same address as the transport writes it. */
    public Address wire() {
        return Address.newBuilder().setNode(node).setHost(host).setPort(port).build();
    }
}
