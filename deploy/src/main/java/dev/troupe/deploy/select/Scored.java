package dev.troupe.deploy.select;

import dev.troupe.deploy.eval.Verdict;

/** A completion's text and what it is worth. */
record Scored(String text, Verdict verdict) {
    double reward() {
        return verdict.reward();
    }
}
