package dev.troupe.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.WholeModel;
import dev.troupe.proto.TensorSet;
import dev.troupe.transport.AeronNode;
import dev.troupe.transport.TransportSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the decoding thread promises about weights and leases, whatever it is doing when they come. */
class DecodeLoopTest {
    private static final ModelConfig MODEL = TinyModel.config(64, List.of());
    private static final TensorSet FIRST = TinyModel.weights(MODEL, 5);
    private static final TensorSet SECOND = TinyModel.weights(MODEL, 6);
    private static final RolloutSettings SETTINGS =
            RolloutSettings.from(ConfigFactory.parseString("rollout { slots = 2, prefetch = 2 }, max_new_tokens = 3"));

    @TempDir
    Path journals;

    private final BlockingQueue<Completion> finished = new LinkedBlockingQueue<>();

    @Test
    void aLeaseThatComesAfterWeightsStartsWithThemThoughTheyAreNotPutInYet() throws Exception {
        try (AeronNode aeron = AeronNode.start(TransportSettings.from(ConfigFactory.empty()))) {
            RolloutSetup setup = new RolloutSetup(
                    "r0", aeron, null, SETTINGS, new WholeModel(MODEL), EndOfText.at(MODEL.eosIds()), journals);
            try (DecodeLoop loop = DecodeLoop.start(setup, new Silent(), finished::add)) {
                assertThat(loop.weights(weights(1, 0, FIRST))).isTrue();
                loop.lease(List.of(request(0)));
                assertThat(next().versions()).containsExactly(0, 0, 0);

                Held held = new Held(List.of(request(1)));
                loop.lease(held);
                assertThat(held.reached.await(60, TimeUnit.SECONDS)).isTrue();
                assertThat(loop.weights(weights(1, 1, SECOND))).isTrue();
                assertThat(loop.weights(weights(1, 0, FIRST))).as("older").isFalse();
                loop.lease(List.of(request(2)));
                held.goOn.countDown();

                List<Completion> both = List.of(next(), next());
                assertThat(both)
                        .filteredOn(c -> c.request().id().draw() == 2)
                        .singleElement()
                        .satisfies(c -> {
                            assertThat(c.versions()).containsExactly(1, 1, 1);
                            assertThat(c.weightsFingerprint()).containsExactly(SECOND.fingerprint());
                        });
                // The versions of a later publisher count as newer.
                assertThat(loop.weights(weights(2, 0, FIRST))).isTrue();
                loop.lease(List.of(request(3)));
                assertThat(next().weightsFingerprint()).containsExactly(FIRST.fingerprint());
            }
        }
    }

    private static DecodeLoop.Weights weights(int feed, long version, TensorSet set) {
        return new DecodeLoop.Weights(feed, version, set.fingerprint(), set);
    }

    private static SampleRequest request(long draw) {
        return SampleRequest.of(new TrajectoryId(draw, 0), 9, new int[] {1, 5, 9}, 3);
    }

    private Completion next() throws InterruptedException {
        Completion completion = finished.poll(60, TimeUnit.SECONDS);
        assertThat(completion).as("a completion within 60 s").isNotNull();
        return completion;
    }

    /** Leases that hold the decoding thread while it takes them, before it looks for weights. */
    private static final class Held extends ArrayList<SampleRequest> {
        private static final long serialVersionUID = 1L;

        private final transient CountDownLatch reached = new CountDownLatch(1);
        private final transient CountDownLatch goOn = new CountDownLatch(1);

        Held(List<SampleRequest> requests) {
            super(requests);
        }

        @Override
        public void forEach(Consumer<? super SampleRequest> action) {
            reached.countDown();
            try {
                assertThat(goOn.await(60, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            super.forEach(action);
        }
    }

    private static final class Silent implements DecodeLoop.Listener {
        @Override
        public void onOpened() {}

        @Override
        public void onFirstToken(long version, String fingerprint, long atMicros) {}

        @Override
        public void onReturned(List<TrajectoryId> unstarted) {}

        @Override
        public void onDrained() {}

        @Override
        public void onFailed(Throwable cause) {}
    }
}
