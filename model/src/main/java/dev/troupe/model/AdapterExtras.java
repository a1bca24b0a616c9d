package dev.troupe.model;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an adapter's configuration says beside its low-rank matrices.
 *
 * @param bias {@code none}, {@code all} or {@code lora_only}: which of the base's biases come along
 * @param dora whether adapted matrices keep magnitudes of their own (Liu et al. 2024, arXiv 2402.09353)
 * @param loraBias whether each B has a bias
 * @param tokens {@code trainable_token_indices}: tokens with rows of their own, by module; the embedding's under ""
 * @param tying {@code ensure_weight_tying}: a tied head follows what the embedding becomes
 * @param scoreHead whether a score head stands in place of the base's head
 */
record AdapterExtras(
        String bias,
        boolean dora,
        boolean loraBias,
        Map<String, List<Integer>> tokens,
        boolean tying,
        boolean scoreHead) {
    /** Nothing but low-rank matrices, and maybe a score head. */
    static AdapterExtras none(boolean scoreHead) {
        return new AdapterExtras("none", false, false, Map.of(), false, scoreHead);
    }

    AdapterExtras {
        Map<String, List<Integer>> copy = new LinkedHashMap<>();
        tokens.forEach((module, ids) -> copy.put(module, List.copyOf(ids)));
        tokens = copy;
    }
}
