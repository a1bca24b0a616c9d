package dev.troupe.data.sources;

import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** What a file is by the bytes that it begins with; the first that fits counts. */
enum FirstBytes {
    GZIP("1f8b", null),
    UTF_32LE("fffe0000", encoded("UTF-32")),
    UTF_32BE("0000feff", encoded("UTF-32")),
    UTF_16LE("fffe", encoded("UTF-16")),
    UTF_16BE("feff", encoded("UTF-16")),
    ZIP("504b0304", packed("a zip archive", "unzip -p")),
    ZSTD("28b52ffd", packed("packed with zstd", "zstd -dc")),
    BZIP2("425a68", packed("packed with bzip2", "bzip2 -dc")),
    XZ("fd377a585a", packed("packed with xz", "xz -dc")),
    PARQUET("50415231", table("a Parquet")),
    ARROW("4152524f5731", table("an Arrow")),
    TEXT("", null);

    private final byte[] begin;

    private final @Nullable String refusal;

    FirstBytes(String begin, @Nullable String refusal) {
        this.begin = HexFormat.of().parseHex(begin);
        this.refusal = refusal;
    }

    static FirstBytes of(byte[] first) {
        for (FirstBytes kind : values()) {
            if (begins(first, kind.begin)) {
                return kind;
            }
        }
        throw new AssertionError("every file begins with nothing");
    }

    /** What it is and what to do; null for what is read. */
    @Nullable
    String refusal() {
        return refusal;
    }

    private static boolean begins(byte[] bytes, byte[] begin) {
        return bytes.length >= begin.length && java.util.Arrays.equals(bytes, 0, begin.length, begin, 0, begin.length);
    }

    private static String encoded(String name) {
        return name + " text; expected UTF-8: convert it with iconv -f " + name + " -t UTF-8";
    }

    private static String packed(String what, String tool) {
        return what + "; expected JSONL, plain or .gz: unpack it with " + tool;
    }

    private static String table(String name) {
        return name + " table; expected JSONL: datasets.load_dataset(...).to_json(\"rows.jsonl\") writes it";
    }
}
