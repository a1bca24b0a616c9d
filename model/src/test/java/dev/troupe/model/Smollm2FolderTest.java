package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.proto.v1.DataType;
import org.junit.jupiter.api.Test;

/** SmolLM2 as transformers 5 wrote it out of the GGUF file: the same model, in bf16. */
class Smollm2FolderTest {
    @Test
    void shouldHoldWhatTheFileHolds() {
        ModelFolder folder = ModelFolder.open(RealModels.input("smollm2-135m-instruct"));
        ModelFolder file = ModelFolder.open(RealModels.smollm2());

        assertThat(folder.config()).isEqualTo(file.config());
        assertThat(folder.weights().names()).isEqualTo(file.weights().names());
        for (String name : folder.weights().names()) {
            assertThat(HalfFloats.as(DataType.DATA_TYPE_BF16, file.weights().get(name)))
                    .as(name)
                    .isEqualTo(folder.weights().get(name));
        }
        try (Tokenizer ours = file.tokenizer();
                Tokenizer theirs = folder.tokenizer()) {
            assertThat(theirs.chatTemplate().render(java.util.List.of(new ChatMessage("user", "hi")), true))
                    .isEqualTo(ours.chatTemplate().render(java.util.List.of(new ChatMessage("user", "hi")), true));
            assertThat(theirs.templateEndsAnswers()).isTrue();
            assertThat(theirs.encode("Hello, <|im_end|> world", true))
                    .isEqualTo(ours.encode("Hello, <|im_end|> world", true));
        }
    }
}
