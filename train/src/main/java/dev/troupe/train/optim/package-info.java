/** What turns gradients into new weights: AdamW, learning-rate schedules, shuffling, clipping. */
@NullMarked
package dev.troupe.train.optim;

import org.jspecify.annotations.NullMarked;
