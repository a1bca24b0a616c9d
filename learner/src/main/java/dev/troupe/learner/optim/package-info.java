/** What turns gradients into new weights: AdamW, learning-rate schedules, shuffling, clipping. */
@NullMarked
package dev.troupe.learner.optim;

import org.jspecify.annotations.NullMarked;
