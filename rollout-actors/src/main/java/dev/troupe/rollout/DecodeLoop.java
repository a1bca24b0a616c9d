package dev.troupe.rollout;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.DecodeEngine;
import dev.troupe.model.ModelForm;
import dev.troupe.model.TensorThread;
import dev.troupe.proto.TensorSet;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decodes on its own tensor thread: takes orders between two steps, parks while there is nothing to decode, and wakes
 * at once on an order. The order's methods may be called by any thread and return at once.
 */
final class DecodeLoop implements AutoCloseable {

    /** Hears what happens; called on the decoding thread, so a call that waits holds generation back. */
    interface Listener {
        /** The first weights are in the engine: it can be, and leases can start. */
        void onOpened();

        /** The first token of this version was sampled. */
        void onFirstToken(long version, String fingerprint, long atMicros);

        /** Leases given back unstarted, because the loop drains. */
        void onReturned(List<TrajectoryId> unstarted);

        /** Draining, and nothing runs any more. */
        void onDrained();

        /** Decoding cannot go on; nothing further is called. */
        void onFailed(Throwable cause);
    }

    /**
     * Weights to sample with.
     *
     * @param feed counts the publishers: the versions of a later one count as newer
     * @param fingerprint as announced; the live weights must have the same
     */
    record Weights(int feed, long version, String fingerprint, TensorSet tensors) {
        boolean isNewerThan(@Nullable Weights other) {
            return other == null || feed > other.feed || (feed == other.feed && version > other.version);
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(DecodeLoop.class);

    private final RolloutSettings settings;
    private final ModelForm model;
    private final EndOfText end;
    private final Listener listener;
    private final Consumer<Completion> finished;
    private final TensorThread thread;
    private final BlockingQueue<Runnable> orders;
    /** The newest that came; they are in the engine, or will be before anything further starts. */
    private final AtomicReference<@Nullable Weights> newest = new AtomicReference<>();

    private final AtomicInteger held = new AtomicInteger();
    private final int mostHeld;
    private volatile boolean stopped;

    // Below: of the decoding thread only.
    private final List<SampleRequest> early = new ArrayList<>();
    private @Nullable ContinuousBatcher batcher;
    private @Nullable Weights live;
    private @Nullable Weights firstTokenOf;
    private boolean draining;
    private boolean drained;

    private DecodeLoop(RolloutSetup setup, Listener listener, Consumer<Completion> finished) {
        this.settings = setup.settings();
        this.model = setup.model();
        this.end = setup.end();
        this.listener = listener;
        this.finished = finished;
        this.mostHeld = 4 * settings.capacity();
        this.orders = new LinkedBlockingQueue<>(mostHeld + 64);
        this.thread = TensorThread.start("decode-" + setup.node(), settings.threads());
    }

    /**
     * Starts the thread; it samples nothing before the first weights come.
     *
     * @param finished takes each completion, on the decoding thread
     */
    static DecodeLoop start(RolloutSetup setup, Listener listener, Consumer<Completion> finished) {
        DecodeLoop loop = new DecodeLoop(setup, listener, finished);
        loop.thread.submit(() -> {
            loop.run();
            return Boolean.TRUE;
        });
        return loop;
    }

    /**
     * Takes leases.
     *
     * @throws RolloutException when far more came than the rollout said it can hold
     */
    void lease(List<SampleRequest> requests) {
        if (held.addAndGet(requests.size()) > mostHeld) {
            held.addAndGet(-requests.size());
            throw new RolloutException(
                    requests.size() + " leases came while " + held + " are held; room was asked for "
                            + settings.capacity(),
                    null);
        }
        order(() -> take(requests));
    }

    /**
     * Takes new weights, unless newer ones came before.
     *
     * @return whether they are taken: then leases that come from now on start with them or with newer ones, though they
     *     may not be in the engine yet
     */
    boolean weights(Weights fresh) {
        Weights kept = newest.accumulateAndGet(
                fresh, (before, next) -> next != null && next.isNewerThan(before) ? next : before);
        // Wakes a parked thread; when the queue is full it is not parked.
        if (!orders.offer(() -> {})) {
            LOG.debug("weights of version {} wait behind {} orders", fresh.version, orders.size());
        }
        return kept == fresh;
    }

    /** Gives unstarted leases back, and further ones too; finishes what runs. */
    void drain() {
        order(() -> {
            draining = true;
            List<SampleRequest> unstarted = new ArrayList<>(early);
            early.clear();
            if (batcher != null) {
                unstarted.addAll(batcher.clearQueue());
            }
            giveBack(unstarted);
        });
    }

    private void order(Runnable order) {
        if (!stopped && !orders.offer(order)) {
            throw new RolloutException("the decoding thread does not take its " + orders.size() + " orders", null);
        }
    }

    private void run() {
        try {
            while (!stopped) {
                takeOrders();
                takeWeights();
                decode();
                if (draining && !drained && (batcher == null || batcher.isIdle())) {
                    drained = true;
                    listener.onDrained();
                }
            }
        } catch (Throwable e) {
            if (!stopped) {
                stopped = true;
                listener.onFailed(e);
            }
        } finally {
            if (batcher != null) {
                batcher.close();
            }
        }
    }

    private void takeOrders() throws InterruptedException {
        boolean busy = (batcher != null && !batcher.isIdle()) || (draining && !drained) || newest.get() != live;
        Runnable order = busy ? orders.poll() : orders.take();
        while (order != null) {
            order.run();
            order = orders.poll();
        }
    }

    private void take(List<SampleRequest> requests) {
        if (draining) {
            giveBack(requests);
        } else if (batcher == null) {
            early.addAll(requests);
        } else {
            requests.forEach(batcher::add);
        }
    }

    private void giveBack(List<SampleRequest> unstarted) {
        held.addAndGet(-unstarted.size());
        listener.onReturned(unstarted.stream().map(SampleRequest::id).toList());
    }

    /** After the orders and before decoding: what was leased because of these weights must not start without them. */
    private void takeWeights() {
        Weights weights = newest.get();
        if (weights == null || weights == live) {
            return;
        }
        boolean first = batcher == null;
        String found;
        if (batcher == null) {
            DecodeEngine engine = model.engine(
                    weights.tensors, settings.slots(), settings.contextOf(model.config()), settings.sampling());
            batcher = new ContinuousBatcher(engine, end, weights.version);
            found = batcher.fingerprint();
            early.forEach(batcher::add);
            early.clear();
        } else {
            found = batcher.swap(weights.version, weights.tensors);
        }
        if (!found.equals(weights.fingerprint)) {
            throw new RolloutException(
                    "the live weights of version " + weights.version + " have the fingerprint " + found
                            + ", announced was " + weights.fingerprint,
                    null);
        }
        live = weights;
        if (first) {
            listener.onOpened();
        }
    }

    private void decode() {
        ContinuousBatcher now = batcher;
        if (now == null || now.isIdle()) {
            return;
        }
        List<Completion> done = now.step();
        if (firstTokenOf != live && now.firstTokenAtMicros() > 0) {
            firstTokenOf = live;
            listener.onFirstToken(now.version(), now.fingerprint(), now.firstTokenAtMicros());
        }
        for (Completion completion : done) {
            held.decrementAndGet();
            finished.accept(completion);
        }
    }

    /** Stops after the step under way; what runs is abandoned. {@link #close} waits for it. */
    void stop() {
        stopped = true;
        // Wakes a parked thread; when the queue is full it is not parked.
        orders.poll();
        orders.add(() -> {});
    }

    @Override
    public void close() {
        stop();
        thread.close();
    }
}
