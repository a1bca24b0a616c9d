package dev.troupe.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.troupe.cluster.ClusterNode;
import dev.troupe.cluster.ClusterSettings;
import dev.troupe.data.rewards.SentimentRule;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.Decoder;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.ModelInit;
import dev.troupe.model.TensorThread;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
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
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RewardNodeTest {
    private static final ModelConfig LANGUAGE = ModelConfig.llama(8, 16, 24, 2, 2, 1, 64);
    private static final ModelConfig SCORES = LANGUAGE.withScoreHead(true);
    private static final RewardSettings SETTINGS = RewardSettings.from(ConfigFactory.empty());
    private static final String[] WORDS = {"once", "upon", "happy", "sad", "cat"};
    private static final List<TokenRow> ROWS = List.of(
            TokenRow.of(new int[] {1, 3, 4}, new int[] {7, 5, 2}),
            TokenRow.of(new int[] {1, 3}, new int[] {6}),
            TokenRow.of(new int[] {1}, new int[] {7, 7, 7, 7}));

    @TempDir
    Path folder;

    private final BlockingQueue<ScoreAnswer> answers = new LinkedBlockingQueue<>();
    private ClusterNode cluster;
    private AeronNode aeron;
    private Station asker;
    private ModelFolder policy;

    @BeforeEach
    void start() throws Exception {
        cluster = ClusterNode.start(ClusterSettings.from(ConfigFactory.empty()), "test", Set.of("learner"))
                .awaitUp();
        aeron = AeronNode.start(TransportSettings.defaults());
        asker = aeron.open("asker", null);
        asker.receive(Stream.SCORE_ANSWERS, d -> {
            answers.add((ScoreAnswer) d.body());
            d.ack(0, 0);
        });
        policy = folder("policy", LANGUAGE, ModelInit.random(LANGUAGE, 3), WORDS);
    }

    @AfterEach
    void stop() {
        cluster.close();
        aeron.close();
    }

    private ModelFolder folder(String name, ModelConfig config, TensorSet weights, String... words) throws Exception {
        TinyTokenizer.write(folder.resolve(name), words);
        return new ModelFolder(folder.resolve(name), config, weights);
    }

    /** Random weights with a score head that is not zero. */
    private static TensorSet scoring() {
        Map<String, HostTensor> tensors =
                new LinkedHashMap<>(ModelInit.random(SCORES, 4).tensors());
        float[] head = new float[16];
        for (int i = 0; i < head.length; i++) {
            head[i] = (i % 5 - 2) * 0.5f;
        }
        tensors.put("score.weight", HostTensor.ofFloats(head, 1, 16));
        return TensorSet.of(tensors);
    }

    private ScoreAnswer ask(Station station) throws InterruptedException {
        ScoreRequest.Builder request = ScoreRequest.newBuilder()
                .setRequest(5)
                .setKind(ScoreKind.SCORE_KIND_REWARD)
                .setTemperature(1)
                .setBatch(TokenBatch.newBuilder()
                        .setIds(Tensors.ofInts(ROWS.stream()
                                .flatMapToInt(r -> Arrays.stream(r.ids()))
                                .toArray()))
                        .setLengths(Tensors.ofInts(
                                ROWS.stream().mapToInt(TokenRow::length).toArray()))
                        .setPromptLengths(Tensors.ofInts(
                                ROWS.stream().mapToInt(TokenRow::promptLength).toArray())));
        for (int i = 0; i < ROWS.size(); i++) {
            request.addIds(new TrajectoryId(5, i).message());
        }
        asker.outbox(station.address(), Stream.SCORE_REQUESTS).send(request.build(), 0);
        ScoreAnswer answer = answers.poll(60, TimeUnit.SECONDS);
        assertThat(answer).as("an answer").isNotNull();
        return answer;
    }

    @Test
    void aModelScoresAtTheLastToken() throws Exception {
        TensorSet weights = scoring();
        Station station = aeron.open("reward", null);
        try (RewardNode node =
                RewardNode.start(cluster, station, scorer(folder("reward", SCORES, weights, WORDS)), "a model")) {
            ScoreAnswer answer = ask(station);
            assertThat(answer.getRowsCount()).isEqualTo(ROWS.size());
            for (int i = 0; i < ROWS.size(); i++) {
                float[] everywhere = values(weights, ROWS.get(i));
                assertThat(Tensors.floats(answer.getRows(i).getValues()))
                        .containsExactly(new float[] {everywhere[everywhere.length - 1]}, Offset.offset(1e-5f));
            }
            assertThat(Tensors.floats(answer.getRows(0).getValues())[0])
                    .isNotEqualTo(Tensors.floats(answer.getRows(1).getValues())[0]);
        }
    }

    private ModelScorer scorer(ModelFolder reward) {
        return ModelScorer.start(
                "reward", reward, policy, () -> Decoder.load(reward.config(), reward.weights(), false), 1);
    }

    /** The head at every state of one row alone; the last one is the score. */
    private static float[] values(TensorSet weights, TokenRow row) {
        try (TensorThread thread = TensorThread.start("alone", 1)) {
            return thread.call(() -> {
                try (Decoder decoder = Decoder.load(SCORES, weights, false)) {
                    return decoder.values(List.of(row), 1).get(0);
                }
            });
        }
    }

    @Test
    void aRuleJudgesTheDecodedText() throws Exception {
        Station station = aeron.open("reward", null);
        SentimentRule rule = SentimentRule.own();
        assertThat(rule.gold("cat happy")).isGreaterThan(0);
        RuleScorer scorer =
                new RuleScorer(rule, new AnswerTexts(policy.tokenizer()), SETTINGS.concurrency(), SETTINGS.deadline());
        try (RewardNode node = RewardNode.start(cluster, station, scorer, rule.name())) {
            ScoreAnswer answer = ask(station);
            assertThat(answer.getRows(0).getName()).isEqualTo("sentiment");
            assertThat(Tensors.floats(answer.getRows(0).getValues())).containsExactly((float) rule.gold("cat happy"));
            assertThat(Tensors.floats(answer.getRows(1).getValues())).containsExactly((float) rule.gold("sad"));
            assertThat(Tensors.floats(answer.getRows(2).getValues())).containsExactly(0f);
        }
    }

    @Test
    void tokenizersThatDifferAreRefusedByName() throws Exception {
        ModelFolder other = folder("other", SCORES, scoring(), "once", "upon", "sad", "happy", "cat");
        assertThatThrownBy(() -> scorer(other))
                .isInstanceOf(RewardException.class)
                .hasMessageContaining(other.path().toString())
                .hasMessageContaining(policy.path().toString())
                .hasMessageContaining("differ");
    }

    @Test
    void aLanguageModelIsNoRewardModel() {
        assertThatThrownBy(() -> scorer(policy))
                .isInstanceOf(RewardException.class)
                .hasMessageContaining("model.reward = " + policy.path())
                .hasMessageContaining("no score head");
    }

    @Test
    void wrongSettingsAreNamed() {
        assertThatThrownBy(() -> RewardSettings.from(ConfigFactory.parseString("reward.kind = oracle")))
                .hasMessageContaining("reward.kind = oracle")
                .hasMessageContaining("model, rule or http");
        assertThatThrownBy(() -> RewardSettings.from(ConfigFactory.parseString("reward.concurrency = 0")))
                .hasMessageContaining("reward.concurrency = 0");
        assertThatThrownBy(() -> RewardSettings.from(ConfigFactory.parseString("reward.deadline = 0s")))
                .hasMessageContaining("reward.deadline");
    }
}
