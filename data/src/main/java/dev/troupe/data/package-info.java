/** What a run eats: prompts, texts, preference pairs and the rules that judge answers. */
@NullMarked
package dev.troupe.data;

import org.jspecify.annotations.NullMarked;
