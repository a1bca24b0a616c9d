package dev.troupe.learner.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.learner.ledger.LedgerSnapshot;

/** The ledger as a document of a checkpoint. */
public final class LedgerJson {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Writes a snapshot. */
    public static String write(LedgerSnapshot snapshot) {
        try {
            return JSON.writeValueAsString(snapshot);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the ledger cannot be written as JSON", e);
        }
    }

    /**
     * Reads a snapshot.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static LedgerSnapshot read(String json) {
        try {
            return JSON.readValue(json, LedgerSnapshot.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "ledger.json of the checkpoint cannot be read: " + e.getOriginalMessage(), e);
        }
    }

    private LedgerJson() {}
}
