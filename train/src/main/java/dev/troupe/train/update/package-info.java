/** From a batch of experience to new weights, for any algorithm: epochs, mini-batches, gradients, all or nothing. */
@NullMarked
package dev.troupe.train.update;

import org.jspecify.annotations.NullMarked;
