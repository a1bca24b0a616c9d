package dev.troupe.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.DecodeEngine;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.SamplingConfig;
import dev.troupe.model.TensorThread;
import dev.troupe.model.Tokenizer;
import dev.troupe.proto.v1.FinishReason;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EndOfTextTest {
    @TempDir
    Path folder;

    /** Token i is the text "wI", with white space between tokens. */
    private Tokenizer tokenizer() throws Exception {
        String vocabulary =
                IntStream.range(0, 61).mapToObj(i -> "\"w" + i + "\":" + i).collect(Collectors.joining(","));
        Files.writeString(
                folder.resolve("tokenizer.json"),
                "{\"version\":\"1.0\",\"added_tokens\":[],\"normalizer\":null,"
                        + "\"pre_tokenizer\":{\"type\":\"Whitespace\"},\"post_processor\":null,\"decoder\":null,"
                        + "\"model\":{\"type\":\"WordLevel\",\"vocab\":{" + vocabulary + "},\"unk_token\":\"w0\"}}");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{}");
        return Tokenizer.open(folder);
    }

    @Test
    void aStopStringAcrossTokensEndsTheCompletionWithTheTokenThatCompletesIt() throws Exception {
        ModelConfig model = TinyModel.config(64, List.of());
        SampleRequest request = SampleRequest.of(new TrajectoryId(0, 0), 3, new int[] {1}, 20);
        try (Tokenizer tokenizer = tokenizer();
                TensorThread thread = TensorThread.start("stop", 1)) {
            Completion free = sample(thread, model, request, EndOfText.at(List.of()));
            assertThat(free.length()).isEqualTo(20);
            String stop = "w" + free.ids()[6] + " w" + free.ids()[7];
            Completion stopped =
                    sample(thread, model, request, new EndOfText(List.of(), List.of("nowhere", stop), tokenizer));
            assertThat(stopped.finishReason()).isEqualTo(FinishReason.FINISH_REASON_STOP);
            int expected = 1;
            while (!text(free.ids(), expected).contains(stop)) {
                expected++;
            }
            assertThat(stopped.ids()).isEqualTo(Arrays.copyOf(free.ids(), expected));
        }
    }

    private static String text(int[] ids, int length) {
        return IntStream.range(0, length).mapToObj(i -> "w" + ids[i]).collect(Collectors.joining(" "));
    }

    private static Completion sample(TensorThread thread, ModelConfig model, SampleRequest request, EndOfText end) {
        return thread.call(() -> {
            DecodeEngine engine =
                    DecodeEngine.open(model, TinyModel.weights(model, 5), 2, 64, SamplingConfig.atTemperature(1));
            try (ContinuousBatcher batcher = new ContinuousBatcher(engine, end, 0)) {
                return batcher.runAll(List.of(request)).get(0);
            }
        });
    }

    @Test
    void stopsThatCannotBeSeenAreRefused() {
        assertThatThrownBy(() -> new EndOfText(List.of(), List.of("x"), null))
                .hasMessageContaining("needs a tokenizer");
        assertThatThrownBy(() -> new EndOfText(List.of(), List.of(""), null)).hasMessageContaining("stop");
    }
}
