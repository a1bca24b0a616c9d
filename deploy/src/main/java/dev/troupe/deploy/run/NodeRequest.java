package dev.troupe.deploy.run;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code troupe node} asks for.
 *
 * @param role learner, rollout, reference, reward or value
 * @param join HOST:PORT of a node of the cluster, or null for the first node
 * @param run the run's folder, whose config.conf holds the settings; null to ask the cluster
 * @param overrides KEY=VALUE each
 * @param name the node's name, or null to make one up
 * @param resume a learner goes on from the run's last checkpoint
 */
public record NodeRequest(
        String role,
        @Nullable String join,
        @Nullable Path run,
        List<String> overrides,
        @Nullable String name,
        boolean resume) {}
