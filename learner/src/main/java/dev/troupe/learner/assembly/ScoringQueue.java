package dev.troupe.learner.assembly;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.learner.experience.HeldTrajectory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Rows waiting to be scored by one kind of actor, grouped by their place in the ledger: the trajectories number c * n
 * to c * n + n - 1 go into one request, whatever order they arrive in. So the same rows are padded together in every
 * run. A trajectory that was given up before it came is not waited for.
 */
final class ScoringQueue {
    private static final class Group {
        final List<HeldTrajectory> rows = new ArrayList<>();
        int neverCame;
        long lastMs;
    }

    private final int rows;
    private final int samplesPerPrompt;
    private final Map<Long, Group> groups = new TreeMap<>();

    ScoringQueue(int rows, int samplesPerPrompt) {
        this.rows = rows;
        this.samplesPerPrompt = samplesPerPrompt;
    }

    void add(HeldTrajectory row, long nowMs) {
        group(row.id(), nowMs).rows.add(row);
    }

    void neverCame(TrajectoryId id, long nowMs) {
        group(id, nowMs).neverCame++;
    }

    private Group group(TrajectoryId id, long nowMs) {
        long place = id.draw() * samplesPerPrompt + id.sample();
        Group group = groups.computeIfAbsent(place / rows, c -> new Group());
        group.lastMs = nowMs;
        return group;
    }

    /** Takes the groups that are complete, and those to which nothing was added after {@code quietSinceMs}. */
    List<List<HeldTrajectory>> take(long quietSinceMs) {
        List<List<HeldTrajectory>> taken = new ArrayList<>();
        groups.values().removeIf(g -> {
            boolean due = g.rows.size() + g.neverCame >= rows || g.lastMs <= quietSinceMs;
            if (due && !g.rows.isEmpty()) {
                g.rows.sort(Comparator.comparing(HeldTrajectory::id));
                taken.add(g.rows);
            }
            return due;
        });
        return taken;
    }
}
