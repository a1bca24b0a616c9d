/**
 * What a model is: its maths, its files, its tokenizer, and how it draws tokens. The only room below the learner that
 * knows DJL.
 */
@NullMarked
package dev.troupe.model;

import org.jspecify.annotations.NullMarked;
