package dev.troupe.transport;

import static dev.troupe.transport.Fixtures.anyPort;
import static dev.troupe.transport.Fixtures.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.troupe.proto.v1.Address;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AeronNodeTest {
    @TempDir
    Path folder;

    private AeronNode node;

    @BeforeEach
    void start() {
        node = AeronNode.start(settings("transport.directory = \"" + folder + "\""));
    }

    @AfterEach
    void close() {
        node.close();
    }

    @Test
    void shouldReportTheRealPortAndAddress() {
        Address one = node.open("one", anyPort("127.0.0.1")).address();
        Address two = node.open("two", anyPort("127.0.0.2")).address();
        Address six = node.open("six", anyPort("::1")).address();
        Address inside = node.open("inside", null).address();
        assertThat(one.getHost()).isEqualTo("127.0.0.1");
        assertThat(one.getPort()).isPositive();
        assertThat(two.getHost()).isEqualTo("127.0.0.2");
        assertThat(six.getHost()).isEqualTo("::1");
        assertThat(inside.getHost()).isEmpty();
        assertThat(inside.getNode()).isEqualTo("inside");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "10.1.2.3", "192.168.0.7", "8.8.8.8", "fe80::1"})
    void shouldRefuseAnythingButLoopback(String host) {
        assertThatThrownBy(() -> node.open("rollout-1", new InetSocketAddress(host, 0)))
                .isInstanceOf(TransportException.class)
                .hasMessageContaining("refused until mutual TLS exists");
        Station here = node.open("here", anyPort("127.0.0.1"));
        Address there =
                Address.newBuilder().setNode("x").setHost(host).setPort(4000).build();
        assertThatThrownBy(() -> here.outbox(there, Stream.LEASES))
                .isInstanceOf(TransportException.class)
                .hasMessageContaining("refused until mutual TLS exists");
    }

    @Test
    void shouldNameAPortInUse() throws Exception {
        try (DatagramSocket taken = new DatagramSocket(0, InetAddress.getByName("127.0.0.1"))) {
            InetSocketAddress address = new InetSocketAddress("127.0.0.1", taken.getLocalPort());
            assertThatThrownBy(() -> node.open("learner", address))
                    .isInstanceOf(TransportException.class)
                    .hasMessageContaining("127.0.0.1:" + taken.getLocalPort())
                    .hasMessageContaining("learner")
                    .hasMessageContaining("in use");
        }
        Address mine = node.open("one", anyPort("127.0.0.1")).address();
        assertThatThrownBy(() -> node.open("two", new InetSocketAddress("127.0.0.1", mine.getPort())))
                .isInstanceOf(TransportException.class)
                .hasMessageContaining("in use by station 'one'");
        assertThatThrownBy(() -> node.open("one", null)).hasMessageContaining("'one' is open");
    }

    @Test
    void shouldRefuseWaysOnWhichNothingCanArrive() {
        Station inside = node.open("inside", null);
        Address foreign = Address.newBuilder().setNode("foreign").setPort(1).build();
        assertThatThrownBy(() -> inside.outbox(foreign, Stream.LEASES))
                .isInstanceOf(TransportException.class)
                .hasMessageContaining("'foreign' has no UDP port");
        Address other = Address.newBuilder()
                .setNode("other")
                .setHost("127.0.0.1")
                .setPort(45_678)
                .build();
        assertThatThrownBy(() -> inside.outbox(other, Stream.LEASES))
                .isInstanceOf(TransportException.class)
                .hasMessageContaining("'inside' has no UDP port");
    }

    @Test
    void shouldLeaveNothingBehind() throws Exception {
        node.open("one", anyPort("127.0.0.1"));
        try (var before = Files.list(folder)) {
            assertThat(before).hasSize(1);
        }
        node.close();
        node.close();
        try (var after = Files.list(folder)) {
            assertThat(after).isEmpty();
        }
        assertThatThrownBy(() -> node.open("late", null))
                .isInstanceOf(TransportException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void shouldSweepFoldersOfDeadProcessesOnly() throws Exception {
        Process dead = new ProcessBuilder("true").start();
        dead.waitFor();
        Path abandoned = Files.createDirectory(folder.resolve("troupe-aeron-" + dead.pid() + "-1"));
        Path foreign = Files.createDirectory(folder.resolve("troupe-aeron-of-somebody"));
        AeronNode other = AeronNode.start(settings("transport.directory = \"" + folder + "\""));
        try {
            assertThat(abandoned).doesNotExist();
            assertThat(foreign).exists();
            try (var running = Files.list(folder)) {
                assertThat(running).hasSize(3);
            }
        } finally {
            other.close();
        }
    }

    @Test
    void shouldNameAKeyOutOfRange() {
        assertThatThrownBy(() -> settings("transport.term_length = 100000"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("transport.term_length = 100000")
                .hasMessageContaining("power of two");
        assertThatThrownBy(() -> settings("transport.weights.chunk_bytes = 1 MB"))
                .hasMessageContaining("transport.weights.chunk_bytes")
                .hasMessageContaining("transport.term_length");
        assertThat(TransportSettings.from(ConfigFactory.parseString("transport.window = 1 MiB"))
                        .window())
                .isEqualTo(1 << 20);
        assertThat(TransportSettings.defaults().maxMessageBytes()).isEqualTo(1 << 20);
    }
}
