package dev.troupe.deploy.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.typesafe.config.Config;
import dev.troupe.model.Dtype;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.Numerics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryEstimateTest {
    private static final Numerics BF16 = new Numerics(Dtype.BF16, true);
    /** As their makers count them. */
    private static final long SMOLLM2 = 134_515_008;

    private static final long LLAMA_3_70B = 70_553_706_496L;

    @TempDir
    private Path folder;

    private static ModelConfig smollm2() {
        return ModelConfig.llama(49152, 576, 1536, 30, 9, 3, 8192);
    }

    private static final String SHAPE_70B = """
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 128256, "hidden_size": 8192,
             "intermediate_size": 28672, "num_hidden_layers": 80, "num_attention_heads": 64,
             "num_key_value_heads": 8, "max_position_embeddings": 8192, "rms_norm_eps": 1e-5,
             "tie_word_embeddings": false}
            """;

    @Test
    void shouldCountParametersAndWhatIsKeptOfEach() {
        ModelMemory small = new ModelMemory(smollm2(), Numerics.FP32);
        assertThat(small.parameters()).isEqualTo(SMOLLM2);
        assertThat(small.weights()).isEqualTo(4 * SMOLLM2);
        assertThat(small.optimizer(false)).isEqualTo(12 * SMOLLM2);
        ModelMemory narrow = new ModelMemory(smollm2(), BF16);
        // Norms stay in fp32: 61 of 576 numbers.
        assertThat(narrow.weights()).isEqualTo(2 * SMOLLM2 + 2 * 61 * 576);
        assertThat(narrow.optimizer(false)).isEqualTo(16 * SMOLLM2);
        assertThat(new ModelMemory(ModelConfig.parse(SHAPE_70B, "70B"), BF16).parameters())
                .isEqualTo(LLAMA_3_70B);
    }

    @Test
    void shouldReckonCacheAndActivations() {
        ModelMemory all = new ModelMemory(smollm2(), Numerics.FP32);
        assertThat(all.cache(32, 128)).isEqualTo(2L * 4 * 32 * 128 * 30 * 3 * 64);
        // An engine computes rows by fours and columns by sixteens.
        assertThat(all.cache(5, 100)).isEqualTo(2L * 4 * 8 * 112 * 30 * 3 * 64);
        double kept = all.trained(16, 64);
        double inputs = new ModelMemory(smollm2(), BF16).trained(16, 64);
        // 1,024 tokens: about ten thousand numbers a token and layer against 576, and the head's chunk in both.
        assertThat(kept / (1 << 20)).isCloseTo(1024 * 30 * 10_000 * 4.0 / (1 << 20) + 96, within(250.0));
        assertThat(inputs / (1 << 20)).isCloseTo(1024 * (30 * 576 + 10_000) * 4.0 / (1 << 20) + 96, within(30.0));
    }

    @Test
    void shouldRefuseARunThatTheMachineHasNoRoomFor() throws IOException {
        Files.writeString(folder.resolve("config.json"), SHAPE_70B);
        Config config = Settings.load(
                        "stories/sft",
                        List.of("model.policy=\"" + folder + "\"", "dtype=bf16", "offline.max_length=64"))
                .config();
        assertThatThrownBy(() -> MemoryEstimate.of(config).requireRoom(1))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("GB of memory")
                .hasMessageContaining("is available")
                .hasMessageContaining("gradient_checkpointing");
    }

    @Test
    void shouldRefuseACommandsModelThatTheMachineHasNoRoomFor() {
        ModelConfig large = ModelConfig.parse(SHAPE_70B, "70B");
        assertThatThrownBy(() -> MemoryEstimate.requireRoomFor("--model DIR", large, Dtype.FP32, false))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("--model DIR")
                .hasMessageContaining("GB of memory")
                .hasMessageContaining("is available");
        ModelConfig small = ModelConfig.llama(512, 64, 172, 4, 4, 4, 512);
        assertThatCode(() -> MemoryEstimate.requireRoomFor("--model DIR", small, Dtype.FP32, false))
                .doesNotThrowAnyException();
    }

    @Test
    void shouldFindTheRewardModelInARunThatMadeNothingElse() throws IOException {
        Files.createDirectories(folder.resolve("reward"));
        Files.writeString(folder.resolve("reward/config.json"), SHAPE_70B);
        Config config = Settings.load("stories/ppo", List.of("model.reward=\"" + folder + "\""))
                .config();
        assertThatThrownBy(() -> MemoryEstimate.of(config).requireRoom(1))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("GB of memory");
    }

    @Test
    void shouldCountEveryModelThatRewards() {
        long one = rewards("reward.kind = model");
        assertThat(one).isPositive();
        assertThat(rewards("reward.kind = rule")).isZero();
        assertThat(rewards("reward.kind = http")).isZero();
        assertThat(
                        rewards(
                                "reward.parts = [{rule = length}, {model = stories-reward}, {model = stories-reward, name = b}]"))
                .isEqualTo(2 * one);
    }

    /** Where both models want all cores they take turns, and the value model needs no room beside the policy's pass. */
    @Test
    void shouldCountOnePassOfModelsThatTakeTurns() {
        int cores = Runtime.getRuntime().availableProcessors();
        assertThat(valueActivations("learner.threads = " + cores)).isZero();
        if (cores > 1) {
            assertThat(valueActivations("learner.threads = 1")).isPositive();
        }
    }

    private static long valueActivations(String settings) {
        return MemoryEstimate.of(Settings.parse("test", settings, List.of()).config()).roles().stream()
                .filter(role -> role.name().equals("learner: value"))
                .mapToLong(MemoryEstimate.Role::activations)
                .sum();
    }

    private static long rewards(String settings) {
        return MemoryEstimate.of(Settings.parse("test", settings, List.of()).config()).roles().stream()
                .filter(role -> role.name().startsWith("reward"))
                .mapToLong(MemoryEstimate.Role::bytes)
                .sum();
    }

    /** By hand: rank 16 on seven matrices of 30 layers; NF4 is 4.13 bits a number. */
    @Test
    void shouldReckonAdaptersOnOneBase() {
        Config lora = Settings.parse("test", "adapter.mode = lora", List.of()).config();
        AdapterMemory plain = AdapterMemory.of(smollm2(), dev.troupe.model.ModelSettings.from(lora));
        long ranks = 30L * 16 * (2 * (576 + 576) + 2 * (576 + 192) + 3 * (576 + 1536));
        assertThat(plain.adapted()).isEqualTo(4 * ranks);
        assertThat(plain.optimizer(true)).isEqualTo(4 * 6 * ranks);
        assertThat(plain.base()).isEqualTo(4 * SMOLLM2);
        assertThat(plain.packed()).isZero();
        Config narrow = Settings.parse("test", "adapter.mode = lora, dtype = bf16", List.of())
                .config();
        // All but the 61 norms, the head's matrix being the embedding.
        assertThat(AdapterMemory.of(smollm2(), dev.troupe.model.ModelSettings.from(narrow))
                        .packed())
                .isEqualTo(4 * (SMOLLM2 - 61 * 576));
        Config qlora = Settings.parse("test", "adapter.mode = qlora", List.of()).config();
        AdapterMemory four = AdapterMemory.of(smollm2(), dev.troupe.model.ModelSettings.from(qlora));
        long embedding = 49152L * 576;
        assertThat((double) four.base())
                .isCloseTo((SMOLLM2 - embedding) * 4.133 / 8 + 4 * embedding, within(0.01 * four.base()));
        assertThat(four.packed()).isZero();
        Config full = Settings.parse("test", "", List.of()).config();
        assertThat(MemoryEstimate.of(lora).together(1))
                .isLessThan(MemoryEstimate.of(full).together(1));
    }
}
