package dev.troupe.data.tokenizer;

import java.nio.charset.StandardCharsets;

/** The printable stand-ins of the 256 bytes that byte-level BPE files use: printable bytes stand for themselves. */
final class ByteAlphabet {
    private static final char[] CHARACTERS = new char[256];

    static {
        int next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE);
            CHARACTERS[b] = (char) (printable ? b : next++);
        }
    }

    private ByteAlphabet() {}

    static char of(int b) {
        return CHARACTERS[b & 0xFF];
    }

    static String spell(String text) {
        StringBuilder spelled = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            spelled.append(of(b));
        }
        return spelled.toString();
    }
}
