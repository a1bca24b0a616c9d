/** Training: what becomes new weights, and how. Knows neither actors nor a network. */
@NullMarked
package dev.troupe.train;

import org.jspecify.annotations.NullMarked;
