package dev.troupe.model.pieces;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * The fields of one message in protobuf's wire format, one after another. Every length is held against what is left
 * before anything is made for it.
 */
final class ProtoFields {
    private static final int VARINT = 0;
    private static final int EIGHT = 1;
    private static final int BYTES = 2;
    private static final int FOUR = 5;

    private final ByteBuffer in;
    private int field;
    private int type;
    private long number;
    private ByteBuffer bytes = ByteBuffer.allocate(0);

    ProtoFields(ByteBuffer in) {
        this.in = in.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Goes to the next field; false at the end. */
    boolean next() {
        if (!in.hasRemaining()) {
            return false;
        }
        long tag = varint();
        field = (int) (tag >>> 3);
        type = (int) (tag & 7);
        if (field == 0 || tag >>> 32 != 0) {
            throw damaged("a field has the number 0");
        }
        switch (type) {
            case VARINT -> number = varint();
            case EIGHT -> number = take(Long.BYTES).getLong();
            case FOUR -> number = take(Integer.BYTES).getInt();
            case BYTES -> bytes = take(varint());
            default -> throw damaged("a field is of the wire type " + type);
        }
        return true;
    }

    int field() {
        return field;
    }

    int number() {
        require(VARINT);
        return (int) number;
    }

    boolean flag() {
        return number() != 0;
    }

    float real() {
        require(FOUR);
        return Float.intBitsToFloat((int) number);
    }

    ByteBuffer bytes() {
        require(BYTES);
        return bytes.slice();
    }

    String text() {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes()).toString();
        } catch (CharacterCodingException e) {
            throw new DamagedPieces("a text is not UTF-8", e);
        }
    }

    private void require(int expected) {
        if (type != expected) {
            throw damaged("field " + field + " is of the wire type " + type + ", expected " + expected);
        }
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            byte b = take(1).get();
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
        throw damaged("a number has more than ten bytes");
    }

    private ByteBuffer take(long length) {
        if (length < 0 || length > in.remaining()) {
            throw damaged("a field of " + length + " bytes where " + in.remaining() + " are left");
        }
        ByteBuffer taken = in.slice(in.position(), (int) length).order(ByteOrder.LITTLE_ENDIAN);
        in.position(in.position() + (int) length);
        return taken;
    }

    private static DamagedPieces damaged(String reason) {
        return new DamagedPieces(reason, null);
    }
}
