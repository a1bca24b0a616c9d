package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** A run without actors that fails after its folder was made leaves word of it, as one with actors does. */
class FailedRunTest extends RunsApart {
    @Test
    void anOfflineRunThatFailsSaysWhy() throws IOException {
        Troupe told = Troupe.run("r", "algorithm=sft", "model.policy=stories", "learning_rate=1e30", "steps=4");

        assertThat(told.code()).as(told.err()).isEqualTo(1);
        JsonNode summary = summary("r");
        assertThat(summary.get("status").asText()).isEqualTo("failed");
        assertThat(summary.get("error").asText()).contains("step 2: the loss of row", "gradient norm NaN");
        assertThat(summary.get("algorithm").asText()).isEqualTo("sft");
    }
}
