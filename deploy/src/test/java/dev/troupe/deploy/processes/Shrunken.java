package dev.troupe.deploy.processes;

import java.util.List;

/** The embedded default, shrunk to what processes need to show. */
final class Shrunken {
    /** 16 trajectories a step; a rollout has more leases than slots, so that some always wait while rows run. */
    static final List<String> RUN = List.of(
            "batch.prompts=8",
            "num_generations=2",
            "num_ppo_epochs=1",
            "max_new_tokens=32",
            "lr_scheduler_type=constant",
            "learning_rate=1e-4",
            "eval.count=4",
            "eval.samples=2",
            "parity.rows=4",
            "rollout.slots=4",
            "rollout.prefetch=28");

    private Shrunken() {}
}
