/** Scores completions: by a reward model, or by a rule. */
@NullMarked
package dev.troupe.reward;

import org.jspecify.annotations.NullMarked;
