/** Speed, as one line of JSON. */
@NullMarked
package dev.troupe.deploy.bench;

import org.jspecify.annotations.NullMarked;
