/** The arithmetic that every algorithm shares: KL estimators, whitening, advantage estimation. */
@NullMarked
package dev.troupe.train.loss;

import org.jspecify.annotations.NullMarked;
