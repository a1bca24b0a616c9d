package dev.troupe.proto;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.UnsafeByteOperations;
import com.sun.management.ThreadMXBean;
import dev.troupe.proto.v1.Envelope;
import dev.troupe.proto.v1.MessageType;
import dev.troupe.proto.v1.Tensor;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * A million damaged messages: each either decodes or fails with a {@link WireException}, and none makes the decoder
 * allocate more than a small multiple of its own size. Half of them get their checksums made right again, those of the
 * body and of the tensors inside, so that the damage reaches what lies behind the checks.
 */
class WireFuzzTest {
    private static final int MUTANTS = 1_050_000;
    private static final int STREAM_MUTANTS = 100_000;
    /** Whatever the machine has, so that the mutants are the same everywhere. */
    private static final int WORKERS = 4;

    private static final long SEED = Long.getLong("seed", 20260101L);
    /** What exceptions, parser objects and copies may take, whatever the size of the message. */
    private static final long BASE_BYTES = 64 * 1024;

    private static final int BYTES_PER_BYTE = 128;

    private static final long[] EXTREMES = {
        0, 1, -1, 1L << 28, Integer.MAX_VALUE, 1L << 31, 1L << 32, 1L << 61, Long.MAX_VALUE, Long.MIN_VALUE
    };

    private static final Map<MessageType, Message> SAMPLES = Samples.messages().values().stream()
            .collect(Collectors.toMap(Envelopes::typeOf, message -> message, (one, other) -> one));

    /** Of one worker: its own randomness, its own counts, and what its thread allocates. */
    private static final class Mutants {
        private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        private final long thread = Thread.currentThread().getId();
        private final String whose;
        private int accepted;
        private int refused;
        private long lastAllocated;

        Mutants(int worker) {
            whose = " of worker " + worker + " of seed " + SEED;
        }

        void feed(int number, byte[] mutant, Runnable decode) {
            long limit = BASE_BYTES + (long) BYTES_PER_BYTE * mutant.length;
            if (run(number, mutant, decode)) {
                accepted++;
            } else {
                refused++;
            }
            if (lastAllocated > limit) {
                // Loading a class takes memory once; a claim of the message takes it every time.
                run(number, mutant, decode);
            }
            if (lastAllocated > limit) {
                throw new AssertionError("mutant " + number + whose + " of " + mutant.length
                        + " bytes made the decoder allocate " + lastAllocated + ": " + Arrays.toString(mutant));
            }
        }

        private boolean run(int number, byte[] mutant, Runnable decode) {
            long before = threads.getThreadAllocatedBytes(thread);
            try {
                decode.run();
                return true;
            } catch (WireException e) {
                return false;
            } catch (RuntimeException | Error e) {
                throw new AssertionError("mutant " + number + whose + ": " + Arrays.toString(mutant), e);
            } finally {
                lastAllocated = threads.getThreadAllocatedBytes(thread) - before;
            }
        }
    }

    @Test
    void shouldRefuseOrReadEveryDamagedMessage() {
        List<Envelope> seeds = new ArrayList<>();
        Samples.messages()
                .values()
                .forEach(message ->
                        seeds.add(Envelopes.envelope(Samples.PRODUCER, Samples.INCARNATION, 301, 6, message)));
        List<byte[]> bytes = seeds.stream().map(Envelope::toByteArray).toList();
        List<Mutants> fed = byWorkers(SEED, (mutants, random) -> {
            Mutator mutator = new Mutator(random, bytes);
            for (int i = 0; i < MUTANTS / WORKERS; i++) {
                Envelope seed = seeds.get(random.nextInt(seeds.size()));
                byte[] mutant = i % 2 == 0
                        ? mutator.mutate(seed.toByteArray())
                        : repaired(seed, mutator.mutate(seed.getBody().toByteArray()), random);
                mutants.feed(i, mutant, () -> touch(mutant));
            }
        });
        assertBothOutcomes(fed, MUTANTS);
    }

    @Test
    void shouldRefuseOrReadEveryDamagedSetOfTensors() {
        byte[] seed = Samples.stream(Samples.tensorSet());
        List<Mutants> fed = byWorkers(SEED + 1, (mutants, random) -> {
            Mutator mutator = new Mutator(random, List.of(seed));
            for (int i = 0; i < STREAM_MUTANTS / WORKERS; i++) {
                byte[] mutant = mutator.mutate(seed);
                mutants.feed(
                        i,
                        mutant,
                        () -> TensorSet.decode(List.of(UnsafeByteOperations.unsafeWrap(mutant)))
                                .fingerprint());
            }
        });
        assertBothOutcomes(fed, STREAM_MUTANTS);
    }

    /** What each worker, on a thread of its own while there are cores, has fed. */
    private static List<Mutants> byWorkers(long seed, BiConsumer<Mutants, SplittableRandom> feed) {
        SplittableRandom root = new SplittableRandom(seed);
        List<SplittableRandom> randoms =
                Stream.generate(root::split).limit(WORKERS).toList();
        return IntStream.range(0, WORKERS)
                .parallel()
                .mapToObj(worker -> {
                    Mutants mutants = new Mutants(worker);
                    feed.accept(mutants, randoms.get(worker));
                    return mutants;
                })
                .toList();
    }

    /** Both must be frequent, or the mutants reach nothing. */
    private static void assertBothOutcomes(List<Mutants> fed, int all) {
        int refused = fed.stream().mapToInt(mutants -> mutants.refused).sum();
        int accepted = fed.stream().mapToInt(mutants -> mutants.accepted).sum();
        assertThat(refused + accepted).isEqualTo(all);
        assertThat(refused).isGreaterThan(all / 4);
        assertThat(accepted).isGreaterThan(all / 50);
    }

    /** Decodes and reads every tensor in it. */
    private static void touch(byte[] bytes) {
        touch(Envelopes.body(Envelopes.decode(bytes)));
    }

    private static void touch(Message message) {
        if (message instanceof Tensor tensor) {
            switch (Tensors.host(tensor).dtype()) {
                case DATA_TYPE_I32 -> Tensors.ints(tensor);
                case DATA_TYPE_I64 -> Tensors.longs(tensor);
                case DATA_TYPE_F32 -> Tensors.floats(tensor);
                default -> Tensors.verify(tensor);
            }
            return;
        }
        message.getAllFields().values().forEach(value -> {
            if (value instanceof Message inner) {
                touch(inner);
            } else if (value instanceof List<?> list) {
                list.stream().filter(Message.class::isInstance).forEach(inner -> touch((Message) inner));
            }
        });
    }

    /** The damaged body in a sound envelope; where it still parses, its tensors get right checksums as well. */
    private static byte[] repaired(Envelope seed, byte[] body, SplittableRandom random) {
        ByteString bytes = UnsafeByteOperations.unsafeWrap(body);
        if (random.nextBoolean()) {
            bytes = withRightChecksums(SAMPLES.get(seed.getType()), random).toByteString();
        } else {
            try {
                Message message = SAMPLES.get(seed.getType()).getParserForType().parseFrom(bytes);
                bytes = withRightChecksums(message, random).toByteString();
            } catch (InvalidProtocolBufferException notParsed) {
                // It goes as it is.
            }
        }
        return seed.toBuilder()
                .setBody(bytes)
                .setBodyCrc32C(Tensors.crc32c(bytes))
                .build()
                .toByteArray();
    }

    /** The same message with some numbers made extreme, in place, and the checksums of all tensors right. */
    private static Message withRightChecksums(Message message, SplittableRandom random) {
        if (message instanceof Tensor tensor) {
            return worse(tensor.toBuilder(), random);
        }
        Message.Builder builder = message.toBuilder();
        message.getAllFields().forEach((field, value) -> {
            if (value instanceof Message inner) {
                builder.setField(field, withRightChecksums(inner, random));
            } else if (value instanceof Long && random.nextInt(24) == 0) {
                builder.setField(field, EXTREMES[random.nextInt(EXTREMES.length)]);
            } else if (value instanceof Integer && random.nextInt(24) == 0) {
                builder.setField(field, (int) EXTREMES[random.nextInt(EXTREMES.length)]);
            } else if (value instanceof List<?> list && !list.isEmpty() && list.get(0) instanceof Message) {
                for (int i = 0; i < list.size(); i++) {
                    builder.setRepeatedField(field, i, withRightChecksums((Message) list.get(i), random));
                }
            }
        });
        return builder.build();
    }

    private static Tensor worse(Tensor.Builder tensor, SplittableRandom random) {
        long extreme = EXTREMES[random.nextInt(EXTREMES.length)];
        int damage = random.nextInt(40);
        if (damage == 0 && tensor.getShapeCount() > 0) {
            tensor.setShape(0, extreme);
        } else if (damage == 1) {
            tensor.addShape(extreme);
        } else if (damage == 2) {
            tensor.setDtypeValue(random.nextInt(9));
        } else if (damage == 3 && tensor.getData().size() > 0) {
            byte[] data = tensor.getData().toByteArray();
            Arrays.fill(data, (byte) (random.nextBoolean() ? -1 : 127));
            tensor.setData(ByteString.copyFrom(data));
        }
        return tensor.setCrc32C(Tensors.crc32c(tensor.getData())).build();
    }
}
