/** A run put together from the rooms. */
@NullMarked
package dev.troupe.deploy.run;

import org.jspecify.annotations.NullMarked;
