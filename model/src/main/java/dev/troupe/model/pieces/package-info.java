/** SentencePiece's tokenizer.model: the file, how it normalizes a text, and its form as tokenizer.json. */
@NullMarked
package dev.troupe.model.pieces;

import org.jspecify.annotations.NullMarked;
