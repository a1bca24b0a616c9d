package dev.troupe.train.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.train.algorithm.Experience;
import dev.troupe.train.fixture.TinyModels;
import dev.troupe.train.optim.Schedule;
import dev.troupe.train.update.PolicyUpdate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
    @TempDir
    Path folder;

    @Test
    void trainingThatGoesOnFromACheckpointEqualsStraightTraining() {
        String straight;
        Path saved;
        List<Experience> first;
        List<Experience> second;
        try (TinyModels models = new TinyModels()) {
            first = models.experience(8, 1);
            second = models.experience(8, 2);
            PolicyUpdate update = update(models);
            assertThat(update.run(0, first).applied()).isTrue();
            saved = Checkpoint.write(
                    new CheckpointStore(folder, 2),
                    1,
                    1,
                    List.of("runs/a/step-0"),
                    List.of(models.policy, models.value),
                    Map.of("ledger.json", "{\"version\":1}"),
                    null);
            assertThat(update.run(1, second).applied()).isTrue();
            straight = models.everything();
        }
        try (TinyModels fresh = new TinyModels()) {
            Checkpoint checkpoint = CheckpointStore.open(saved);
            assertThat(checkpoint.manifest().step()).isEqualTo(1);
            assertThat(checkpoint.manifest().parents()).containsExactly("runs/a/step-0");
            assertThat(checkpoint.document("ledger.json")).isEqualTo("{\"version\":1}");
            checkpoint.restore(fresh.policy);
            checkpoint.restore(fresh.value);
            assertThat(update(fresh).run(1, second).applied()).isTrue();
            assertThat(fresh.everything()).isEqualTo(straight);
        }
    }

    @Test
    void aFlippedBitInAnyFileIsNamed() throws IOException {
        Path saved = small(new CheckpointStore(folder, 1), 3);
        List<Path> files;
        try (Stream<Path> all = Files.walk(saved)) {
            files = all.filter(f -> Files.isRegularFile(f) && !f.endsWith(Manifest.NAME))
                    .toList();
        }
        assertThat(files).hasSize(2);
        for (Path file : files) {
            byte[] bytes = Files.readAllBytes(file);
            bytes[bytes.length / 2] ^= 4;
            Files.write(file, bytes);
            assertThatThrownBy(() -> CheckpointStore.open(saved))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining(file.toString())
                    .hasMessageContaining("SHA-256");
            bytes[bytes.length / 2] ^= 4;
            Files.write(file, bytes);
        }
        CheckpointStore.open(saved);
        Files.writeString(files.get(0), "short");
        assertThatThrownBy(() -> CheckpointStore.open(saved)).hasMessageContaining("has 5 bytes");
        Files.delete(files.get(0));
        assertThatThrownBy(() -> CheckpointStore.open(saved)).hasMessageContaining("is missing");
    }

    @Test
    void theLastFewAreKept() {
        CheckpointStore store = new CheckpointStore(folder, 2);
        for (int step : new int[] {2, 9, 10, 11}) {
            small(store, step);
        }
        assertThat(store.list()).extracting(p -> p.getFileName().toString()).containsExactly("step-10", "step-11");
        small(store, 11);
        assertThat(store.latest()).contains(folder.resolve("step-11"));
        assertThat(folder.toFile().list()).containsExactlyInAnyOrder("step-10", "step-11");
    }

    @Test
    void aWriteThatFailsLeavesTheOlderOnesAlone() {
        CheckpointStore store = new CheckpointStore(folder, 1);
        Path good = small(store, 1);
        assertThatThrownBy(() -> store.write(2, 2, List.of(), f -> {
                    Files.writeString(f.resolve("half"), "x");
                    throw new IOException("disk full");
                }))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("step-2")
                .hasMessageContaining("disk full");
        assertThat(store.list()).containsExactly(good);
        CheckpointStore.open(good);
        small(store, 2);
        assertThat(store.list()).containsExactly(folder.resolve("step-2"));
    }

    @Test
    void aFolderWithoutManifestIsNoCheckpoint() throws IOException {
        CheckpointStore store = new CheckpointStore(folder, 1);
        Files.createDirectories(folder.resolve("step-7"));
        assertThat(store.latest()).isEmpty();
        assertThatThrownBy(() -> CheckpointStore.open(folder.resolve("step-7")))
                .hasMessageContaining("was never finished");
        Files.writeString(folder.resolve("step-7").resolve(Manifest.NAME), "{\"format\":1,");
        assertThatThrownBy(() -> CheckpointStore.open(folder.resolve("step-7")))
                .hasMessageContaining("manifest.json cannot be read");
    }

    private static Path small(CheckpointStore store, int step) {
        return store.write(step, step, List.of(), f -> {
            Files.writeString(f.resolve("ledger.json"), "{\"step\":" + step + "}");
            Files.createDirectory(f.resolve("policy"));
            Files.write(f.resolve("policy").resolve("model.safetensors"), new byte[1000]);
        });
    }

    private static PolicyUpdate update(TinyModels models) {
        return models.update(TinyModels.settings(2, 2, 2), new Schedule(Schedule.Kind.LINEAR, 0, 5), 1e-3);
    }
}
