/** What travels between the actors of a troupe: messages, tensors and their checks. The schema is troupe.proto. */
@NullMarked
package dev.troupe.proto;

import org.jspecify.annotations.NullMarked;
