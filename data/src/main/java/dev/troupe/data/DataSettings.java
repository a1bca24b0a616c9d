package dev.troupe.data;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;

/**
 * The data room's settings; {@code troupe/data.conf} documents every key with its default.
 *
 * @param prompts {@code stories} or a JSONL file
 * @param promptCharacters longest prompt of a file, in characters; 0 for any
 * @param texts {@code stories} or a JSONL file
 * @param pairs {@code stories} or a JSONL file
 * @param pairsMargin least difference in gold of a story pair, in (0, 1]
 * @param heldOut rows kept from training
 * @param evalPrompts {@code stories}, {@code held-out} or a JSONL file
 * @param evalCount prompts to evaluate on
 * @param evalSamples completions of each
 * @param evalSeed seed of prompts and sampling noise of the evaluation
 * @param lexicon {@code own} or a file
 * @param lengthWords target of the length rule
 * @param format pattern of the format rule
 */
public record DataSettings(
        String prompts,
        int promptCharacters,
        String texts,
        String pairs,
        double pairsMargin,
        int heldOut,
        String evalPrompts,
        int evalCount,
        int evalSamples,
        long evalSeed,
        String lexicon,
        int lengthWords,
        String format) {

    /**
     * Reads the settings of a resolved configuration.
     *
     * @throws DataException with the key, its value and what was expected
     */
    public static DataSettings from(Config config) {
        try {
            DataSettings settings = new DataSettings(
                    config.getString("data.prompts"),
                    config.getInt("data.max_prompt_characters"),
                    config.getString("data.texts"),
                    config.getString("data.pairs"),
                    config.getDouble("data.pairs_margin"),
                    config.getInt("data.held_out"),
                    config.getString("eval.prompts"),
                    config.getInt("eval.count"),
                    config.getInt("eval.samples"),
                    config.getLong("eval.seed"),
                    config.getString("reward.lexicon"),
                    config.getInt("reward.length_words"),
                    config.getString("reward.format"));
            settings.check();
            return settings;
        } catch (ConfigException e) {
            throw new DataException(String.valueOf(e.getMessage()), e);
        }
    }

    private void check() {
        atLeast("data.max_prompt_characters", promptCharacters, 0);
        atLeast("data.held_out", heldOut, 0);
        atLeast("eval.count", evalCount, 1);
        atLeast("eval.samples", evalSamples, 1);
        atLeast("reward.length_words", lengthWords, 1);
        if (!(pairsMargin > 0 && pairsMargin <= 1)) {
            throw new DataException("data.pairs_margin = " + pairsMargin + ": expected above 0 and at most 1");
        }
    }

    private static void atLeast(String key, int value, int least) {
        if (value < least) {
            throw new DataException(key + " = " + value + ": expected at least " + least);
        }
    }
}
