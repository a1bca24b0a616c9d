/** Where rows come from: JSONL files in the field's shapes, or the built-in stories. */
@NullMarked
package dev.troupe.data.sources;

import org.jspecify.annotations.NullMarked;
