/** Measuring a policy on prompts it never trained on. */
@NullMarked
package dev.troupe.deploy.eval;

import org.jspecify.annotations.NullMarked;
