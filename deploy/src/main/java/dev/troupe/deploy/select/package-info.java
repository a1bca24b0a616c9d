/** Best of n: a policy's completions, judged, as a data set to train on. */
@NullMarked
package dev.troupe.deploy.select;

import org.jspecify.annotations.NullMarked;
