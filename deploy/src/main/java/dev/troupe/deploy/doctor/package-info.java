/** Whether this machine can run Troupe, and what to do if not. */
@NullMarked
package dev.troupe.deploy.doctor;

import org.jspecify.annotations.NullMarked;
