package dev.troupe.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Behaviors;
import akka.serialization.Serialization;
import akka.serialization.SerializationExtension;
import akka.serialization.SerializerWithStringManifest;
import com.typesafe.config.ConfigFactory;
import dev.troupe.cluster.protocol.AeronAddress;
import dev.troupe.cluster.protocol.Control;
import dev.troupe.cluster.protocol.LedgerCommand;
import dev.troupe.cluster.protocol.RolloutCommand;
import dev.troupe.cluster.protocol.RunCommand;
import dev.troupe.cluster.protocol.ScorerCommand;
import dev.troupe.cluster.protocol.WeightsCommand;
import dev.troupe.cluster.protocol.WeightsEvent;
import dev.troupe.experience.TrajectoryId;
import java.io.NotSerializableException;
import java.lang.reflect.Constructor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ControlSerializerTest {
    private static ClusterNode node;
    private static Serialization serialization;
    private static ActorRef<Object> someActor;

    @BeforeAll
    static void start() {
        node = ClusterNode.start(ClusterSettings.from(ConfigFactory.empty()), "serializer", Set.of("learner"))
                .awaitUp();
        serialization = SerializationExtension.get(node.system().classicSystem());
        someActor = node.spawn(Behaviors.ignore(), "some-actor");
    }

    @AfterAll
    static void stop() {
        node.close();
    }

    static List<Class<?>> controlRecords() {
        List<Class<?>> all = new ArrayList<>(List.of(AeronAddress.class));
        Stream.of(
                        LedgerCommand.class,
                        RolloutCommand.class,
                        RunCommand.class,
                        ScorerCommand.class,
                        WeightsCommand.class,
                        WeightsEvent.class)
                .flatMap(holder -> Stream.of(holder.getDeclaredClasses()))
                .filter(Control.class::isAssignableFrom)
                .forEach(all::add);
        return all;
    }

    @Test
    void theListOfMessagesIsComplete() throws Exception {
        Set<String> files = new TreeSet<>();
        Path sources = Path.of("src/main/java/dev/troupe/cluster/protocol");
        try (Stream<Path> paths = Files.list(sources)) {
            for (Path path : paths.toList()) {
                if (Files.readString(path).matches("(?s).*record [A-Z].*implements [^{]*Control.*")) {
                    files.add(path.getFileName().toString().replace(".java", ""));
                }
            }
        }
        Set<String> covered = new TreeSet<>();
        for (Class<?> c : controlRecords()) {
            covered.add((c.getDeclaringClass() == null ? c : c.getDeclaringClass()).getSimpleName());
        }
        assertThat(covered).isEqualTo(files);
    }

    @ParameterizedTest
    @MethodSource("controlRecords")
    void everyControlMessageSurvivesTheWire(Class<?> type) throws Exception {
        Object message = sample(type);
        byte[] bytes = serialization.serialize(message).get();
        SerializerWithStringManifest serializer =
                (SerializerWithStringManifest) serialization.findSerializerFor(message);
        assertThat(serializer).isInstanceOf(ControlSerializer.class);
        Object back = serialization
                .deserialize(bytes, serializer.identifier(), serializer.manifest(message))
                .get();
        assertThat(back).isEqualTo(message);
    }

    @Test
    void aMessageAbove16KilobytesIsRefusedByName() {
        List<TrajectoryId> many = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
            many.add(new TrajectoryId(1_000_000 + i, i));
        }
        assertThatThrownBy(() -> serialization
                        .serialize(new LedgerCommand.Leaving("r0", 1, many))
                        .get())
                .hasMessageContaining("LedgerCommand$Leaving")
                .hasMessageContaining("16384");
        ControlSerializer serializer = new ControlSerializer(extended());
        assertThatThrownBy(() -> serializer.fromBinary(new byte[16 * 1024 + 1], LedgerCommand.Leaving.class.getName()))
                .hasMessageContaining("16385 bytes");
    }

    @Test
    void whatJustFitsInto16KilobytesPasses() {
        ControlSerializer serializer = new ControlSerializer(extended());
        int overhead = serializer.toBinary(new RolloutCommand.Drain("x".repeat(16_000))).length - 16_000;
        // Long strings are written in pieces, so the overhead may grow by some bytes.
        RolloutCommand.Drain drain = new RolloutCommand.Drain("x".repeat(16 * 1024 - overhead - 8));
        byte[] bytes = serializer.toBinary(drain);
        assertThat(bytes).hasSizeBetween(16 * 1024 - 8, 16 * 1024);
        assertThat(serializer.fromBinary(bytes, RolloutCommand.Drain.class.getName()))
                .isEqualTo(drain);
    }

    @Test
    void nothingButControlMessagesGetsThrough() {
        assertThatThrownBy(() ->
                        serialization.serialize(new ArrayList<>(List.of(1))).get())
                .satisfiesAnyOf(
                        e -> assertThat(e).isInstanceOf(NotSerializableException.class),
                        e -> assertThat(e).hasMessageContaining("disabled"));
        ControlSerializer serializer = new ControlSerializer(extended());
        assertThatThrownBy(() -> serializer.toBinary("text")).hasMessageContaining("java.lang.String");
        for (String manifest : List.of("java.util.ArrayList", "dev.troupe.cluster.ClusterSettings", "dev.troupe.No")) {
            assertThatThrownBy(() -> serializer.fromBinary("{}".getBytes(StandardCharsets.UTF_8), manifest))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(manifest);
        }
        assertThatThrownBy(() -> serializer.fromBinary(new byte[] {1, 2, 3}, RolloutCommand.Drain.class.getName()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static akka.actor.ExtendedActorSystem extended() {
        return (akka.actor.ExtendedActorSystem) node.system().classicSystem();
    }

    private static Object sample(Class<?> type) throws Exception {
        RecordComponent[] components = type.getRecordComponents();
        Object[] values = new Object[components.length];
        Class<?>[] types = new Class<?>[components.length];
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            values[i] = value(components[i].getType(), components[i].getGenericType(), i);
        }
        Constructor<?> constructor = type.getDeclaredConstructor(types);
        return constructor.newInstance(values);
    }

    private static Object value(Class<?> type, Type generic, int i) throws Exception {
        if (type == int.class) {
            return 17 + i;
        }
        if (type == long.class) {
            return Long.MAX_VALUE - i;
        }
        if (type == String.class) {
            return "grün " + i;
        }
        if (type == ActorRef.class) {
            return someActor;
        }
        if (type == List.class) {
            Class<?> element = (Class<?>) ((ParameterizedType) generic).getActualTypeArguments()[0];
            return List.of(sample(element), sample(element));
        }
        return sample(type);
    }
}
