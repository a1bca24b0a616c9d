/** The settings of a run: merged, checked, explained. */
@NullMarked
package dev.troupe.deploy.settings;

import org.jspecify.annotations.NullMarked;
