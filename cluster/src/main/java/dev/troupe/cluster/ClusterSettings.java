package dev.troupe.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/**
 * Settings of a node; troupe/cluster.conf documents each key.
 *
 * @param join HOST:PORT of nodes to join, empty for the first node of a cluster
 */
public record ClusterSettings(
        String host,
        int port,
        List<String> join,
        Duration joinDeadline,
        Duration leaveDeadline,
        Duration heartbeatInterval,
        Duration acceptablePause,
        Duration stableAfter) {

    /**
     * Checks every address.
     *
     * @throws ClusterException naming the key, for an address that is malformed or not loopback
     */
    public ClusterSettings {
        join = List.copyOf(join);
        requireLoopback("cluster.host", host);
        if (port < 0 || port > 65535) {
            throw new ClusterException("cluster.port = " + port + " is not a TCP port: 0 (any free one) to 65535");
        }
        for (String seed : join) {
            requireLoopback("cluster.join", hostOf(seed));
            portOf(seed);
        }
    }

    /** Reads the settings; a key that is absent has the default of troupe/cluster.conf. */
    public static ClusterSettings from(Config config) {
        Config c = config.withFallback(
                        ConfigFactory.parseResources(ClusterSettings.class.getClassLoader(), "troupe/cluster.conf"))
                .resolve()
                .getConfig("cluster");
        List<String> join = Arrays.stream(c.getString("join").split(","))
                .map(String::trim)
                .filter(s -> !s.isEmpty())
                .toList();
        return new ClusterSettings(
                c.getString("host"),
                c.getInt("port"),
                join,
                c.getDuration("join_deadline"),
                c.getDuration("leave_deadline"),
                c.getDuration("heartbeat_interval"),
                c.getDuration("acceptable_pause"),
                c.getDuration("stable_after"));
    }

    /** The same settings on another address. */
    public ClusterSettings at(String newHost, int newPort) {
        return new ClusterSettings(
                newHost, newPort, join, joinDeadline, leaveDeadline, heartbeatInterval, acceptablePause, stableAfter);
    }

    /** The same settings, joining the cluster of this HOST:PORT. */
    public ClusterSettings joining(String hostPort) {
        return new ClusterSettings(
                host,
                port,
                List.of(hostPort),
                joinDeadline,
                leaveDeadline,
                heartbeatInterval,
                acceptablePause,
                stableAfter);
    }

    static String hostOf(String hostPort) {
        int colon = hostPort.lastIndexOf(':');
        if (colon <= 0) {
            throw new ClusterException("cluster.join = " + hostPort + " is not HOST:PORT, as in 127.0.0.1:2552");
        }
        return hostPort.substring(0, colon);
    }

    static int portOf(String hostPort) {
        String port = hostPort.substring(hostPort.lastIndexOf(':') + 1);
        if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) < 1 || Integer.parseInt(port) > 65535) {
            throw new ClusterException(
                    "cluster.join = " + hostPort + ": \"" + port + "\" is not a port from 1 to 65535");
        }
        return Integer.parseInt(port);
    }

    private static void requireLoopback(String key, String host) {
        boolean loopback;
        try {
            loopback = !host.isBlank() && InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            throw new ClusterException(key + " = " + host + ": no such host", e);
        }
        if (!loopback) {
            throw new ClusterException(key + " = " + host + " is refused: until mutual TLS exists, nodes talk over"
                    + " loopback only; use an address in 127.0.0.0/8");
        }
    }
}
