package dev.troupe.learner.ledger;

/**
 * What the algorithm asks of the samples of one prompt.
 *
 * @param wholeGroups all samples of a draw are trained in the same step or not at all; else each is trained by itself
 * @param leastMembers members that a group needs when others were dropped; one with fewer is dropped whole
 * @param filterEqual a group whose rewards are all equal teaches nothing: it is dropped whole and another prompt drawn
 *     (dynamic sampling, DAPO, arXiv 2503.14476, section 3.2)
 */
public record GroupRules(boolean wholeGroups, int leastMembers, boolean filterEqual) {
    /** Every trajectory is trained by itself. */
    public static final GroupRules SINGLE = new GroupRules(false, 1, false);

    /** Checks that single trajectories are asked for nothing that only groups have. */
    public GroupRules {
        if (leastMembers < 1 || !wholeGroups && (leastMembers > 1 || filterEqual)) {
            throw new IllegalArgumentException("expected at least 1 member a group, and filtering only of whole groups,"
                    + " not wholeGroups " + wholeGroups + ", leastMembers " + leastMembers + ", filterEqual "
                    + filterEqual);
        }
    }
}
