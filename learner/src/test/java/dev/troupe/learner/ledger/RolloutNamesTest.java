package dev.troupe.learner.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.learner.ledger.RolloutNames.Claim;
import org.junit.jupiter.api.Test;

class RolloutNamesTest {
    private final RolloutNames names = new RolloutNames();

    @Test
    void eachNameHasAnOwner() {
        assertThat(names.ask("a", 1)).isEqualTo(Claim.GIVEN);
        assertThat(names.ask("b", 2)).isEqualTo(Claim.GIVEN);
        assertThat(names.ask("a", 1)).isEqualTo(Claim.OWN);
        assertThat(names.ask("b", 2)).isEqualTo(Claim.OWN);
    }

    @Test
    void anotherIsToldOnceTheOwnerIsHeardAgain() {
        names.ask("a", 1);
        assertThat(names.ask("a", 2)).isEqualTo(Claim.SECOND);
        assertThat(names.ask("a", 2)).isEqualTo(Claim.WAITS);
        assertThat(names.ask("a", 1)).isEqualTo(Claim.OWN);
        assertThat(names.ask("a", 3)).as("the owner may have died since").isEqualTo(Claim.SECOND);
        assertThat(names.ask("a", 2)).isEqualTo(Claim.TAKEN);
        assertThat(names.ask("a", 2)).isEqualTo(Claim.STILL_TAKEN);
        assertThat(names.ask("a", 3)).isEqualTo(Claim.WAITS);
    }

    @Test
    void whoeverAsksFirstAfterTheOwnerIsGoneGetsTheName() {
        names.ask("a", 1);
        names.ask("a", 2);
        assertThat(names.gone("a", 1)).isTrue();
        assertThat(names.ask("a", 2)).isEqualTo(Claim.GIVEN);
        assertThat(names.gone("a", 1)).as("told late or twice").isFalse();
        assertThat(names.ask("a", 2)).isEqualTo(Claim.OWN);
    }

    @Test
    void theEndOfOneThatWaitedChangesNothingForTheOwner() {
        names.ask("a", 1);
        names.ask("a", 2);
        assertThat(names.gone("a", 2)).isFalse();
        assertThat(names.ask("a", 1)).isEqualTo(Claim.OWN);
        assertThat(names.ask("a", 2)).as("its earlier request is forgotten").isEqualTo(Claim.SECOND);
    }
}
