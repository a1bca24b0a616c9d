package dev.troupe.proto;

/**
 * Bytes from the wire that are not what they claim to be. Whatever a peer sends, decoding fails with this and nothing
 * else.
 */
public final class WireException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What was wrong. */
    public enum Code {
        /** Not the Protobuf message it should be, or a field with a value that makes no sense. */
        MALFORMED,
        /** A schema version that this build does not know. */
        UNKNOWN_VERSION,
        /** The CRC-32C does not fit the bytes. */
        CHECKSUM,
        /** A shape that does not fit the data, or lengths that do not fit each other. */
        SHAPE,
        /** Not the expected message or element type. */
        TYPE,
        /** Larger than the bound. */
        TOO_LARGE,
        /** The fingerprint of a set of tensors is not the announced one. */
        DIGEST
    }

    private final Code code;

    /**
     * @param code what was wrong
     * @param message what was expected and what was found
     */
    public WireException(Code code, String message) {
        super(code + ": " + message);
        this.code = code;
    }

    /**
     * @param code what was wrong
     * @param message what was expected and what was found
     * @param cause the parser's own error
     */
    public WireException(Code code, String message, Throwable cause) {
        super(code + ": " + message, cause);
        this.code = code;
    }

    /** What was wrong. */
    public Code code() {
        return code;
    }
}
