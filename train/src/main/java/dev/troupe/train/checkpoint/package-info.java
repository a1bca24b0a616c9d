/** A run's state on disk, written whole or not at all. */
@NullMarked
package dev.troupe.train.checkpoint;

import org.jspecify.annotations.NullMarked;
