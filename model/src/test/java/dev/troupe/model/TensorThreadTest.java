package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class TensorThreadTest {
    @Test
    void shouldPrepareTheThreadBeforeTheFirstWork() {
        try (TensorThread thread = TensorThread.start("settings", 2)) {
            assertThat(thread.call(JniUtils::isGradMode)).isFalse();
            assertThat(thread.call(JniUtils::getNumThreads)).isEqualTo(2);
            assertThat(thread.call(() -> Thread.currentThread().getName())).isEqualTo("tensor-settings");
            assertThat(thread.call(() -> thread.call(thread::isCurrent)))
                    .as("work within work runs at once")
                    .isTrue();
        }
    }

    /** A sum over other threads rounds otherwise, so a run would not repeat itself. */
    @Test
    void shouldKeepItsNumberOfThreadsWhateverAnotherIsGivenBeforeItsFirstWork() {
        try (TensorThread first = TensorThread.start("first", 1);
                TensorThread second = TensorThread.start("second", 2)) {
            assertThat(second.call(() -> true)).isTrue();
            assertThat(first.call(JniUtils::getNumThreads)).isEqualTo(1);
            assertThat(second.call(JniUtils::getNumThreads)).isEqualTo(2);
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void shouldStandBackForMessagesAndFurtherIfItIsAskedTo() throws IOException {
        Callable<Integer> niceness = () -> niceness(Path.of("/proc/thread-self"));
        try (TensorThread plain = TensorThread.start("plain", 1);
                TensorThread yielding = TensorThread.yielding("yielding", 1)) {
            int here = niceness(Path.of("/proc/thread-self"));
            assertThat(plain.call(niceness)).isEqualTo(Math.min(19, here + Niceness.STEP));
            assertThat(yielding.call(niceness)).isEqualTo(Math.min(19, here + 2 * Niceness.STEP));
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void shouldLetTheCompilersOfJavaStandBack() throws IOException {
        Libtorch.start();
        int plain = niceness(Path.of("/proc/thread-self"));
        List<Integer> compilers = new ArrayList<>();
        try (Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
            for (Path thread : threads.toList()) {
                try {
                    if (Files.readString(thread.resolve("comm")).contains("CompilerThre")) {
                        compilers.add(niceness(thread));
                    }
                } catch (IOException ended) {
                    // Threads come and go.
                }
            }
        }
        assertThat(compilers).isNotEmpty().containsOnly(Math.min(19, plain + 2 * Niceness.STEP));
    }

    /** A thread's file says how nice it is: the 19th number, the 17th after its name. */
    private static int niceness(Path thread) throws IOException {
        String stat = Files.readString(thread.resolve("stat"));
        return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[16]);
    }

    @Test
    void shouldHandOnWhatTheWorkThrew() {
        try (TensorThread thread = TensorThread.start("errors", 1)) {
            assertThatThrownBy(() -> thread.run(() -> {
                        throw new IllegalStateException("of the work");
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("of the work");
            assertThatThrownBy(() -> thread.call(() -> {
                        throw new IOException("of a file");
                    }))
                    .isInstanceOf(ModelException.class)
                    .hasMessage("of a file");
            assertThat(thread.call(() -> 5)).isEqualTo(5);
        }
    }

    @Test
    void shouldSayWhatItWaitedForWhenADeadlinePasses() {
        CountDownLatch done = new CountDownLatch(1);
        try (TensorThread thread = TensorThread.start("late", 1)) {
            assertThatThrownBy(() -> thread.call("scores of 3 rows", Duration.ofMillis(1), () -> {
                        done.await();
                        return 1;
                    }))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("scores of 3 rows")
                    .hasMessageContaining("late");
            done.countDown();
        }
    }
}
