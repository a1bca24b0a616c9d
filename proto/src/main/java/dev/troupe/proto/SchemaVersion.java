package dev.troupe.proto;

/** Version of the wire schema. A receiver refuses every version that it does not know. */
public final class SchemaVersion {
    /** What this build writes, and the only version it reads. */
    public static final int CURRENT = 1;

    private SchemaVersion() {}
}
