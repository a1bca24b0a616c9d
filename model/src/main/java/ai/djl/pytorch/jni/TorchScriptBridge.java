package ai.djl.pytorch.jni;

/**
 * The two native calls that DJL keeps package-private and that Troupe needs: loading a TorchScript archive and running
 * one of its methods with every kind of value in and out.
 */
public final class TorchScriptBridge {
    private TorchScriptBridge() {}

    /** Loads an archive from a file onto the CPU and returns the module's handle. */
    public static long load(String path) {
        return PyTorchLibrary.LIB.moduleLoad(path, new int[] {0, -1}, true, new String[0], new String[0], true);
    }

    /**
     * Runs a method; the caller closes the answer.
     *
     * @param inference under libtorch's InferenceMode: calls are cheaper, and no tensor made there can ever take part
     *     in autograd
     */
    public static IValue run(long module, String method, long[] arguments, boolean inference) {
        return new IValue(PyTorchLibrary.LIB.moduleRunMethod(module, method, arguments, !inference, false));
    }

    /** Frees a module. */
    public static void free(long module) {
        PyTorchLibrary.LIB.torchDeleteModule(module);
    }
}
