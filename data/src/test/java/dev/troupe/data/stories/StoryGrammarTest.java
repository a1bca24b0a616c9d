package dev.troupe.data.stories;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.data.rewards.SentimentRule;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

final class StoryGrammarTest {
    private static final StoryGrammar GRAMMAR = StoryGrammar.stories();
    private static final StoryDraws DRAWS = new StoryDraws(GRAMMAR, 5, Split.TRAIN);
    private static final String STORY = "One day, Mia went to the lake with a red kite. She found a pretty bell."
            + " A rude goat came by. It hugged her. She lost a big cup. She felt so sad. Then they sang and went home.";

    @Test
    void acceptsEveryStoryThatItWrites() {
        for (int i = 0; i < 10_000; i++) {
            String text = DRAWS.story(i).text();
            assertThat(GRAMMAR.accepts(text, false)).as(text).isTrue();
        }
    }

    @Test
    void acceptsAStoryWrittenByHandWithAndWithoutItsOptionalSentence() {
        assertThat(GRAMMAR.accepts(STORY, false)).isTrue();
        assertThat(GRAMMAR.accepts(STORY.replace(" She lost a big cup.", ""), false))
                .isTrue();
        assertThat(GRAMMAR.accepts(
                        STORY.replace("Mia", "Tom").replace("She", "He").replace("her", "him"), false))
                .isTrue();
    }

    @Test
    void acceptsEveryCutOnlyWhenTheStoryMayContinue() {
        for (int cut = 0; cut < STORY.length(); cut++) {
            String part = STORY.substring(0, cut);
            assertThat(GRAMMAR.accepts(part, true)).as(part).isTrue();
            assertThat(GRAMMAR.accepts(part, false)).as(part).isFalse();
        }
        assertThat(GRAMMAR.accepts(STORY, true)).isTrue();
    }

    @Test
    void refusesWhatTheGrammarCannotWrite() {
        for (String broken : List.of(
                STORY.replace("She felt", "He felt"),
                STORY.replace("hugged her", "hugged him"),
                STORY.replace("Mia", "Tom"),
                STORY.replace("Mia", "Bob"),
                STORY.replace("pretty bell", "bell pretty"),
                STORY.replace("pretty", "rude"),
                STORY.replace(" It hugged her.", ""),
                STORY.replace(" It hugged her.", " It hugged her. It hugged her."),
                STORY.replace(". ", ".  "),
                STORY.replace("bell.", "bell"),
                STORY.replace("sang", "san"),
                STORY.toLowerCase(java.util.Locale.ROOT),
                STORY + " ",
                STORY + " It was a good day.",
                " " + STORY)) {
            assertThat(GRAMMAR.accepts(broken, false)).as(broken).isFalse();
            assertThat(GRAMMAR.accepts(broken, true)).as(broken + " (cut)").isFalse();
        }
    }

    @Test
    void refusesStoriesWithTwoSentencesSwapped() {
        int refused = 0;
        for (int i = 0; i < 1_000; i++) {
            List<String> sentences =
                    new ArrayList<>(List.of(DRAWS.story(i).text().split("(?<=\\.) ", -1)));
            java.util.Collections.swap(sentences, 2, 3);
            refused += GRAMMAR.accepts(String.join(" ", sentences), false) ? 0 : 1;
        }
        assertThat(refused).isEqualTo(1_000);
    }

    @Test
    void writesAlmostOnlyDifferentStories() {
        Set<String> rests = new HashSet<>();
        Set<String> openings = new HashSet<>();
        for (int i = 0; i < 20_000; i++) {
            rests.add(DRAWS.story(i).rest());
            openings.add(DRAWS.story(i).opening());
        }
        assertThat(rests).hasSizeGreaterThan(19_900);
        assertThat(openings).hasSizeGreaterThan(3_000);
    }

    @Test
    void happyStoriesAloneAreManyTimesMoreThanAnEvaluationNeeds() {
        Set<String> rests = new HashSet<>();
        int happy = 0;
        for (int i = 0; happy < 2_000; i++) {
            Story story = DRAWS.story(i);
            if (EnumSet.copyOf(story.moods()).equals(EnumSet.of(Mood.HAPPY))) {
                happy++;
                rests.add(story.rest());
            }
        }
        assertThat(rests).hasSizeGreaterThan(1_990);
    }

    @Test
    void goldOfTheCorpusIsCentredAndWide() {
        SentimentRule rule = SentimentRule.own();
        double[] golds = new double[20_000];
        int mixed = 0;
        for (int i = 0; i < golds.length; i++) {
            Story story = DRAWS.story(i);
            golds[i] = rule.gold(story.rest());
            mixed += story.moods().containsAll(EnumSet.of(Mood.HAPPY, Mood.SAD)) ? 1 : 0;
        }
        double mean = java.util.Arrays.stream(golds).average().orElseThrow();
        double square = java.util.Arrays.stream(golds).map(g -> g * g).average().orElseThrow();
        assertThat(mean).isBetween(-0.05, 0.05);
        assertThat(Math.sqrt(square - mean * mean)).isGreaterThan(0.5);
        assertThat(mixed / (double) golds.length).isBetween(0.4, 0.7);
    }

    @Test
    void openingsArePlainAndMoodsAreTheSignsOfValences() {
        SentimentRule rule = SentimentRule.own();
        for (Slot slot : GRAMMAR.slots()) {
            for (Mood mood : Mood.values()) {
                for (List<Part> form : slot.forms(mood)) {
                    everyPickAlone(
                            form,
                            sentence -> assertThat(Math.signum(rule.valenceSum(sentence)))
                                    .as(slot.name() + " " + mood + ": " + sentence)
                                    .isEqualTo(mood == Mood.HAPPY ? 1 : mood == Mood.SAD ? -1 : 0));
                }
            }
        }
        assertThat(GRAMMAR.slots().get(0).forms(Mood.PLAIN)).hasSize(3);
    }

    @Test
    void wordsAfterAStartWithAConsonant() {
        for (int i = 0; i < 5_000; i++) {
            assertThat(DRAWS.story(i).text()).doesNotContainPattern("\\b[Aa] [aeiouAEIOU]");
        }
    }

    @Test
    void sameSeedWritesTheSameStory() {
        assertThat(GRAMMAR.write(new SplittableRandom(9))).isEqualTo(GRAMMAR.write(new SplittableRandom(9)));
        assertThat(GRAMMAR.write(new SplittableRandom(9))).isNotEqualTo(GRAMMAR.write(new SplittableRandom(10)));
    }

    /** Every word of every class once, the other places filled with their first words. */
    private static void everyPickAlone(List<Part> form, Consumer<String> check) {
        for (int varied = 0; varied < form.size(); varied++) {
            List<String> words = words(form.get(varied));
            for (String word : words) {
                StringBuilder sentence = new StringBuilder();
                for (int i = 0; i < form.size(); i++) {
                    sentence.append(i == varied ? word : words(form.get(i)).get(0));
                }
                check.accept(sentence.toString());
            }
        }
    }

    private static List<String> words(Part part) {
        if (part instanceof Part.Literal literal) {
            return List.of(literal.text());
        }
        if (part instanceof Part.Pick pick) {
            return pick.words();
        }
        return part instanceof Part.Pronoun pronoun ? List.of(pronoun.girl(), pronoun.boy()) : List.of("Mia");
    }
}
