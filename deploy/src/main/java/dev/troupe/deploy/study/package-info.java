/** Many runs compared: arms by seeds, a table and a plot. */
@NullMarked
package dev.troupe.deploy.study;

import org.jspecify.annotations.NullMarked;
