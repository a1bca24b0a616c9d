package dev.troupe.train.offline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.troupe.model.Script;

/** The losses of training on files; the formulas stand in offline.py. Each gives [loss, statistics as sums]. */
final class OfflineLoss {
    private static final Script SCRIPT = Script.load(OfflineLoss.class, "offline.py");

    /** Places in the statistics. */
    static final int LOSS = 0;

    static final int RANKED_RIGHT = 1;
    static final int MARGIN = 2;
    static final int SCORES = 3;

    private OfflineLoss() {}

    /** Language modelling: log-probabilities [N] of the tokens. */
    static NDList likelihood(NDManager manager, NDArray logprobs, double count) {
        return SCRIPT.tensors(manager, "likelihood", logprobs, count);
    }

    /** Reward modelling (Bradley and Terry 1952): scores [2 P], the chosen ones first; margins [P]. */
    static NDList preference(NDManager manager, NDArray scores, NDArray margin, double center, double count) {
        return SCRIPT.tensors(manager, "preference", scores, margin, center, count);
    }
}
