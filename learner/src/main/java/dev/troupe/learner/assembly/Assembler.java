package dev.troupe.learner.assembly;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.receptionist.Receptionist;
import dev.troupe.cluster.protocol.AeronAddress;
import dev.troupe.cluster.protocol.LedgerCommand;
import dev.troupe.cluster.protocol.ScorerCommand;
import dev.troupe.cluster.protocol.ScorerCommand.Describe;
import dev.troupe.cluster.protocol.ScorerCommand.ScorerDescription;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.learner.experience.HeldTrajectory;
import dev.troupe.learner.ledger.LedgerMessages.Scored;
import dev.troupe.learner.ledger.LedgerMessages.Unscored;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.WireException;
import dev.troupe.proto.v1.RowScore;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreRequest;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends token batches to the reference, reward and value actors over Aeron and joins their answers by trajectory id.
 * Every request has a deadline; past it, or when the actor is gone, the rows go to another replica, and after the last
 * attempt they are given up with the reason.
 */
public final class Assembler extends AbstractBehavior<Assembler.Command> {

    /** What the assembler understands. */
    public sealed interface Command permits Held, Answered, Over, Listed, Described, Tick {}

    /**
     * Trajectories that need their scores.
     *
     * @param neverCame trajectories that will not come: no request waits for them
     * @param quiet nothing further will come until these are scored: send what waits
     */
    public record Held(List<HeldTrajectory> trajectories, List<TrajectoryId> neverCame, boolean quiet)
            implements Command {}

    /** An answer came off the wire. */
    public record Answered(ScoreAnswer answer) implements Command {}

    /** The run is over: scorers that leave now are no loss to anybody. */
    public record Over() implements Command {}

    private record Listed(ScorerKind kind, Set<ActorRef<ScorerCommand>> actors) implements Command {}

    private record Described(
            ScorerKind kind,
            ActorRef<ScorerCommand> actor,
            @Nullable ScorerDescription description) implements Command {}

    private record Tick() implements Command {}

    /** Sends a request to a scorer. */
    @FunctionalInterface
    public interface RequestSender {
        /**
         * Sends without waiting for the delivery.
         *
         * @param policyVersion the value model must have reached at least this version to answer
         */
        void send(AeronAddress to, ScoreRequest request, long policyVersion);

        /** The scorer is gone: nothing more is to be delivered there. */
        default void dismiss(AeronAddress scorer) {}
    }

    private record Rows(ScorerKind kind, List<HeldTrajectory> rows, int attempt) {}

    /** @param sinceMs when it was sent, or the last piece of its answer came */
    private record Open(Rows rows, Replicas.Replica replica, long sinceMs) {}

    private static final Logger LOG = LoggerFactory.getLogger(Assembler.class);
    private static final Duration TICK = Duration.ofMillis(20);
    private static final Duration ASK = Duration.ofSeconds(5);
    private static final long COMPLAIN_MS = 10_000;

    private final AssemblerSettings settings;
    private final Set<ScorerKind> kinds;
    private final RequestSender sender;
    private final ActorRef<LedgerCommand> ledger;
    private final ScoringTimes times;
    private final Map<ScorerKind, ScoringQueue> queues = new EnumMap<>(ScorerKind.class);
    private final Map<ScorerKind, Replicas> replicas = new EnumMap<>(ScorerKind.class);
    private final Map<ScorerKind, Deque<Rows>> unsent = new EnumMap<>(ScorerKind.class);
    private final Map<TrajectoryId, ScoreBoard> boards = new HashMap<>();
    private final Map<Long, Open> open = new LinkedHashMap<>();
    private long nextRequest = 1;
    private long complainedMs = System.currentTimeMillis();

    /** An assembler that finds its scorers through the receptionist. */
    public static Behavior<Command> create(
            AssemblerSettings settings,
            int samplesPerPrompt,
            RequestSender sender,
            ActorRef<LedgerCommand> ledger,
            ScoringTimes times) {
        return Behaviors.setup(context -> Behaviors.withTimers(timers -> {
            timers.startTimerWithFixedDelay(new Tick(), TICK);
            return new Assembler(context, settings, samplesPerPrompt, sender, ledger, times);
        }));
    }

    private Assembler(
            ActorContext<Command> context,
            AssemblerSettings settings,
            int samplesPerPrompt,
            RequestSender sender,
            ActorRef<LedgerCommand> ledger,
            ScoringTimes times) {
        super(context);
        this.settings = settings;
        this.kinds = ScorerKind.of(settings.needs());
        this.sender = sender;
        this.ledger = ledger;
        this.times = times;
        for (ScorerKind kind : kinds) {
            int rows = kind == ScorerKind.REWARD ? settings.rewardBatch() : settings.batch();
            queues.put(kind, new ScoringQueue(rows, samplesPerPrompt));
            replicas.put(kind, new Replicas());
            unsent.put(kind, new ArrayDeque<>());
        }
        // One adapter for all kinds: a second one for the same class would replace the first.
        ActorRef<Receptionist.Listing> listing = context.messageAdapter(Receptionist.Listing.class, this::listed);
        for (ScorerKind kind : kinds) {
            context.getSystem().receptionist().tell(Receptionist.subscribe(kind.key(), listing));
        }
    }

    private Command listed(Receptionist.Listing listing) {
        for (ScorerKind kind : kinds) {
            if (listing.isForKey(kind.key())) {
                return new Listed(kind, listing.getServiceInstances(kind.key()));
            }
        }
        throw new IllegalArgumentException(
                "a listing of " + listing.getKey() + ", which the assembler never asked for");
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Held.class, this::onHeld)
                .onMessage(Answered.class, m -> onAnswer(m.answer()))
                .onMessage(Listed.class, this::onListed)
                .onMessage(Described.class, this::onDescribed)
                .onMessage(Tick.class, m -> onTick())
                .onMessage(Over.class, m -> Behaviors.stopped())
                .build();
    }

    private Behavior<Command> onHeld(Held held) {
        long now = System.currentTimeMillis();
        for (HeldTrajectory t : held.trajectories()) {
            boards.put(t.id(), new ScoreBoard(t, kinds));
            queues.values().forEach(q -> q.add(t, now));
        }
        held.neverCame().forEach(id -> queues.values().forEach(q -> q.neverCame(id, now)));
        dispatch(held.quiet() ? Long.MAX_VALUE : lingeredSince(now));
        return this;
    }

    private long lingeredSince(long now) {
        return settings.linger().isZero()
                ? Long.MIN_VALUE
                : now - settings.linger().toMillis();
    }

    private void dispatch(long lingeredSinceMs) {
        for (ScorerKind kind : kinds) {
            for (List<HeldTrajectory> rows : get(queues, kind).take(lingeredSinceMs)) {
                get(unsent, kind).add(new Rows(kind, rows, 1));
            }
            sendUnsent(kind);
        }
    }

    private void sendUnsent(ScorerKind kind) {
        Deque<Rows> waiting = get(unsent, kind);
        while (!waiting.isEmpty()) {
            Optional<Replicas.Replica> replica = get(replicas, kind).leastBusy();
            if (replica.isEmpty()) {
                return;
            }
            send(waiting.remove(), replica.get());
        }
    }

    private void send(Rows rows, Replicas.Replica replica) {
        long number = nextRequest++;
        replica.open++;
        open.put(number, new Open(rows, replica, System.currentTimeMillis()));
        long version =
                rows.rows.stream().mapToLong(HeldTrajectory::lastVersion).max().orElseThrow();
        sender.send(replica.address, Requests.of(number, rows.kind, rows.rows, settings), version);
    }

    private Behavior<Command> onAnswer(ScoreAnswer answer) {
        Open request = open.get(answer.getRequest());
        if (request == null) {
            // After its deadline: another replica has the rows now, or they were given up.
            LOG.info("late answer to request {} of kind {}", answer.getRequest(), answer.getKind());
            return this;
        }
        times.add(request.rows.kind.label(), answer.getBusyUs());
        if (request.rows.kind == ScorerKind.TEACHER) {
            return onTeacherAnswer(request, answer);
        }
        done(request, answer);
        Map<TrajectoryId, List<RowScore>> rows = new HashMap<>();
        for (RowScore row : answer.getRowsList()) {
            TrajectoryId id = TrajectoryId.of(row.getId());
            rows.computeIfAbsent(id, i -> new ArrayList<>()).add(row);
        }
        for (HeldTrajectory t : request.rows.rows) {
            ScoreBoard board = boards.get(t.id());
            if (board != null) {
                note(board, request, rows.getOrDefault(t.id(), List.of()), answer.getModelVersion());
            }
        }
        sendUnsent(request.rows.kind);
        return this;
    }

    private void done(Open request, ScoreAnswer answer) {
        open.remove(answer.getRequest());
        request.replica.open--;
    }

    /** A teacher answers in pieces: the request is open until each of its rows is whole, or given up. */
    private Behavior<Command> onTeacherAnswer(Open request, ScoreAnswer answer) {
        for (RowScore row : answer.getRowsList()) {
            ScoreBoard board = boards.get(TrajectoryId.of(row.getId()));
            if (board != null) {
                note(board, request, List.of(row), 0);
            }
        }
        boolean whole = request.rows.rows.stream()
                .map(t -> boards.get(t.id()))
                .allMatch(board -> board == null || board.has(ScorerKind.TEACHER));
        if (whole) {
            done(request, answer);
            sendUnsent(ScorerKind.TEACHER);
        } else {
            // Each piece has a deadline of its own.
            open.put(answer.getRequest(), new Open(request.rows, request.replica, System.currentTimeMillis()));
        }
        return this;
    }

    /** The first of a trajectory's rows is its score; those after it are the named ones that it comes from. */
    private void note(ScoreBoard board, Open request, List<RowScore> rows, long modelVersion) {
        TrajectoryId id = board.trajectory.id();
        Optional<String> wrong;
        if (rows.isEmpty()) {
            wrong = Optional.of("it was left out of the answer");
        } else if (rows.get(0).hasFailure()) {
            wrong = Optional.of(rows.get(0).getFailure().getCode() + ": "
                    + rows.get(0).getFailure().getMessage());
        } else {
            try {
                wrong = request.rows.kind == ScorerKind.TEACHER
                        ? board.noteTeacher(rows.get(0))
                        : board.note(
                                request.rows.kind, Tensors.floats(rows.get(0).getValues()), modelVersion);
                if (wrong.isEmpty() && request.rows.kind == ScorerKind.REWARD) {
                    noteNamed(board, rows.size() == 1 ? rows : rows.subList(1, rows.size()));
                }
            } catch (WireException e) {
                wrong = Optional.of(String.valueOf(e.getMessage()));
            }
        }
        if (wrong.isPresent()) {
            giveUp(id, request.rows.kind.label() + " at " + request.replica.node() + ": " + wrong.get());
        } else {
            board.complete().ifPresent(scores -> {
                boards.remove(id);
                ledger.tell(new Scored(id, scores));
            });
        }
    }

    private static void noteNamed(ScoreBoard board, List<RowScore> rows) {
        for (RowScore row : rows) {
            float[] score = Tensors.floats(row.getValues());
            if (score.length == 1) {
                board.noteReward(row.getName(), score[0]);
            }
        }
    }

    private void giveUp(TrajectoryId id, String reason) {
        if (boards.remove(id) != null) {
            ledger.tell(new Unscored(id, reason));
        }
    }

    private Behavior<Command> onListed(Listed listed) {
        Replicas known = get(replicas, listed.kind);
        for (Replicas.Replica gone : known.gone(listed.actors)) {
            LOG.warn("{} actor at {} is gone", listed.kind.label(), gone.node());
            sender.dismiss(gone.address);
            again(o -> o.replica == gone, "the actor is gone");
        }
        known.newcomers(listed.actors).forEach(actor -> ask(listed.kind, actor));
        return this;
    }

    private void ask(ScorerKind kind, ActorRef<ScorerCommand> actor) {
        getContext()
                .ask(
                        ScorerDescription.class,
                        actor,
                        ASK,
                        Describe::new,
                        (description, failure) -> new Described(kind, actor, description));
    }

    private Behavior<Command> onDescribed(Described d) {
        Replicas known = get(replicas, d.kind);
        if (!known.knows(d.actor)) {
            return this;
        }
        if (d.description == null) {
            LOG.warn("{} actor {} did not say within {} where it listens; asking again", d.kind.label(), d.actor, ASK);
            ask(d.kind, d.actor);
            return this;
        }
        known.listens(d.actor, d.description.address());
        sendUnsent(d.kind);
        return this;
    }

    /** Takes the matching open requests back and sends their rows again, or gives them up after the last attempt. */
    private void again(Predicate<Open> which, String why) {
        List<Map.Entry<Long, Open>> lost =
                open.entrySet().stream().filter(e -> which.test(e.getValue())).toList();
        for (Map.Entry<Long, Open> e : new ArrayList<>(lost)) {
            Open o = e.getValue();
            open.remove(e.getKey());
            o.replica.open--;
            String said = o.rows.kind.label() + " at " + o.replica.node() + ": " + why + " (attempt " + o.rows.attempt
                    + " of " + settings.attempts() + ")";
            List<HeldTrajectory> rows =
                    o.rows.rows.stream().filter(t -> waits(t, o.rows.kind)).toList();
            if (o.rows.attempt >= settings.attempts()) {
                rows.forEach(t -> giveUp(t.id(), said));
            } else if (!rows.isEmpty()) {
                LOG.warn("{}; {} rows are sent again", said, rows.size());
                get(unsent, o.rows.kind).add(new Rows(o.rows.kind, rows, o.rows.attempt + 1));
            }
        }
        for (ScorerKind kind : kinds) {
            sendUnsent(kind);
        }
    }

    /** Whether this score of a trajectory is still wanted. */
    private boolean waits(HeldTrajectory t, ScorerKind kind) {
        ScoreBoard board = boards.get(t.id());
        return board != null && !board.has(kind);
    }

    private Behavior<Command> onTick() {
        long now = System.currentTimeMillis();
        long expired = now - settings.deadline().toMillis();
        again(
                o -> o.sinceMs <= expired,
                "no answer within " + settings.deadline().toMillis() + " ms");
        dispatch(lingeredSince(now));
        if (now - complainedMs >= COMPLAIN_MS) {
            complainedMs = now;
            unsent.forEach((kind, rows) -> {
                if (!rows.isEmpty()) {
                    LOG.warn("{} requests wait for a {} actor to join", rows.size(), kind.label());
                }
            });
        }
        return this;
    }

    private static <T> T get(Map<ScorerKind, T> map, ScorerKind kind) {
        T value = map.get(kind);
        if (value == null) {
            throw new IllegalStateException("nothing for " + kind);
        }
        return value;
    }
}
