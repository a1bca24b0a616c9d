package dev.troupe.train.optim;

import dev.troupe.model.Decoder;
import dev.troupe.model.TensorThread;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A model under training: weights, optimizer, and the thread on which both are touched.
 *
 * @param name {@code policy} or {@code value}; errors and files use it
 */
public record TrainedModel(String name, Decoder decoder, AdamW optimizer, TensorThread thread)
        implements AutoCloseable {
    /** No pass over one mini-batch takes this long; a thread that hangs shows as an error instead of silence. */
    private static final Duration DEADLINE = Duration.ofHours(1);

    /** A model with a fresh optimizer. The decoder is not closed with it, nor is the thread. */
    public static TrainedModel of(String name, Decoder decoder, AdamSettings settings, TensorThread thread) {
        return new TrainedModel(name, decoder, thread.call(() -> new AdamW(decoder, settings)), thread);
    }

    /** Queues work on the model's thread. */
    public <T> CompletableFuture<T> submit(Callable<T> work) {
        return thread.submit(work);
    }

    /**
     * Waits for all of these, in order; if one failed, throws its exception after the others have ended, so that nobody
     * goes on under the caller's feet.
     */
    public static <T> List<T> join(String what, List<CompletableFuture<T>> parts) {
        List<T> results = new ArrayList<>();
        RuntimeException failure = null;
        for (CompletableFuture<T> part : parts) {
            try {
                results.add(part.get(DEADLINE.toMillis(), TimeUnit.MILLISECONDS));
            } catch (ExecutionException e) {
                failure = failure != null ? failure : unchecked(what, e);
            } catch (TimeoutException e) {
                throw new IllegalStateException(what + " did not end within " + DEADLINE, e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while waiting for " + what, e);
            }
        }
        if (failure != null) {
            throw failure;
        }
        return results;
    }

    private static RuntimeException unchecked(String what, ExecutionException e) {
        return e.getCause() instanceof RuntimeException r
                ? r
                : new IllegalStateException(what + " failed", e.getCause());
    }

    /** Frees the optimizer. */
    @Override
    public void close() {
        thread.run(optimizer::close);
    }
}
