/** Generates: takes leases on prompts, samples with continuous batching, sends trajectories. */
@NullMarked
package dev.troupe.rollout;

import org.jspecify.annotations.NullMarked;
