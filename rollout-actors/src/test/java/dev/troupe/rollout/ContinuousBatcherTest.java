package dev.troupe.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.DecodeEngine;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.SamplingConfig;
import dev.troupe.model.TensorThread;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.FinishReason;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ContinuousBatcherTest {
    private static final int SLOTS = 8;
    private static TensorThread thread;

    @BeforeAll
    static void start() {
        thread = TensorThread.start("batcher-test", 1);
    }

    @AfterAll
    static void stop() {
        thread.close();
    }

    private static <T> T with(ModelConfig config, int context, long seed, Function<ContinuousBatcher, T> work) {
        return thread.call(() -> {
            DecodeEngine engine = DecodeEngine.open(
                    config, TinyModel.weights(config, seed), SLOTS, context, SamplingConfig.atTemperature(1));
            try (ContinuousBatcher batcher = new ContinuousBatcher(engine, EndOfText.at(config.eosIds()), 7)) {
                return work.apply(batcher);
            }
        });
    }

    private static SampleRequest request(long draw, int sample, int[] prompt, int length) {
        return SampleRequest.of(new TrajectoryId(draw, sample), 42, prompt, length);
    }

    private static int[] prompt(Random random) {
        return IntStream.generate(() -> 3 + random.nextInt(58))
                .limit(1 + random.nextInt(9))
                .toArray();
    }

    @Test
    void aCompletionDoesNotDependOnWhatSharesItsBatch() {
        ModelConfig config = TinyModel.config(64, List.of(2));
        Random random = new Random(1);
        List<SampleRequest> requests = new ArrayList<>();
        for (int draw = 0; draw < 10; draw++) {
            int[] prompt = prompt(random);
            for (int sample = 0; sample < 3; sample++) {
                requests.add(request(draw, sample, prompt, 1 + random.nextInt(30)));
            }
        }
        Map<TrajectoryId, Completion> together = new HashMap<>();
        with(config, 64, 5, b -> b.runAll(requests))
                .forEach(c -> together.put(c.request().id(), c));
        List<SampleRequest> shuffled = new ArrayList<>(requests);
        Collections.shuffle(shuffled, random);
        with(config, 64, 5, b -> b.runAll(shuffled)).forEach(c -> assertSame(c, together));
        for (SampleRequest alone : requests.subList(0, 6)) {
            with(config, 64, 5, b -> b.runAll(List.of(alone))).forEach(c -> assertSame(c, together));
        }
        long distinct = together.values().stream()
                .map(c -> Arrays.toString(c.ids()))
                .distinct()
                .count();
        assertThat(distinct).as("different completions").isGreaterThan(20);
    }

    private static void assertSame(Completion c, Map<TrajectoryId, Completion> expected) {
        Completion e = expected.get(c.request().id());
        assertThat(c.ids()).isEqualTo(e.ids());
        assertThat(c.logprobs()).isEqualTo(e.logprobs());
        assertThat(c.keptMass()).isEqualTo(e.keptMass());
        assertThat(c.finishReason()).isEqualTo(e.finishReason());
    }

    /** Bar 7: lengths drawn exponentially (mean 64, at most 512), counted until the last prompt is admitted. */
    @Test
    void slotsStayFullWhateverTheLengths() {
        ModelConfig config = TinyModel.config(520, List.of());
        Random random = new Random(3);
        List<SampleRequest> requests = new ArrayList<>();
        for (int draw = 0; draw < 64; draw++) {
            int length = (int) Math.min(512, Math.max(1, Math.ceil(-64 * Math.log(1 - random.nextDouble()))));
            requests.add(request(draw, 0, new int[] {1, 5, 9}, length));
        }
        with(config, 520, 5, batcher -> {
            requests.forEach(batcher::add);
            long tokens = 0;
            while (batcher.queued() > 0) {
                batcher.step();
            }
            tokens = batcher.sampledTokens();
            assertThat((double) batcher.decodeSteps()).isLessThanOrEqualTo(1.15 * tokens / SLOTS);
            List<Completion> rest = new ArrayList<>();
            while (!batcher.isIdle()) {
                rest.addAll(batcher.step());
            }
            assertThat(rest).allSatisfy(c -> {
                assertThat(c.length()).isEqualTo(c.request().maxNewTokens());
                assertThat(c.finishReason()).isEqualTo(FinishReason.FINISH_REASON_LENGTH);
            });
            assertThat(batcher.sampledTokens())
                    .isEqualTo(requests.stream()
                            .mapToLong(SampleRequest::maxNewTokens)
                            .sum());
            return null;
        });
    }

    @Test
    void anEndTokenEndsTheRowAndIsPartOfIt() {
        ModelConfig config = TinyModel.config(64, List.of(2, 17));
        List<SampleRequest> requests = new ArrayList<>();
        for (int draw = 0; draw < 40; draw++) {
            requests.add(request(draw, 0, new int[] {1, draw + 3}, 60));
        }
        List<Completion> all = with(config, 64, 5, b -> b.runAll(requests));
        assertThat(all).extracting(Completion::finishReason).contains(FinishReason.FINISH_REASON_EOS);
        for (Completion c : all) {
            for (int i = 0; i < c.length(); i++) {
                boolean last = i == c.length() - 1;
                boolean isEnd = c.ids()[i] == 2 || c.ids()[i] == 17;
                assertThat(isEnd).isEqualTo(last && c.finishReason() == FinishReason.FINISH_REASON_EOS);
            }
        }
    }

    @Test
    void aRowPastItsDeadlineEndsWithWhatItHas() {
        ModelConfig config = TinyModel.config(64, List.of());
        SampleRequest late = new SampleRequest(new TrajectoryId(0, 0), 2, 42, new int[] {1}, 20, System.nanoTime() - 1);
        SampleRequest free = request(1, 0, new int[] {1}, 20);
        List<Completion> both = with(config, 64, 5, b -> b.runAll(List.of(late, free)));
        assertThat(both.get(0).length()).isEqualTo(1);
        assertThat(both.get(0).finishReason()).isEqualTo(FinishReason.FINISH_REASON_DEADLINE);
        assertThat(both.get(1).length()).isEqualTo(20);
    }

    @Test
    void newWeightsBetweenTwoStepsKeepTheRunningRows() {
        ModelConfig config = TinyModel.config(64, List.of());
        TensorSet other = TinyModel.weights(config, 6);
        SampleRequest request = request(3, 1, new int[] {1, 8, 4}, 12);
        List<Completion> plain = with(config, 64, 5, b -> b.runAll(List.of(request)));
        List<Completion> swapped = with(config, 64, 5, batcher -> {
            batcher.add(request);
            for (int i = 0; i < 5; i++) {
                assertThat(batcher.step()).isEmpty();
            }
            String before = batcher.fingerprint();
            assertThat(batcher.firstTokenAtMicros()).isPositive();
            String after = batcher.swap(8, other);
            assertThat(after).isEqualTo(other.fingerprint()).isNotEqualTo(before);
            assertThat(batcher.firstTokenAtMicros()).as("of the new version").isZero();
            List<Completion> finished = new ArrayList<>(batcher.step());
            assertThat(batcher.firstTokenAtMicros()).isPositive();
            while (!batcher.isIdle()) {
                finished.addAll(batcher.step());
            }
            assertThat(finished.get(0).weightsFingerprint()).containsExactly(before, after);
            return finished;
        });
        Completion c = swapped.get(0);
        // The first step admits and decodes: two tokens; each further one adds one.
        assertThat(c.versions()).containsExactly(7, 7, 7, 7, 7, 7, 8, 8, 8, 8, 8, 8);
        assertThat(Arrays.copyOf(c.ids(), 6))
                .isEqualTo(Arrays.copyOf(plain.get(0).ids(), 6));
        assertThat(Arrays.copyOfRange(c.logprobs(), 6, 12))
                .isNotEqualTo(Arrays.copyOfRange(plain.get(0).logprobs(), 6, 12));
        assertThat(c.sampledAtMicros()).isSorted();
    }

    @Test
    void aPromptThatDoesNotFitIsRefusedByName() {
        ModelConfig config = TinyModel.config(64, List.of());
        with(config, 16, 5, batcher -> {
            assertThatThrownBy(() -> batcher.add(request(12, 3, new int[10], 7)))
                    .hasMessageContaining("12/3")
                    .hasMessageContaining("10 tokens")
                    .hasMessageContaining("max_new_tokens = 7")
                    .hasMessageContaining("context of 16");
            batcher.add(request(12, 4, new int[10], 6));
            assertThat(batcher.clearQueue()).hasSize(1);
            assertThat(batcher.isIdle()).isTrue();
            return null;
        });
    }

    @Test
    void handsGivenCompletionsBackWithoutASlotAndSamplesTheOthersAsEver() {
        ModelConfig config = ModelConfig.llama(61, 16, 24, 2, 2, 1, 64);
        int end = config.eosIds().get(0);
        SampleRequest sampled = request(3, 0, new int[] {1, 7}, 6);
        int[] alone = with(config, 32, 5, b -> b.runAll(List.of(sampled)).get(0).ids());
        with(config, 32, 5, b -> {
            SampleRequest ended = given(4, new int[] {9, 10, end});
            SampleRequest cut = given(5, new int[] {9, 10, 11, 12, 13, 14, 15, end});
            List<Completion> done = b.runAll(List.of(ended, sampled, cut));
            assertThat(done.get(0).ids()).containsExactly(9, 10, end);
            assertThat(done.get(0).finishReason()).isEqualTo(FinishReason.FINISH_REASON_EOS);
            assertThat(done.get(0).logprobs()).containsExactly(0, 0, 0);
            assertThat(done.get(0).versions()).containsExactly(7, 7, 7);
            assertThat(done.get(0).weightsFingerprint()).containsExactly(b.fingerprint());
            assertThat(done.get(1).ids()).containsExactly(alone);
            assertThat(done.get(2).ids()).containsExactly(9, 10, 11, 12, 13, 14);
            assertThat(done.get(2).finishReason()).isEqualTo(FinishReason.FINISH_REASON_LENGTH);
            assertThat(b.sampledTokens()).isEqualTo(alone.length);
            return true;
        });
    }

    private static SampleRequest given(long draw, int[] completion) {
        return new SampleRequest(
                new TrajectoryId(draw, 0), 1, 42, new int[] {1, 8}, 6, SampleRequest.NO_DEADLINE, completion);
    }
}
