package dev.troupe.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A zip file whose entries are stored as they are, mapped entry by entry: nothing is unpacked, so nothing can grow. Its
 * numbers are held against the file's size.
 */
final class StoredZip {
    private static final int END = 0x06054b50;
    private static final int END64 = 0x06064b50;
    private static final int LOCATOR64 = 0x07064b50;
    private static final int ENTRY = 0x02014b50;
    private static final int LOCAL = 0x04034b50;
    private static final int END_BYTES = 22;
    private static final int ENTRY_BYTES = 46;
    private static final int LOCAL_BYTES = 30;
    private static final int MAX_COMMENT = 0xFFFF;
    private static final int MAX_DIRECTORY = 1 << 28;
    /** Up to here a copy costs less than a mapping. */
    private static final int MAX_READ = 1 << 17;

    private static final long ELSEWHERE = 0xFFFFFFFFL;

    private record Entry(long header, long size) {}

    private final FileChannel channel;
    private final Path file;
    private final long fileSize;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /** Reads the directory; the channel stays the caller's. */
    StoredZip(FileChannel channel, Path file) throws IOException {
        this.channel = channel;
        this.file = file;
        this.fileSize = channel.size();
        directory();
    }

    private ModelException broken(String what) {
        return new ModelException(file + " is a broken zip file: " + what);
    }

    private ByteBuffer map(long from, long bytes, String what) throws IOException {
        if (from < 0 || bytes < 0 || from > fileSize - bytes || bytes > Integer.MAX_VALUE) {
            throw broken(what + " at byte " + from + " of " + bytes + " bytes; the file has " + fileSize);
        }
        if (bytes > MAX_READ) {
            return channel.map(FileChannel.MapMode.READ_ONLY, from, bytes).order(ByteOrder.LITTLE_ENDIAN);
        }
        ByteBuffer read = ByteBuffer.allocate((int) bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (read.hasRemaining()) {
            if (channel.read(read, from + read.position()) < 0) {
                throw broken(what + " is cut off");
            }
        }
        return read.flip();
    }

    private void directory() throws IOException {
        long from = Math.max(0, fileSize - END_BYTES - MAX_COMMENT);
        ByteBuffer tail = map(from, fileSize - from, "end");
        int at = tail.capacity() - END_BYTES;
        while (at >= 0 && tail.getInt(at) != END) {
            at--;
        }
        if (at < 0) {
            throw broken("no end of its directory; it may be cut off");
        }
        long count = tail.getShort(at + 10) & 0xFFFF;
        long bytes = tail.getInt(at + 12) & ELSEWHERE;
        long start = tail.getInt(at + 16) & ELSEWHERE;
        if (at >= 20 && tail.getInt(at - 20) == LOCATOR64) {
            ByteBuffer end = map(tail.getLong(at - 12), 56, "end");
            if (end.getInt(0) != END64) {
                throw broken("its directory's end is not where it says");
            }
            count = end.getLong(32);
            bytes = end.getLong(40);
            start = end.getLong(48);
        }
        if (bytes > MAX_DIRECTORY) {
            throw broken("a directory of " + bytes + " bytes");
        }
        entries(map(start, bytes, "directory"), count);
    }

    private void entries(ByteBuffer directory, long count) {
        int at = 0;
        for (long i = 0; i < count; i++) {
            if (at + ENTRY_BYTES > directory.capacity() || directory.getInt(at) != ENTRY) {
                throw broken("its directory holds fewer than the " + count + " entries it says");
            }
            int name = directory.getShort(at + 28) & 0xFFFF;
            int extra = directory.getShort(at + 30) & 0xFFFF;
            int comment = directory.getShort(at + 32) & 0xFFFF;
            int next = at + ENTRY_BYTES + name + extra + comment;
            if (next > directory.capacity()) {
                throw broken("its directory is cut off");
            }
            byte[] text = new byte[name];
            directory.get(at + ENTRY_BYTES, text);
            String entry = new String(text, StandardCharsets.UTF_8);
            if (directory.getShort(at + 10) != 0) {
                throw new ModelException(
                        file + ": entry " + entry + " is compressed; torch.save stores entries as they are");
            }
            long size = directory.getInt(at + 24) & ELSEWHERE;
            long header = directory.getInt(at + 42) & ELSEWHERE;
            entries.put(entry, wide(directory, at + ENTRY_BYTES + name, extra, size, header));
            at = next;
        }
    }

    /** Sizes and places beyond 4 GB stand in an extra field, in this order where they do. */
    private Entry wide(ByteBuffer directory, int from, int bytes, long size, long header) {
        int at = from;
        while (at + 4 <= from + bytes) {
            int id = directory.getShort(at) & 0xFFFF;
            int length = directory.getShort(at + 2) & 0xFFFF;
            if (id == 1) {
                int numbers = (size == ELSEWHERE ? 2 : 0) + (header == ELSEWHERE ? 1 : 0);
                if (length < Long.BYTES * numbers || at + 4 + length > from + bytes) {
                    throw broken("an entry's sizes are cut off");
                }
                return new Entry(
                        header == ELSEWHERE ? directory.getLong(at + 4 + Long.BYTES * (numbers - 1)) : header,
                        size == ELSEWHERE ? directory.getLong(at + 4) : size);
            }
            at += 4 + length;
        }
        return new Entry(header, size);
    }

    Iterable<String> names() {
        return entries.keySet();
    }

    boolean has(String name) {
        return entries.containsKey(name);
    }

    /** An entry's bytes, mapped. */
    ByteBuffer bytes(String name) throws IOException {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw broken("no entry " + name);
        }
        ByteBuffer local = map(entry.header, LOCAL_BYTES, "entry " + name);
        if (local.getInt(0) != LOCAL) {
            throw broken("entry " + name + " is not where its directory says");
        }
        int before = (local.getShort(26) & 0xFFFF) + (local.getShort(28) & 0xFFFF);
        return map(entry.header + LOCAL_BYTES + before, entry.size, "entry " + name);
    }
}
