package dev.troupe.model;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.JniUtils;

/** Starts the tensor engine once a process, without network and without telemetry. */
public final class Libtorch {
    private static volatile Device device = Device.CPU;

    private Libtorch() {}

    /** Loads the native library if that has not happened yet; the first time on a machine it unpacks 430 MB. */
    public static void start() {
        root();
    }

    /** Where tensors of this process live from now on; to be called before any is made. */
    public static void use(Device where) {
        device = where;
    }

    static Device device() {
        return device;
    }

    /** A new scope for tensors; whoever asks closes it, and every tensor in it goes with it. */
    public static NDManager scope() {
        return root().newSubManager(device.engine());
    }

    /** The engine's version, for reports. */
    public static String version() {
        root();
        return Holder.VERSION;
    }

    /** Tensors that Java holds in any open scope; level over steps unless something is not closed. */
    static int liveTensors() {
        return root().getManagedArrays().size();
    }

    /**
     * Prepares the calling thread for tensor work: intra-op threads, no gradients, no graph optimiser. All three are
     * settings of a thread, which is why tensor work belongs on a {@link TensorThread}.
     */
    static void prepareThread(int threads) {
        root();
        // A thread's first look at the number sets it to what any thread set last: it must come before ours.
        JniUtils.getNumThreads();
        JniUtils.setNumThreads(threads);
        JniUtils.setGradMode(false);
        JniUtils.setGraphExecutorOptimize(false);
    }

    private static PtNDManager root() {
        return Holder.ROOT;
    }

    private static final class Holder {
        static final PtNDManager ROOT;
        static final String VERSION;

        static {
            silence();
            Niceness.raiseCompilers();
            Engine engine = Engine.getEngine("PyTorch");
            VERSION = engine.getVersion();
            ROOT = (PtNDManager) engine.newBaseManager();
        }
    }

    /** Sees to it that DJL neither downloads nor reports anything, unless someone asked for that. */
    static void silence() {
        setIfAbsent("offline", "true");
        setIfAbsent("OPT_OUT_TRACKING", "true");
        setIfAbsent("ai.djl.default_engine", "PyTorch");
    }

    private static void setIfAbsent(String key, String value) {
        if (System.getProperty(key) == null) {
            System.setProperty(key, value);
        }
    }
}
