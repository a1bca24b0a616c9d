package dev.troupe.deploy.run;

import dev.troupe.deploy.settings.Settings;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What the command line asks for.
 *
 * @param settings merged and checked
 * @param name the run's name, or null to make one up
 * @param resume the folder of the run to go on with, or null for a new run
 * @param processes whether each role has a process of its own
 */
public record RunRequest(
        Settings settings, @Nullable String name, @Nullable Path resume, boolean processes) {}
