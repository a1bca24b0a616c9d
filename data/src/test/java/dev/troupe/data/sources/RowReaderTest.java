package dev.troupe.data.sources;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.data.DataException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bytes of files as rows: encodings, line ends, packings, and what is refused with file and line. */
final class RowReaderTest {
    private static final String MARK = "\uFEFF";

    @TempDir
    Path folder;

    private List<String> texts(byte[] bytes) throws IOException {
        Path file = Files.write(folder.resolve("f.jsonl"), bytes);
        return JsonLines.read(file, row -> row.place().line() + ":" + row.text("t"));
    }

    private List<String> texts(String text) throws IOException {
        return texts(text.getBytes(StandardCharsets.UTF_8));
    }

    private void refused(byte[] bytes, String message) {
        assertThatThrownBy(() -> texts(bytes))
                .isInstanceOf(DataException.class)
                .hasMessageContaining(folder.resolve("f.jsonl").toString())
                .hasMessageContaining(message);
    }

    private void refused(String text, String message) {
        refused(text.getBytes(StandardCharsets.UTF_8), message);
    }

    @Test
    void aByteOrderMarkIsNoPartOfTheText() throws IOException {
        assertThat(texts(MARK + "{\"t\":\"a\"}\n{\"t\":\"" + MARK + "b\"}\n"))
                .containsExactly("1:a", "2:" + MARK + "b");
        assertThat(texts("{\"t\":\"a\"}\n" + MARK + "{\"t\":\"b\"}")).containsExactly("1:a", "2:b");
    }

    @Test
    void everyLineEndCountsOnceAndOthersBelongToTheText() throws IOException {
        assertThat(texts("{\"t\":\"a\"}\r\n\r\n{\"t\":\"b\"}\r{\"t\":\"c\"}\n\n \t\n{\"t\":\"d\"}"))
                .containsExactly("1:a", "3:b", "4:c", "7:d");
        for (String inside : List.of("\u2028", "\u2029", "\u0085", "\u000B", "\f")) {
            String written = inside.charAt(0) < ' ' ? String.format("\\u%04x", (int) inside.charAt(0)) : inside;
            assertThat(texts("{\"t\":\"a" + written + "b\"}\n{\"t\":\"c\"}"))
                    .containsExactly("1:a" + inside + "b", "2:c");
        }
    }

    @Test
    void gzipIsToldByItsBytesAlsoInSeveralMembers() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (String member : List.of(MARK + "{\"t\":\"a\"}\n{\"t\"", ":\"b\"}\r\n{\"t\":\"c\"}")) {
            try (OutputStream out = new GZIPOutputStream(bytes)) {
                out.write(member.getBytes(StandardCharsets.UTF_8));
            }
        }
        assertThat(texts(bytes.toByteArray())).containsExactly("1:a", "2:b", "3:c");
        byte[] cut = Arrays.copyOf(bytes.toByteArray(), bytes.size() - 12);
        refused(cut, ":3: the gzip file ends early: copy or pack it again");
    }

    @ParameterizedTest
    @CsvSource({"UTF-16LE, UTF-16", "UTF-16BE, UTF-16", "UTF-32LE, UTF-32", "UTF-32BE, UTF-32"})
    void otherUnicodeEncodingsAreRefusedByName(String charset, String name) {
        byte[] marked = (MARK + "{\"t\":\"a\"}").getBytes(Charset.forName(charset));
        refused(marked, "is " + name + " text; expected UTF-8: convert it with iconv -f " + name + " -t UTF-8");
        byte[] unmarked = "{\"t\":\"a\"}".getBytes(Charset.forName(charset));
        refused(unmarked, ":1: holds a NUL byte");
    }

    @Test
    void bytesThatAreNotUtf8AreRefusedInTheirLine() {
        String good = "{\"t\":\"caf\u00e9\"}\n".repeat(2000);
        byte[] begin = good.getBytes(StandardCharsets.UTF_8);
        byte[] latin = "{\"t\":\"caf\u00e9\"}\n".getBytes(StandardCharsets.ISO_8859_1);
        byte[] all = Arrays.copyOf(begin, begin.length + latin.length);
        System.arraycopy(latin, 0, all, begin.length, latin.length);
        refused(all, ":2001: not UTF-8 text");
        // A surrogate by itself, as CESU-8 writes it, and an overlong form.
        refused(HexFormat.of().parseHex("7b2274223a22eda08022 7d".replace(" ", "")), ":1: not UTF-8 text");
        refused(HexFormat.of().parseHex("7b2274223a22c08022 7d".replace(" ", "")), ":1: not UTF-8 text");
    }

    @ParameterizedTest
    @CsvSource({
        "504b0304, a zip archive",
        "28b52ffd, packed with zstd",
        "425a6839, packed with bzip2",
        "fd377a585a00, packed with xz",
        "5041523115, a Parquet table",
        "4152524f5731, an Arrow table",
    })
    void otherKindsOfFilesAreRefusedByName(String begin, String name) {
        refused(HexFormat.of().parseHex(begin), "is " + name);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"t\":\"a\"} {\"t\":\"b\"} | the line goes on after its JSON object; expected one object a line",
                "{\"t\":\"a\"}]           | not JSON: Unexpected close marker ']': expected '}' (column 10)",
                "{\"t\":\"a\"},           | not JSON: Unexpected character (',' (code 44))",
                "{\"t\":\"a\",\"t\":\"b\"} | Duplicate field 't': expected each key once",
                "{\"t\":\"a\",\"u\":{\"v\":1,\"v\":1}} | Duplicate field 'v': expected each key once",
                "{\"t\":NaN}              | not JSON: Non-standard token 'NaN'",
                "{\"t\":Infinity}         | not JSON: Non-standard token 'Infinity'",
                "{\"t\":-Infinity}        | not JSON: Non-standard token '-Infinity'",
                "{'t':'a'}                | not JSON: Unexpected character (''' (code 39))",
                "{\"t\":\"a\",}           | not JSON: Unexpected character ('}'",
                "{\"t\":\"a\"             | not JSON: Unexpected end-of-input",
                "[{\"t\":\"a\"}]          | expected a JSON object, found a list; a file that is one JSON list becomes",
                "[                        | expected a JSON object, found a list; a file that is one JSON list becomes",
                "{                        | expected each JSON object on one line: jq -c . FILE writes that",
                "\"a\"                    | expected a JSON object, found a string",
                "null                     | expected a JSON object, found null",
                "{\"t\":\"\\ud83d\"}      | \\ud83d is half of a surrogate pair: expected whole characters",
                "{\"u\":[{\"\\ude00\":1}]} | \\ude00 is half of a surrogate pair: expected whole characters",
                "{\"t\":\"a\u0001\"}      | not JSON: Illegal unquoted character",
            })
    void oneObjectALineOrARefusal(String line, String message) {
        refused("{\"t\":\"a\"}\n\n" + line + "\n", ":3: " + (message.startsWith("expected each") ? "" : message));
        refused("\n" + line + "\n", message);
    }

    @Test
    void nulIsAllowedAsAnEscapeOnly() throws IOException {
        assertThat(texts("{\"t\":\"a\\u0000b\"}")).containsExactly("1:a\0b");
        refused("{\"t\":\"a\"}\n\0\0\0\0", ":2: holds a NUL byte");
    }

    @Test
    void aLongLineIsReadAndSurrogatePairsStayWhole() throws IOException {
        String smile = new String(Character.toChars(0x1F600));
        String most = "x".repeat(21_000_000) + smile;
        assertThat(texts("{\"t\":\"" + most + "\"}\n{\"t\":\"\\ud83d\\ude00\"}"))
                .containsExactly("1:" + most, "2:" + smile);
    }

    @Test
    void whatIsMissingIsNamed() throws IOException {
        refused("", "f.jsonl: the file is empty; expected at least one row");
        refused("\r\n \n", "f.jsonl: the file is empty");
        assertThatThrownBy(() -> JsonLines.read(folder.resolve("none"), row -> row))
                .hasMessageContaining("none: no such file; expected a JSONL file");
        assertThatThrownBy(() -> JsonLines.read(folder, row -> row)).hasMessageContaining("is a folder");
        refused("{\"t\":1}", ":1: column \"t\" is number, expected a string");
        refused("{\"u\":1,\"a\":2}", ":1: no column \"t\"; the line has [a, u]");
    }

    @Test
    void aGzipFileThatEndsEarlyIsNamedSo() throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            out.write("{\"t\":\"a\"}\n".repeat(1000).getBytes(StandardCharsets.UTF_8));
        }
        for (int length : new int[] {3, 12, packed.size() / 2, packed.size() - 4}) {
            refused(Arrays.copyOf(packed.toByteArray(), length), "the gzip file ends early");
        }
    }
}
