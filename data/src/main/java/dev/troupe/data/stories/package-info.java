/** The embedded default's world: a grammar of short stories, drawn by number and recognised again. */
@NullMarked
package dev.troupe.data.stories;

import org.jspecify.annotations.NullMarked;
