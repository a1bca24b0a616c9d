package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LinesTest {
    private static final ModelConfig WIDE = ModelConfig.llama(49152, 576, 1536, 30, 9, 3, 2048);
    private static final ModelConfig NARROW = ModelConfig.llama(512, 64, 172, 4, 4, 4, 512);

    private static List<TokenRow> groups(int prompts, int each, int prompt, int completion) {
        List<TokenRow> rows = new ArrayList<>();
        for (int p = 0; p < prompts; p++) {
            for (int i = 0; i < each; i++) {
                int[] ids = new int[prompt + completion];
                ids[0] = p;
                rows.add(new TokenRow(ids, prompt));
            }
        }
        return rows;
    }

    private static int lines(ModelConfig config, List<TokenRow> rows) {
        return Lines.cheapest(rows, config).count();
    }

    @Test
    void aWideModelSharesPrompts() {
        assertThat(lines(WIDE, groups(4, 4, 64, 64))).isEqualTo(4);
        assertThat(lines(WIDE, groups(2, 4, 16, 32))).isEqualTo(2);
    }

    /** Its attention over the longer line would cost more than the prompts do. */
    @Test
    void aNarrowModelDoesNot() {
        assertThat(lines(NARROW, groups(16, 8, 16, 56))).isEqualTo(128);
    }

    @Test
    void longAnswersToAShortPromptDoNotEither() {
        assertThat(lines(WIDE, groups(1, 8, 16, 900))).isEqualTo(8);
    }

    /** The context is a bound on a row's positions, not on the line that several share. */
    @Test
    void aLineMayBeLongerThanTheContext() {
        ModelConfig config = ModelConfig.llama(64, 32, 48, 1, 2, 1, 24);
        List<TokenRow> rows = groups(1, 5, 19, 5);
        try (TensorThread thread = TensorThread.start("lines", 1)) {
            thread.run(() -> {
                try (Decoder decoder = Decoder.load(config, ModelInit.random(config, 1), false);
                        Batch shared = Batch.of(rows, Lines.together(rows), Batch.Kind.COMPLETION);
                        Batch tooLong = Batch.of(groups(1, 1, 20, 5), Batch.Kind.COMPLETION)) {
                    assertThat(shared.width()).isEqualTo(19 + 5 * 5);
                    assertThat(decoder.logprobs(shared, 1).toFloatArray()).hasSize(25);
                    assertThatThrownBy(() -> decoder.logprobs(tooLong, 1)).hasMessageContaining("25 tokens");
                }
            });
        }
    }

    /** One line must not become so long that the others are mostly padding. */
    @Test
    void aLoneGroupAmongSingleRowsDoesNotEither() {
        List<TokenRow> rows = groups(1, 4, 20, 60);
        for (int i = 0; i < 12; i++) {
            rows.add(new TokenRow(new int[] {100 + i, 1, 2, 3}, 3));
        }
        assertThat(lines(WIDE, rows)).isEqualTo(16);
    }
}
