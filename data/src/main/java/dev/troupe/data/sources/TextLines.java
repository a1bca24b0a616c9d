package dev.troupe.data.sources;

import dev.troupe.data.DataException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The lines of a UTF-8 file, plain or gzipped (told by its first bytes, not by its name). A line ends with LF, CR LF or
 * CR; other characters that break lines, such as U+2028, belong to the text. A byte order mark is skipped. Other
 * encodings and kinds of files are refused by their first bytes.
 */
final class TextLines implements Closeable {
    /** More than any row has; what has no line ends must not fill the memory. */
    static final int LONGEST = 256 << 20;

    private static final int PEEK = 8;

    private final Path file;
    private final InputStream in;
    private long number;

    private TextLines(Path file, InputStream in) {
        this.file = file;
        this.in = in;
    }

    /** @throws DataException when it is a file of another kind or encoding */
    static TextLines open(Path file) throws IOException {
        InputStream raw = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
        try {
            FirstBytes first = FirstBytes.of(peek(raw));
            if (first == FirstBytes.GZIP) {
                raw = new BufferedInputStream(new GZIPInputStream(raw, 1 << 16), 1 << 16);
                first = FirstBytes.of(peek(raw));
            }
            if (first.refusal() != null) {
                throw DataException.of(file, "is " + first.refusal());
            }
            return new TextLines(file, raw);
        } catch (IOException | RuntimeException e) {
            raw.close();
            throw e;
        }
    }

    private static byte[] peek(InputStream in) throws IOException {
        in.mark(PEEK);
        byte[] first = in.readNBytes(PEEK);
        in.reset();
        return first;
    }

    /** Number of the line that was read last, or is being read, counted from 1. */
    long number() {
        return number;
    }

    /** The next line without its end; null after the last one. */
    @Nullable
    String next() throws IOException {
        number++;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
        int b = in.read();
        if (b < 0) {
            return null;
        }
        for (; b >= 0 && b != '\n' && b != '\r'; b = in.read()) {
            if (b == 0) {
                throw DataException.at(file, number, "holds a NUL byte: expected UTF-8 text, one JSON object a line");
            }
            if (bytes.size() == LONGEST) {
                throw DataException.at(
                        file, number, "is longer than " + (LONGEST >> 20) + " MiB: expected one JSON object a line");
            }
            bytes.write(b);
        }
        if (b == '\r') {
            skipLineFeed();
        }
        return decoded(bytes.toByteArray());
    }

    private void skipLineFeed() throws IOException {
        in.mark(1);
        if (in.read() != '\n') {
            in.reset();
        }
    }

    private String decoded(byte[] bytes) {
        byte[] mark = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
        int from = bytes.length >= 3 && Arrays.equals(bytes, 0, 3, mark, 0, 3) ? 3 : 0;
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes, from, bytes.length - from))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new DataException(
                    file + ":" + number + ": not UTF-8 text; convert the file, as with iconv -f LATIN1 -t UTF-8", e);
        }
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
