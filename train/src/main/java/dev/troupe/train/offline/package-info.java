/** Training on rows that lie in files: language modelling and reward modelling. */
@NullMarked
package dev.troupe.train.offline;

import org.jspecify.annotations.NullMarked;
