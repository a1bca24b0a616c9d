/** Rules that judge an answer without a model. */
@NullMarked
package dev.troupe.data.rewards;

import org.jspecify.annotations.NullMarked;
