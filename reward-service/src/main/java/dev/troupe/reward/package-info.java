/** Scores completions: by a reward model, a rule, a remote service, or several of these with weights. */
@NullMarked
package dev.troupe.reward;

import org.jspecify.annotations.NullMarked;
