package dev.troupe.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;

/** What the processor can do. */
final class Cpu {
    private static final Path DESCRIPTION = Path.of("/proc/cpuinfo");
    private static final Set<String> BF16 = Set.of("avx512_bf16", "amx_bf16");

    private Cpu() {}

    /** Whether it has instructions that multiply in bf16; without them, products of bf16 are slower than of fp32. */
    static boolean computesInBf16() {
        return Holder.BF16_PRODUCTS;
    }

    static boolean computesInBf16(String description) {
        return description
                .lines()
                .filter(l -> l.startsWith("flags"))
                .flatMap(l -> Arrays.stream(l.split("\\s+")))
                .anyMatch(BF16::contains);
    }

    private static final class Holder {
        static final boolean BF16_PRODUCTS = read();

        private static boolean read() {
            try {
                return Files.exists(DESCRIPTION) && computesInBf16(Files.readString(DESCRIPTION));
            } catch (IOException e) {
                return false; // slower, and right
            }
        }
    }
}
