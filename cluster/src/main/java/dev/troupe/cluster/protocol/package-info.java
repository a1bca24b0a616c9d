/** The small control messages that actors send each other over Akka. */
@NullMarked
package dev.troupe.cluster.protocol;

import org.jspecify.annotations.NullMarked;
