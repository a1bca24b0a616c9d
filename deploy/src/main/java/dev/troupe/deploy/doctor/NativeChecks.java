package dev.troupe.deploy.doctor;

import com.typesafe.config.ConfigFactory;
import dev.troupe.deploy.settings.Models;
import dev.troupe.model.Device;
import dev.troupe.model.Libtorch;
import dev.troupe.model.Tokenizer;
import dev.troupe.transport.AeronNode;
import dev.troupe.transport.TransportSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The parts of Troupe that are not Java. */
final class NativeChecks {
    private NativeChecks() {}

    static Finding libtorch() {
        boolean unpacked = Files.isDirectory(cache());
        Libtorch.start();
        return Finding.ok(Libtorch.version() + ", natives " + (unpacked ? "in " : "just unpacked to ") + cache());
    }

    static Finding tokenizers() {
        List<String> shipped = Models.shipped();
        if (shipped.isEmpty()) {
            return Finding.bad("no shipped model to try", "check out the repository again: deploy/models is missing");
        }
        Path folder = Models.folder("doctor", shipped.get(0));
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            String text = "Once upon a time";
            int[] ids = tokenizer.encode(text, false);
            return tokenizer.decode(ids).strip().equals(text)
                    ? Finding.ok("a vocabulary of " + tokenizer.vocabularySize() + " reads and writes")
                    : Finding.bad("\"" + text + "\" came back as \"" + tokenizer.decode(ids) + "\"", "report this");
        }
    }

    static Finding aeron() {
        try (AeronNode node = AeronNode.start(TransportSettings.from(ConfigFactory.empty()))) {
            return Finding.ok("an embedded media driver starts and stops; streams "
                    + node.bytesByStream().keySet());
        }
    }

    static Finding device() {
        int cores = Runtime.getRuntime().availableProcessors();
        String cpu =
                "cpu, " + cores + " cores, bf16 multiplied " + (Device.CPU.computesInBf16() ? "natively" : "in fp32");
        if (Device.cudaDevices() > 0) {
            return Finding.ok(cpu + "; " + Device.cudaDevices() + " CUDA devices (device = cuda:0); no run has been"
                    + " made on one yet");
        }
        return Finding.ok(cpu + "; no CUDA: that needs an NVIDIA driver and PYTORCH_LIBRARY_PATH with"
                + " PYTORCH_FLAVOR=cu128 naming the libraries of a libtorch 2.7.1 built for CUDA (loaded: "
                + Libtorch.version() + (Device.builtForCuda() ? ", with CUDA" : ", without") + ")");
    }

    private static Path cache() {
        String named = System.getenv("DJL_CACHE_DIR");
        return named == null ? Path.of(System.getProperty("user.home"), ".djl.ai") : Path.of(named);
    }
}
