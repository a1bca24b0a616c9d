package dev.troupe.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.AskPattern;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import com.typesafe.config.ConfigFactory;
import dev.troupe.cluster.ClusterNode;
import dev.troupe.cluster.ClusterSettings;
import dev.troupe.cluster.protocol.ScorerCommand;
import dev.troupe.cluster.protocol.ScorerCommand.Describe;
import dev.troupe.cluster.protocol.ScorerCommand.ScorerDescription;
import dev.troupe.cluster.protocol.ServiceKeys;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.Decoder;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.ModelInit;
import dev.troupe.model.TensorThread;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreKind;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.proto.v1.TokenBatch;
import dev.troupe.transport.AeronNode;
import dev.troupe.transport.Station;
import dev.troupe.transport.Stream;
import dev.troupe.transport.TransportSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A request goes over a real media driver to the actor that the real receptionist names, and the answer comes back. */
class ReferenceNodeTest {
    private static final ModelConfig CONFIG = ModelConfig.llama(61, 16, 24, 2, 2, 1, 64);
    private static final ModelFolder MODEL = new ModelFolder(Path.of("tiny"), CONFIG, ModelInit.random(CONFIG, 3));
    private static final List<TokenRow> ROWS = List.of(
            TokenRow.of(new int[] {1, 7}, new int[] {9, 10, 11}),
            TokenRow.of(new int[] {1}, new int[] {60}),
            TokenRow.of(new int[] {1, 3, 5, 8}, new int[] {4, 4, 4, 4, 4, 4, 2}));

    private final BlockingQueue<ScoreAnswer> answers = new LinkedBlockingQueue<>();
    private ClusterNode cluster;
    private AeronNode aeron;
    private Station asker;
    private ReferenceNode reference;

    @BeforeEach
    void start() {
        cluster = ClusterNode.start(ClusterSettings.from(ConfigFactory.empty()), "test", Set.of("learner"))
                .awaitUp();
        aeron = AeronNode.start(TransportSettings.defaults());
        asker = aeron.open("asker", null);
        asker.receive(Stream.SCORE_ANSWERS, d -> {
            answers.add((ScoreAnswer) d.body());
            d.ack(0, 0);
        });
        reference = ReferenceNode.start(
                cluster, aeron.open("ref", null), ReferenceSettings.from(ConfigFactory.empty()), MODEL);
    }

    @AfterEach
    void stop() {
        reference.close();
        cluster.close();
        aeron.close();
    }

    private ScorerDescription describe(ActorRef<ScorerCommand> actor) throws Exception {
        return AskPattern.ask(
                        actor,
                        (ActorRef<ScorerDescription> replyTo) -> (ScorerCommand) new Describe(replyTo),
                        Duration.ofSeconds(60),
                        cluster.system().scheduler())
                .toCompletableFuture()
                .get(60, TimeUnit.SECONDS);
    }

    private ActorRef<ScorerCommand> find() throws Exception {
        CompletableFuture<ActorRef<ScorerCommand>> found = new CompletableFuture<>();
        cluster.spawn(
                Behaviors.<Receptionist.Listing>setup(context -> {
                    context.getSystem()
                            .receptionist()
                            .tell(Receptionist.subscribe(ServiceKeys.REFERENCE, context.getSelf()));
                    return Behaviors.receive(Receptionist.Listing.class)
                            .onMessage(Receptionist.Listing.class, listing -> {
                                listing.getServiceInstances(ServiceKeys.REFERENCE)
                                        .forEach(found::complete);
                                return Behaviors.same();
                            })
                            .build();
                }),
                "finder");
        return found.get(60, TimeUnit.SECONDS);
    }

    private static ScoreRequest request(long number, List<TokenRow> rows, double temperature) {
        ScoreRequest.Builder request = ScoreRequest.newBuilder()
                .setRequest(number)
                .setKind(ScoreKind.SCORE_KIND_REFERENCE)
                .setTemperature(temperature)
                .setDeadlineMs(60_000)
                .setBatch(TokenBatch.newBuilder()
                        .setIds(Tensors.ofInts(rows.stream()
                                .flatMapToInt(r -> Arrays.stream(r.ids()))
                                .toArray()))
                        .setLengths(Tensors.ofInts(
                                rows.stream().mapToInt(TokenRow::length).toArray()))
                        .setPromptLengths(Tensors.ofInts(
                                rows.stream().mapToInt(TokenRow::promptLength).toArray())));
        for (int i = 0; i < rows.size(); i++) {
            request.addIds(new TrajectoryId(number, i).message());
        }
        return request.build();
    }

    @Test
    void completionsGetTheirLogProbabilitiesAtTheRequestsTemperature() throws Exception {
        ScorerDescription description = describe(find());
        assertThat(description.kind()).isEqualTo("reference");
        assertThat(description.model()).isEqualTo("tiny");
        asker.outbox(description.address().wire(), Stream.SCORE_REQUESTS).send(request(17, ROWS, 0.7), 3);
        ScoreAnswer answer = answers.poll(60, TimeUnit.SECONDS);
        assertThat(answer.getRequest()).isEqualTo(17);
        assertThat(answer.getModelVersion()).isZero();
        assertThat(answer.getRowsCount()).isEqualTo(ROWS.size());
        for (int i = 0; i < ROWS.size(); i++) {
            float[] alone = alone(ROWS.get(i), 0.7);
            assertThat(answer.getRows(i).getId().getSample()).isEqualTo(i);
            assertThat(Tensors.floats(answer.getRows(i).getValues())).containsExactly(alone, Offset.offset(1e-5f));
            assertThat(alone).hasSize(ROWS.get(i).completionLength());
        }
    }

    private static float[] alone(TokenRow row, double temperature) {
        try (TensorThread thread = TensorThread.start("alone", 1)) {
            return thread.call(() -> {
                try (Decoder decoder = Decoder.load(CONFIG, MODEL.weights(), false)) {
                    return decoder.logprobs(List.of(row), temperature, 1).get(0);
                }
            });
        }
    }

    @Test
    void aRequestThatCannotBeScoredDoesNotEndTheActor() throws Exception {
        ScorerDescription description = describe(find());
        List<TokenRow> foreign = List.of(TokenRow.of(new int[] {1}, new int[] {61}));
        asker.outbox(description.address().wire(), Stream.SCORE_REQUESTS).send(request(1, foreign, 1), 0);
        asker.outbox(description.address().wire(), Stream.SCORE_REQUESTS).send(request(2, ROWS, 1), 0);
        ScoreAnswer answer = answers.poll(60, TimeUnit.SECONDS);
        assertThat(answer.getRequest()).isEqualTo(2);
    }

    @Test
    void theEndOfTheRunEndsIt() throws Exception {
        find().tell(new ScorerCommand.RunEnded("done"));
        assertThat(reference.ended().get(60, TimeUnit.SECONDS)).isEqualTo("run ended: done");
    }

    @Test
    void wrongSettingsAreNamed() {
        assertThatThrownBy(() -> ReferenceSettings.from(ConfigFactory.parseString("reference.threads = 0")))
                .hasMessageContaining("reference.threads = 0");
        assertThatThrownBy(() -> ReferenceSettings.teacher(ConfigFactory.parseString("teacher.threads = 0")))
                .hasMessageContaining("teacher.threads = 0");
        assertThat(ReferenceSettings.from(ConfigFactory.empty()).model()).isNull();
        assertThat(ReferenceSettings.teacher(ConfigFactory.parseString("model.teacher = there"))
                        .model())
                .isEqualTo("there");
    }
}
