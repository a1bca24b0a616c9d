package dev.troupe.transport;

import com.typesafe.config.ConfigFactory;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.FinishReason;
import dev.troupe.proto.v1.Trajectory;
import dev.troupe.proto.v1.TrajectoryId;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.Map;

/** Messages and settings of the tests. */
final class Fixtures {
    static final String QUICK = "transport { resend_after = 100 ms, weights.quiet = 200 ms, socket_buffer = 256 KiB, "
            + "window = 128 KiB, term_length = 1 MiB, outbox_bytes = 4 MiB, weights.chunk_bytes = 100000 }";

    private Fixtures() {}

    static TransportSettings settings(String... overrides) {
        return TransportSettings.from(
                ConfigFactory.parseString(String.join("\n", overrides)).withFallback(ConfigFactory.parseString(QUICK)));
    }

    static InetSocketAddress anyPort(String host) {
        return new InetSocketAddress(host, 0);
    }

    static Trajectory trajectory(long draw, int tokens) {
        return Trajectory.newBuilder()
                .setId(TrajectoryId.newBuilder().setDraw(draw))
                .setAttempt(1)
                .setPromptIds(Tensors.ofInts(1, 2, 3))
                .setCompletionIds(Tensors.ofInts(new int[tokens]))
                .setBehaviourLogprobs(Tensors.ofFloats(new float[tokens]))
                .setKeptMass(Tensors.ofFloats(new float[tokens]))
                .setVersions(Tensors.ofLongs(new long[tokens]))
                .setSampledAtUs(Tensors.ofLongs(new long[tokens]))
                .setFinishReason(FinishReason.FINISH_REASON_LENGTH)
                .build();
    }

    static long draw(Delivery delivery) {
        return ((Trajectory) delivery.body()).getId().getDraw();
    }

    static TensorSet weights(int seed, int floats) {
        float[] values = new float[floats];
        for (int i = 0; i < floats; i++) {
            values[i] = seed + i;
        }
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        tensors.put("model.layers.0.weight", HostTensor.ofFloats(values));
        tensors.put("bias", HostTensor.ofInts(new int[] {seed}));
        return TensorSet.of(tensors);
    }
}
