package ai.djl.pytorch.jni;

/**
 * The two native calls that DJL keeps package-private and that Troupe needs: loading a TorchScript archive and running
 * one of its methods with every kind of value in and out.
 *
 * <p>A method runs here without InferenceMode. DJL's own inference path switches it on, and a tensor made under it can
 * never take part in autograd again.
 */
public final class TorchScriptBridge {
    private TorchScriptBridge() {}

    /** Loads an archive from a file onto the CPU and returns the module's handle. */
    public static long load(String path) {
        return PyTorchLibrary.LIB.moduleLoad(path, new int[] {0, -1}, true, new String[0], new String[0], true);
    }

    /** Runs a method; the caller closes the answer. */
    public static IValue run(long module, String method, long[] arguments) {
        return new IValue(PyTorchLibrary.LIB.moduleRunMethod(module, method, arguments, true, false));
    }

    /** Frees a module. */
    public static void free(long module) {
        PyTorchLibrary.LIB.torchDeleteModule(module);
    }
}
