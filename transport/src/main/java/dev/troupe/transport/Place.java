package dev.troupe.transport;

import dev.troupe.proto.v1.Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.regex.Pattern;

/**
 * Where a station is, whatever its name: host and port, or, with an empty host, its number within this process.
 *
 * @param host literal loopback address or empty
 * @param port UDP port or number
 */
record Place(String host, int port) {
    private static final Pattern LOOPBACK_V4 = Pattern.compile("127(\\.\\d{1,3}){3}");

    static Place of(Address address) {
        if (address.getHost().isEmpty()) {
            return new Place("", address.getPort());
        }
        if (address.getPort() < 1 || address.getPort() > 65535) {
            throw new TransportException(address.getHost() + ":" + address.getPort() + " is not a UDP port");
        }
        return new Place(loopback(address.getHost()), address.getPort());
    }

    /** The host of a station to open. */
    static String loopback(InetSocketAddress udp) {
        InetAddress resolved = udp.getAddress();
        return loopback(resolved == null ? udp.getHostString() : resolved.getHostAddress());
    }

    /** The literal form of a loopback host. Names are not looked up: only the well-known one is understood. */
    private static String loopback(String host) {
        if (host.equals("localhost")) {
            return "127.0.0.1";
        }
        if (host.equals("::1") || host.equals("[::1]") || host.equals("0:0:0:0:0:0:0:1")) {
            return "::1";
        }
        if (LOOPBACK_V4.matcher(host).matches()) {
            return host;
        }
        throw new TransportException("address " + host
                + " is not loopback: refused until mutual TLS exists; use 127.0.0.0/8, ::1 or localhost");
    }

    boolean hasUdp() {
        return !host.isEmpty();
    }

    /** The Aeron channel that reaches this place from another process. */
    String udpChannel() {
        return "aeron:udp?endpoint=" + this;
    }

    @Override
    public String toString() {
        if (host.isEmpty()) {
            return "station " + port + " of this process";
        }
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
