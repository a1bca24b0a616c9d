package dev.troupe.rollout;

import dev.troupe.model.CounterNoise;
import dev.troupe.model.DecodeEngine;
import dev.troupe.model.ModelException;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.FinishReason;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the slots of a {@link DecodeEngine} full: a finished row is replaced at once, and rows of different length run
 * side by side. The prompt of several completions that are admitted together is computed once. Noise depends on (seed,
 * draw, sample, position) alone, so a completion does not depend on what shares its batch. Not thread-safe: to be used
 * on the engine's tensor thread.
 */
public final class ContinuousBatcher implements AutoCloseable {
    private final DecodeEngine engine;
    private final EndOfText end;
    private final Deque<SampleRequest> queue = new ArrayDeque<>();
    private final @Nullable Row[] rows;
    private final double[] noise;
    private int running;
    private long version;
    private String fingerprint;
    private long decodeSteps;
    private long sampledTokens;
    private long firstTokenAtMicros;

    /**
     * @param engine all of whose slots are free; closed with this
     * @param version of the weights it holds
     */
    public ContinuousBatcher(DecodeEngine engine, EndOfText end, long version) {
        this.engine = engine;
        this.end = end;
        this.version = version;
        this.fingerprint = engine.liveFingerprint();
        this.rows = new Row[engine.slots()];
        this.noise = new double[engine.slots()];
        Arrays.fill(noise, 0.5);
    }

    /**
     * Queues a request; the caller bounds how many.
     *
     * @throws ModelException when prompt and completion do not fit a slot
     */
    public void add(SampleRequest request) {
        int needed = request.prompt().length + request.maxNewTokens();
        if (needed > engine.length()) {
            throw new ModelException("the prompt of completion " + request.id() + " has " + request.prompt().length
                    + " tokens; with max_new_tokens = " + request.maxNewTokens() + " it needs " + needed
                    + " of a context of " + engine.length() + ": shorten the prompt or lower max_new_tokens");
        }
        queue.add(request);
    }

    /**
     * Fills free slots from the queue and draws one token for every row.
     *
     * @return what finished, rows that ended with their first token and given completions included
     */
    public List<Completion> step() {
        List<Completion> finished = new ArrayList<>();
        handBack(finished);
        admit(finished);
        if (running > 0) {
            decode(finished);
        }
        return finished;
    }

    /** What is given needs no slot. */
    private void handBack(List<Completion> finished) {
        long at = nowMicros();
        long now = System.nanoTime();
        queue.removeIf(request -> {
            if (request.given().length == 0) {
                return false;
            }
            Row row = new Row(request);
            int most = Math.min(request.given().length, request.maxNewTokens());
            for (int i = 0; i < most; i++) {
                row.add(request.given()[i], 0, 1, version, fingerprint, at);
            }
            FinishReason reason = row.finished(end, now);
            finished.add(row.completion(reason == null ? FinishReason.FINISH_REASON_LENGTH : reason));
            return true;
        });
    }

    private void admit(List<Completion> finished) {
        while (!queue.isEmpty() && running < rows.length) {
            List<SampleRequest> group = next(rows.length - running);
            int[] slots = freeSlots(group.size());
            double[] first = new double[slots.length];
            for (int i = 0; i < slots.length; i++) {
                first[i] = noise(group.get(i), 0);
            }
            DecodeEngine.Step drawn =
                    engine.prefill(group.stream().map(SampleRequest::prompt).toList(), slots, first);
            long at = nowMicros();
            long now = System.nanoTime();
            for (int i = 0; i < slots.length; i++) {
                Row row = new Row(group.get(i));
                rows[slots[i]] = row;
                running++;
                row.add(drawn.tokens()[i], drawn.logprobs()[i], drawn.keptMass()[i], version, fingerprint, at);
                conclude(slots[i], row, now, finished);
            }
            sampled(slots.length, at);
        }
    }

    /** The next requests, as many as there are slots for, or fewer if their prompts are too many for one prefill. */
    private List<SampleRequest> next(int most) {
        List<SampleRequest> group = new ArrayList<>();
        int prompts = 0;
        while (!queue.isEmpty() && group.size() < most) {
            boolean another = group.isEmpty()
                    || !Arrays.equals(
                            group.get(group.size() - 1).prompt(),
                            queue.element().prompt());
            if (another && ++prompts > DecodeEngine.KEPT_PROMPTS) {
                break;
            }
            group.add(queue.remove());
        }
        return group;
    }

    private int[] freeSlots(int count) {
        int[] free = new int[count];
        int found = 0;
        for (int slot = 0; found < count; slot++) {
            if (rows[slot] == null) {
                free[found++] = slot;
            }
        }
        return free;
    }

    private void decode(List<Completion> finished) {
        for (int slot = 0; slot < rows.length; slot++) {
            Row row = rows[slot];
            if (row != null) {
                noise[slot] = noise(row.request, row.length());
            }
        }
        DecodeEngine.Step drawn = engine.step(noise);
        decodeSteps++;
        long at = nowMicros();
        sampled(running, at);
        long now = System.nanoTime();
        for (int slot = 0; slot < rows.length; slot++) {
            Row row = rows[slot];
            if (row != null) {
                row.add(drawn.tokens()[slot], drawn.logprobs()[slot], drawn.keptMass()[slot], version, fingerprint, at);
                conclude(slot, row, now, finished);
            }
        }
    }

    private void sampled(int tokens, long atMicros) {
        sampledTokens += tokens;
        if (firstTokenAtMicros == 0) {
            firstTokenAtMicros = atMicros;
        }
    }

    private void conclude(int slot, Row row, long nowNanos, List<Completion> finished) {
        FinishReason reason = row.finished(end, nowNanos);
        if (reason != null) {
            finished.add(row.completion(reason));
            rows[slot] = null;
            running--;
            engine.release(slot);
        }
    }

    private static double noise(SampleRequest r, int position) {
        return CounterNoise.uniform(r.seed(), r.id().draw(), r.id().sample(), position);
    }

    private static long nowMicros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    /**
     * Puts other weights in, between two steps; running rows go on with them.
     *
     * @return the fingerprint of the live weights, read back from the engine
     */
    public String swap(long newVersion, TensorSet weights) {
        engine.swap(weights);
        version = newVersion;
        fingerprint = engine.liveFingerprint();
        firstTokenAtMicros = 0;
        return fingerprint;
    }

    /** Samples all of these, and what else is under way, to the end. Completions of these come in the order given. */
    public List<Completion> runAll(Collection<SampleRequest> requests) {
        Map<SampleRequest, Completion> done = new HashMap<>();
        requests.forEach(this::add);
        while (!isIdle()) {
            step().forEach(c -> done.put(c.request(), c));
        }
        List<Completion> inOrder = new ArrayList<>();
        for (SampleRequest request : requests) {
            Completion completion = done.get(request);
            if (completion == null) {
                throw new IllegalStateException("completion " + request.id() + " was requested twice");
            }
            inOrder.add(completion);
        }
        return inOrder;
    }

    /** Takes back what has not started. */
    public List<SampleRequest> clearQueue() {
        List<SampleRequest> unstarted = List.copyOf(queue);
        queue.clear();
        return unstarted;
    }

    /** Nothing runs and nothing waits. */
    public boolean isIdle() {
        return running == 0 && queue.isEmpty();
    }

    /** Rows in slots. */
    public int running() {
        return running;
    }

    /** Requests that wait for a slot. */
    public int queued() {
        return queue.size();
    }

    /** Decode steps since the start; prefills, which draw a row's first token, are not among them. */
    public long decodeSteps() {
        return decodeSteps;
    }

    /** Tokens sampled since the start. */
    public long sampledTokens() {
        return sampledTokens;
    }

    /** When the first token was sampled with the live weights, in microseconds since 1970; 0 while none was. */
    public long firstTokenAtMicros() {
        return firstTokenAtMicros;
    }

    /** Version of the live weights. */
    public long version() {
        return version;
    }

    /** Of the live weights. */
    public String fingerprint() {
        return fingerprint;
    }

    @Override
    public void close() {
        engine.close();
    }
}
