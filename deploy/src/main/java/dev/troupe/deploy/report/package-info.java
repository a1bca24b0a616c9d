/** What a run leaves behind, and what it says while it runs. */
@NullMarked
package dev.troupe.deploy.report;

import org.jspecify.annotations.NullMarked;
