/**
 * A Jinja interpreter for chat templates. It follows jinja2 3.1 in the environment that transformers sets up, with
 * Python's values. Depends on the JDK alone; a template reaches nothing of Java.
 */
@NullMarked
package dev.troupe.model.jinja;

import org.jspecify.annotations.NullMarked;
