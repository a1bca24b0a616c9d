/** GGUF, the file format of llama.cpp: a model, its configuration and its tokenizer in one file. */
@NullMarked
package dev.troupe.model.gguf;

import org.jspecify.annotations.NullMarked;
