package dev.troupe.experience;

/**
 * Identity of a trajectory; it stays when the trajectory is issued again.
 *
 * @param draw number of the prompt's draw in the ledger, from 0
 * @param sample which completion of that prompt, from 0
 */
public record TrajectoryId(long draw, int sample) implements Comparable<TrajectoryId> {
    /** Off the wire. */
    public static TrajectoryId of(dev.troupe.proto.v1.TrajectoryId message) {
        return new TrajectoryId(message.getDraw(), message.getSample());
    }

    /** For the wire. */
    public dev.troupe.proto.v1.TrajectoryId message() {
        return dev.troupe.proto.v1.TrajectoryId.newBuilder()
                .setDraw(draw)
                .setSample(sample)
                .build();
    }

    @Override
    public int compareTo(TrajectoryId other) {
        int byDraw = Long.compare(draw, other.draw);
        return byDraw != 0 ? byDraw : Integer.compare(sample, other.sample);
    }

    @Override
    public String toString() {
        return draw + "/" + sample;
    }
}
