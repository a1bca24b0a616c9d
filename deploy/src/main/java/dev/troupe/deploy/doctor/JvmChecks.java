package dev.troupe.deploy.doctor;

/** What the launcher is to give the JVM. */
final class JvmChecks {
    private static final String LAUNCHER = "start Troupe with ./troupe, which sets it";

    private JvmChecks() {}

    static Finding java() {
        int feature = Runtime.version().feature();
        String detail = Runtime.version() + " (" + System.getProperty("java.vendor") + "), "
                + Runtime.getRuntime().availableProcessors() + " cores, heap up to "
                + (Runtime.getRuntime().maxMemory() >> 20) + " MB";
        return feature >= 17
                ? Finding.ok(detail)
                : Finding.bad(detail, "install JDK 17 or newer, or set JAVA_HOME to one");
    }

    static Finding opens() {
        boolean open = Object.class.getModule().isOpen("jdk.internal.misc", JvmChecks.class.getModule());
        return open
                ? Finding.ok("java.base/jdk.internal.misc is open to Agrona")
                : Finding.bad(
                        "java.base/jdk.internal.misc is closed; Aeron cannot start",
                        LAUNCHER + ", or add --add-opens java.base/jdk.internal.misc=ALL-UNNAMED");
    }

    static Finding offline() {
        boolean offline = Boolean.getBoolean("offline") || "true".equals(System.getenv("DJL_OFFLINE"));
        return offline
                ? Finding.ok("the tensor engine neither downloads nor reports anything")
                : Finding.bad("the tensor engine may use the network", LAUNCHER + ", or add -Doffline=true");
    }

    static Finding malloc() {
        String tunables = System.getenv("GLIBC_TUNABLES");
        if (!System.getProperty("os.name").equals("Linux")) {
            return Finding.ok("not glibc: nothing to set");
        }
        return tunables != null && tunables.contains("mmap_threshold") && tunables.contains("trim_threshold")
                ? Finding.ok(tunables.replace("glibc.malloc.", ""))
                : Finding.bad(
                        "glibc gives large buffers back after every step (about a tenth slower)",
                        LAUNCHER + ", or export GLIBC_TUNABLES=glibc.malloc.mmap_threshold=1073741824"
                                + ":glibc.malloc.trim_threshold=4294967296:glibc.malloc.top_pad=67108864");
    }
}
