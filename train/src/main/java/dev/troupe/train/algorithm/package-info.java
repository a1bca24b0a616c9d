/** Online algorithms, one file each, and what they share: targets, losses, corrections for stale samples. */
@NullMarked
package dev.troupe.train.algorithm;

import org.jspecify.annotations.NullMarked;
