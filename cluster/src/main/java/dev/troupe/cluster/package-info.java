/** How the actors of a troupe find each other: membership, serialization of control messages, addresses. */
@NullMarked
package dev.troupe.cluster;

import org.jspecify.annotations.NullMarked;
