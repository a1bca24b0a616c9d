/** What is learned from, in the one form that every part of the system reads and writes. */
@NullMarked
package dev.troupe.experience;

import org.jspecify.annotations.NullMarked;
