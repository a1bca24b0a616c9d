package dev.troupe.deploy.eval;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.data.DataSettings;
import dev.troupe.data.rewards.RuleReward;
import dev.troupe.data.rewards.RuleRewards;
import dev.troupe.deploy.report.EvaluationReport;
import dev.troupe.deploy.settings.Models;
import dev.troupe.deploy.settings.Settings;
import dev.troupe.model.Decoder;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.ModelInit;
import dev.troupe.model.TensorThread;
import dev.troupe.model.Tokenizer;
import dev.troupe.model.WholeModel;
import dev.troupe.reward.AnswerTexts;
import dev.troupe.reward.RewardScorer;
import dev.troupe.reward.RuleScorer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EvaluationTest {
    private final Settings settings = Settings.parse("test", "eval.count = 4, eval.samples = 3", List.of());
    private final DataSettings data = DataSettings.from(settings.config());
    private final ModelFolder base = ModelFolder.open(Models.folder("test", "stories"));
    private final Tokenizer tokenizer = base.tokenizer();
    private final TensorThread thread = TensorThread.start("test", 1);
    private final RuleReward gold = RuleRewards.sentiment(data);
    private final Evaluation evaluation = evaluation(settings);

    private Evaluation evaluation(Settings of) {
        return new Evaluation(
                new WholeModel(base.config()),
                () -> Decoder.load(base.config(), base.weights(), false),
                null,
                tokenizer,
                prompts -> new Judge(scorer(), 64, Duration.ofMinutes(5)),
                gold,
                EvaluationPlan.from(of.config()),
                thread);
    }

    private RewardScorer scorer() {
        return new RuleScorer(gold, new AnswerTexts(base.tokenizer()), 1, Duration.ofMinutes(5));
    }

    @AfterEach
    void close() {
        thread.close();
        tokenizer.close();
    }

    @Test
    void theSameWeightsGiveTheSameFiguresToTheBit() {
        EvaluationReport once = evaluation.of(base.weights());

        assertThat(evaluation.of(base.weights())).isEqualTo(once);
        assertThat(once.kl()).isZero();
        assertThat(once.prompts()).hasSize(4);
        assertThat(once.completions()).hasSize(4).allSatisfy(c -> assertThat(c).hasSize(3));
    }

    @Test
    void figuresAreThoseOfTheTexts() {
        EvaluationReport report = evaluation.of(base.weights());
        List<String> texts = report.completions().stream().flatMap(List::stream).toList();

        double golds = 0;
        for (String text : texts) {
            golds += gold.score("", text);
        }
        assertThat(report.gold()).isEqualTo(golds / 12, org.assertj.core.data.Offset.offset(1e-12));
        // A reward travels as a float.
        assertThat(report.reward()).isEqualTo(report.gold(), org.assertj.core.data.Offset.offset(1e-7));
        assertThat(report.distinct()).isEqualTo(texts.stream().distinct().count() / 12.0);
    }

    @Test
    void aStrangerIsFarFromTheReferenceAndFromTheGrammar() {
        EvaluationReport stranger = evaluation.of(ModelInit.random(base.config(), 5));

        assertThat(stranger.kl()).isGreaterThan(10);
        assertThat(stranger.grammar()).isZero();
    }

    @Test
    void aCompletionEndsWhereTrainingEndsIt() {
        List<String> whole = evaluation.of(base.weights()).completions().stream()
                .flatMap(List::stream)
                .toList();
        Settings stopping = Settings.parse("test", "eval.count = 4, eval.samples = 3, stop = [\".\"]", List.of());
        List<String> stopped = evaluation(stopping).of(base.weights()).completions().stream()
                .flatMap(List::stream)
                .toList();

        assertThat(whole).anyMatch(text -> text.indexOf('.') < text.length() - 1);
        for (int i = 0; i < whole.size(); i++) {
            assertThat(whole.get(i)).startsWith(stopped.get(i));
            assertThat(stopped.get(i).replaceAll("\\.$", "")).doesNotContain(".");
        }
    }
}
