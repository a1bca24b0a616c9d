package dev.troupe.deploy.report;

import dev.troupe.experience.TrajectoryId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@code trained.jsonl}: a line a step, {@code {"step":1,"ids":[[draw,sample],...]}}. */
public final class TrainedWriter implements AutoCloseable {
    private final LinesFile file;

    /** Opens the file; {@code lastStep} is the last step done before this process, 0 for a new run. */
    public TrainedWriter(RunFolder folder, long lastStep) {
        file = LinesFile.after(folder.trained(), lastStep);
    }

    /** Writes the trajectories that a step trained. */
    public void write(long step, List<TrajectoryId> trained) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("step", step);
        line.put("ids", trained.stream().map(t -> List.of(t.draw(), t.sample())).toList());
        file.append(line);
    }

    @Override
    public void close() {
        file.close();
    }
}
