package dev.troupe.model;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A long-lived platform thread on which tensor work happens. Gradient mode, the number of intra-op threads and the
 * graph optimiser are settings of a thread in libtorch; work from freshly made threads runs with the wrong ones, and
 * slower. Tensors take all the time there is; where there is more to do than cores, what carries messages goes first,
 * and so does a node that begins.
 */
public final class TensorThread implements AutoCloseable {
    private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(30);

    private final String name;
    private final ExecutorService executor;
    /** Null until the first work comes; never the caller's thread, which has other settings. */
    private volatile @Nullable Thread thread;

    private TensorThread(String name, int threads, boolean yields) {
        this.name = name;
        this.executor = Executors.newSingleThreadExecutor(task -> {
            Thread t = new Thread(
                    () -> {
                        // Before libtorch makes this thread's helpers, which are as it is.
                        Niceness.raise(yields ? 2 : 1);
                        Libtorch.prepareThread(threads);
                        task.run();
                    },
                    "tensor-" + name);
            t.setDaemon(true);
            thread = t;
            return t;
        });
    }

    /** Starts the thread; {@code threads} is how many cores one operation of it may use. */
    public static TensorThread start(String name, int threads) {
        return start(name, threads, false);
    }

    /**
     * As {@link #start}, for passes that no token and no weights wait for: where there is more to do than cores, other
     * tensors go first.
     */
    public static TensorThread yielding(String name, int threads) {
        return start(name, threads, true);
    }

    private static TensorThread start(String name, int threads, boolean yields) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads of " + name + " must be at least 1, not " + threads);
        }
        Libtorch.start();
        return new TensorThread(name, threads, yields);
    }

    /**
     * Runs the work and waits for it. Called from the thread itself it runs at once. The work's own exception is thrown
     * on.
     */
    public <T> T call(Callable<T> work) {
        if (isCurrent()) {
            try {
                return work.call();
            } catch (Exception e) {
                throw unchecked(e);
            }
        }
        return join(submit(work));
    }

    /** As {@link #call}, for work without an answer. */
    public void run(Runnable work) {
        call(() -> {
            work.run();
            return Boolean.TRUE;
        });
    }

    /** As {@link #call}, with a deadline; when it passes, the error says what was waited for (the work goes on). */
    public <T> T call(String what, Duration deadline, Callable<T> work) {
        CompletableFuture<T> future = submit(work);
        try {
            return future.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new ModelException(
                    what + " on tensor thread '" + name + "' took longer than its deadline of " + deadline, e);
        } catch (ExecutionException e) {
            throw unchecked(e.getCause() == null ? e : e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ModelException("interrupted while waiting for " + what + " on tensor thread '" + name + "'", e);
        }
    }

    /** Queues the work; works run one after another in the order of the calls. */
    public <T> CompletableFuture<T> submit(Callable<T> work) {
        CompletableFuture<T> future = new CompletableFuture<>();
        executor.execute(() -> {
            try {
                future.complete(work.call());
            } catch (Throwable e) {
                future.completeExceptionally(e);
            }
        });
        return future;
    }

    /** Whether the caller is on this thread. */
    public boolean isCurrent() {
        return Thread.currentThread() == thread;
    }

    /** Lets the queued work finish and ends the thread. */
    @Override
    public void close() {
        executor.shutdown();
        if (isCurrent()) {
            return;
        }
        try {
            if (!executor.awaitTermination(CLOSE_DEADLINE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new ModelException("tensor thread '" + name + "' did not end within " + CLOSE_DEADLINE);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private <T> T join(CompletableFuture<T> future) {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw unchecked(e.getCause() == null ? e : e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ModelException("interrupted while waiting for tensor thread '" + name + "'", e);
        }
    }

    private static RuntimeException unchecked(Throwable e) {
        if (e instanceof RuntimeException runtime) {
            return runtime;
        }
        if (e instanceof Error error) {
            throw error;
        }
        return new ModelException(String.valueOf(e.getMessage()), e);
    }
}
