package dev.troupe.deploy.cli;

import dev.troupe.data.sources.Dialogue;

/**
 * A row of a command's input as tokens.
 *
 * @param where it is from, for errors
 * @param ids its tokens
 * @param dialogue that they are of; an empty one for a text or ids that were given
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record InputRow(String where, int[] ids, Dialogue dialogue) {}
