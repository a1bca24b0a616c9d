package dev.troupe.deploy.doctor;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/** Memory, disk, addresses, clock. */
final class MachineChecks {
    private static final long GB = 1L << 30;
    private static final long MEMORY_FLOOR = 3 * GB;
    private static final long SHARED_FLOOR = 256L << 20;
    private static final long DISK_FLOOR = 2 * GB;
    private static final long CLOCK_FLOOR_NANOS = 100_000;

    private MachineChecks() {}

    static Finding memory() throws IOException {
        Path info = Path.of("/proc/meminfo");
        if (!Files.isReadable(info)) {
            return Finding.ok("this system does not tell");
        }
        long total = 0;
        long available = 0;
        for (String line : Files.readAllLines(info)) {
            long bytes = 1024 * number(line);
            total = line.startsWith("MemTotal:") ? bytes : total;
            available = line.startsWith("MemAvailable:") ? bytes : available;
        }
        String detail = gb(available) + " available of " + gb(total);
        return available >= MEMORY_FLOOR
                ? Finding.ok(detail)
                : Finding.bad(detail, "the embedded default needs about 2 GB; end other programs");
    }

    static Finding sharedMemory() throws IOException {
        Path shm = Path.of("/dev/shm");
        if (!Files.isDirectory(shm)) {
            return Finding.ok("no /dev/shm; Aeron's buffers lie in " + System.getProperty("java.io.tmpdir"));
        }
        FileStore store = Files.getFileStore(shm);
        String detail = mb(store.getUsableSpace()) + " free of " + mb(store.getTotalSpace()) + " in /dev/shm";
        return store.getUsableSpace() >= SHARED_FLOOR
                ? Finding.ok(detail)
                : Finding.bad(
                        detail,
                        "Aeron's buffers need about 50 MB a process: remove what is left in /dev/shm, or give the"
                                + " container more (--shm-size=1g)");
    }

    static Finding disk() throws IOException {
        Path here = Path.of("").toAbsolutePath();
        FileStore store = Files.getFileStore(here);
        String detail = gb(store.getUsableSpace()) + " free in " + here;
        if (!Files.isWritable(here)) {
            return Finding.bad(here + " is read-only", "start where runs/ can be written");
        }
        return store.getUsableSpace() >= DISK_FLOOR
                ? Finding.ok(detail)
                : Finding.bad(detail, "a run with its checkpoints and the natives need about 2 GB");
    }

    static Finding loopback() throws IOException {
        for (String address : List.of("127.0.0.1", "127.0.0.2")) {
            InetAddress host = InetAddress.getByName(address);
            try (ServerSocket tcp = new ServerSocket();
                    DatagramSocket udp = new DatagramSocket(new InetSocketAddress(host, 0))) {
                tcp.bind(new InetSocketAddress(host, 0));
                if (udp.getLocalPort() <= 0) {
                    return Finding.bad("no UDP port on " + address, "look at the machine's firewall and sandbox");
                }
            } catch (IOException e) {
                return Finding.bad(
                        "cannot listen on " + address + ": " + e.getMessage(),
                        "bring the loopback interface up (ip link set lo up); 127.0.0.2 is used by tests only");
            }
        }
        return Finding.ok("TCP and UDP ports can be opened on 127.0.0.1 and 127.0.0.2");
    }

    static Finding clock() {
        long smallest = Long.MAX_VALUE;
        for (int i = 0; i < 1000; i++) {
            long from = System.nanoTime();
            long to = System.nanoTime();
            while (to == from) {
                to = System.nanoTime();
            }
            smallest = Math.min(smallest, to - from);
        }
        int year = Instant.now().atZone(java.time.ZoneOffset.UTC).getYear();
        String detail = "resolution " + smallest + " ns, " + Instant.now();
        if (year < 2024) {
            return Finding.bad(detail, "the wall clock is wrong: set it, times in run folders follow it");
        }
        return smallest <= CLOCK_FLOOR_NANOS
                ? Finding.ok(detail)
                : Finding.bad(detail, "timings will be coarse: choose another clock source of the kernel");
    }

    private static long number(String line) {
        String digits = line.replaceAll("\\D", "");
        return digits.isEmpty() ? 0 : Long.parseLong(digits);
    }

    private static String gb(long bytes) {
        return String.format(Locale.ROOT, "%.1f GB", bytes / (double) GB);
    }

    private static String mb(long bytes) {
        return (bytes >> 20) + " MB";
    }
}
