package dev.troupe.data.sources;

import dev.troupe.data.rewards.SentimentRule;
import dev.troupe.data.stories.Split;
import dev.troupe.data.stories.StoryDraws;
import dev.troupe.data.stories.StoryGrammar;

/** Preference pairs of stories: two rests of one opening, ranked by the sentiment rule. Endless. */
final class StoryPairs implements Source<PreferencePair> {
    /** Beyond any luck: two rests differ by 0.2 in about three of four tries, by 1 in about one of five. */
    private static final int MOST_TRIES = 10_000;

    private final StoryDraws draws;
    private final SentimentRule rule;
    private final double margin;

    StoryPairs(long seed, Split split, SentimentRule rule, double margin) {
        this.draws = new StoryDraws(StoryGrammar.stories(), seed, split);
        this.rule = rule;
        this.margin = margin;
    }

    @Override
    public String name() {
        return Sources.STORIES;
    }

    @Override
    public long size() {
        return ENDLESS;
    }

    @Override
    public PreferencePair draw(long n) {
        String opening = draws.opening(n);
        for (int attempt = 0; attempt < MOST_TRIES; attempt++) {
            String a = draws.story(n, 2 * attempt).rest();
            String b = draws.story(n, 2 * attempt + 1).rest();
            double lead = rule.gold(a) - rule.gold(b);
            if (Math.abs(lead) >= margin) {
                return lead > 0 ? new PreferencePair(opening, a, b, 0) : new PreferencePair(opening, b, a, 0);
            }
        }
        throw new IllegalStateException("no two stories with opening \"" + opening + "\" differ by " + margin
                + " in gold after " + MOST_TRIES + " tries; lower data.pairs_margin");
    }
}
