package dev.troupe.deploy.run;

import com.typesafe.config.Config;
import dev.troupe.cluster.ClusterNode;
import dev.troupe.deploy.report.RunFolder;
import dev.troupe.transport.AeronNode;
import dev.troupe.transport.Station;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A process's part in a run.
 *
 * @param config the run's settings
 * @param udpHost address that other processes reach this one at; null when all roles are in this process
 */
record RunNode(
        Config config,
        RunFolder folder,
        ClusterNode cluster,
        AeronNode aeron,
        @Nullable String udpHost) implements AutoCloseable {

    /** A place for one actor. */
    Station station(String name) {
        return aeron.open(name, udp());
    }

    /** Where a station listens for other processes, any free port; null when there are none. */
    @Nullable
    InetSocketAddress udp() {
        return udpHost == null ? null : new InetSocketAddress(udpHost, 0);
    }

    @Override
    public void close() {
        cluster.close();
        aeron.close();
    }
}
