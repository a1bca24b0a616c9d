/** A byte-level BPE trainer that writes Hugging Face tokenizer files. */
@NullMarked
package dev.troupe.data.tokenizer;

import org.jspecify.annotations.NullMarked;
