package dev.troupe.data.stories;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/**
 * Which side of the house a story's opening belongs to. The opening's own text decides, so no opening is ever on both
 * sides, whatever seeds drew it.
 */
public enum Split {
    TRAIN,
    HELD_OUT;

    /** The side of an opening: about one of sixteen is held out. */
    public static Split of(String opening) {
        CRC32 crc = new CRC32();
        crc.update(opening.getBytes(StandardCharsets.UTF_8));
        return (crc.getValue() & 0xF) == 0 ? HELD_OUT : TRAIN;
    }
}
