package dev.troupe.cluster.protocol;

/**
 * Identity of a trajectory; it stays when the trajectory is issued again.
 *
 * @param draw number of the prompt's draw in the ledger, from 0
 * @param sample which completion of that prompt, from 0
 */
public record TrajectoryRef(long draw, int sample) implements Control, Comparable<TrajectoryRef> {
    @Override
    public int compareTo(TrajectoryRef other) {
        int byDraw = Long.compare(draw, other.draw);
        return byDraw != 0 ? byDraw : Integer.compare(sample, other.sample);
    }

    @Override
    public String toString() {
        return draw + "/" + sample;
    }
}
