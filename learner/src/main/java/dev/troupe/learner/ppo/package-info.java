/** Proximal policy optimisation: from experience to an update of policy and value. */
@NullMarked
package dev.troupe.learner.ppo;

import org.jspecify.annotations.NullMarked;
