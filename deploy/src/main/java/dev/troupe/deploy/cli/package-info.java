/** The commands a person types. */
@NullMarked
package dev.troupe.deploy.cli;

import org.jspecify.annotations.NullMarked;
