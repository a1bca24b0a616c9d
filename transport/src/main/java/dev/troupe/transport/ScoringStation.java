package dev.troupe.transport;

import dev.troupe.proto.v1.Address;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreRequest;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The wire of an actor that scores: takes requests in, bounded in bytes, and sends each answer to whoever asked. While
 * too many bytes wait, further requests are left to their sender, who keeps them and sends them again.
 */
public final class ScoringStation {
    private static final Logger LOG = LoggerFactory.getLogger(ScoringStation.class);
    private static final long MAX_WAITING_BYTES = 64L << 20;

    /** Scores the rows of a request. */
    @FunctionalInterface
    public interface Scorer {
        /**
         * Starts the work on a thread of its own and returns at once. Rows that cannot be scored carry their failure in
         * the answer; an exception means that no row got an answer, and the asker's deadline will tell it.
         *
         * @param policyVersion a value model answers only once it has reached this version
         */
        CompletionStage<ScoreAnswer> score(ScoreRequest request, long policyVersion);
    }

    /** As a {@link Scorer}, with answers too long for one message or one moment's memory. */
    @FunctionalInterface
    public interface PieceScorer {
        /**
         * Starts the work on a thread of its own and returns at once.
         *
         * @param answers takes the answer's pieces; waits for room when the asker is slow, so not for a thread that
         *     others wait for, and fails when none comes in time
         * @return completes when the last piece was given
         */
        CompletionStage<?> score(ScoreRequest request, long policyVersion, Consumer<ScoreAnswer> answers);
    }

    private final Station station;
    private final PieceScorer scorer;
    private final AtomicLong waitingBytes = new AtomicLong();

    private ScoringStation(Station station, PieceScorer scorer) {
        this.station = station;
        this.scorer = scorer;
    }

    /** Takes the station's requests for scores. */
    public static ScoringStation open(Station station, Scorer scorer) {
        return openPieces(
                station,
                (request, version, answers) -> scorer.score(request, version).thenAccept(answers));
    }

    /** As {@link #open}, for a scorer whose answers come in pieces. */
    public static ScoringStation openPieces(Station station, PieceScorer scorer) {
        ScoringStation opened = new ScoringStation(station, scorer);
        station.receive(Stream.SCORE_REQUESTS, opened::onRequest);
        return opened;
    }

    private void onRequest(Delivery delivery) {
        ScoreRequest request = (ScoreRequest) delivery.body();
        long bytes = request.getSerializedSize();
        if (waitingBytes.get() + bytes > MAX_WAITING_BYTES && waitingBytes.get() > 0) {
            throw new TransportException("'" + station.name() + "' has " + waitingBytes.get()
                    + " bytes of requests waiting; request " + request.getRequest() + " comes again");
        }
        waitingBytes.addAndGet(bytes);
        // A request that is lost with this process is asked again by its deadline, so it need not be held for longer.
        delivery.ack(station.incarnation(), 0);
        Address asker = delivery.envelope().getProducer();
        long version = delivery.envelope().getPolicyVersion();
        scorer.score(request, version, answer -> answer(asker, answer)).whenComplete((done, failure) -> {
            waitingBytes.addAndGet(-bytes);
            if (failure != null) {
                LOG.error("request {} of {} has no whole answer", request.getRequest(), asker.getNode(), failure);
            }
        });
    }

    private void answer(Address asker, ScoreAnswer answer) {
        station.outbox(asker, Stream.SCORE_ANSWERS).send(answer, answer.getModelVersion());
    }
}
