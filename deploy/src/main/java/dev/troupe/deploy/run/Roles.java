package dev.troupe.deploy.run;

import akka.actor.typed.ActorRef;
import dev.troupe.cluster.protocol.RolloutCommand;
import dev.troupe.cluster.protocol.ScorerCommand;
import dev.troupe.data.DataSettings;
import dev.troupe.learner.value.ValueActor;
import dev.troupe.model.ModelFolder;
import dev.troupe.reference.ReferenceNode;
import dev.troupe.reference.ReferenceSettings;
import dev.troupe.reward.RewardNode;
import dev.troupe.reward.RewardScorer;
import dev.troupe.reward.RewardSettings;
import dev.troupe.rollout.RolloutActor;
import dev.troupe.rollout.RolloutSettings;
import dev.troupe.rollout.RolloutSetup;
import dev.troupe.train.algorithm.Needs;
import dev.troupe.transport.Station;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Starts the roles beside the learner. */
final class Roles {
    private static final int VALUE_THREADS = 1;
    private static final long END_SECONDS = 20;

    private Roles() {}

    /** One of each, and as many rollouts as the settings say. */
    static List<Role> all(RunNode node, RunModels models, RunForms forms) {
        List<Role> roles = new ArrayList<>();
        for (String role : scorers(Learning.needs(node.config()))) {
            roles.add(start(role, role, node, models, forms));
        }
        int replicas = RolloutSettings.from(node.config()).replicas();
        for (int i = 1; i <= replicas; i++) {
            roles.add(start("rollout", "rollout-" + i, node, models, forms));
        }
        return roles;
    }

    /** The roles that score for an algorithm. */
    static List<String> scorers(Needs needs) {
        List<String> names = new ArrayList<>();
        if (needs.reference()) {
            names.add("reference");
        }
        names.add("reward");
        if (needs.value()) {
            names.add("value");
        }
        if (needs.teacher() != null) {
            names.add("teacher");
        }
        return names;
    }

    /** A role on this node, under this name. */
    static Role start(String role, String name, RunNode node, RunModels models, RunForms forms) {
        return switch (role) {
            case "reference" -> reference(name, node, models.reference(), forms);
            case "reward" -> reward(name, node, models, forms);
            case "teacher" -> teacher(name, node, models.teacher(), forms);
            case "value" -> value(name, node, forms.value());
            case "rollout" -> rollout(name, node, forms.policy());
            default -> throw new IllegalArgumentException("no role " + role + " beside the learner");
        };
    }

    private static Role reference(String name, RunNode node, ModelFolder model, RunForms forms) {
        ReferenceNode started = ReferenceNode.start(
                node.cluster(),
                node.station(name),
                ReferenceSettings.from(node.config()),
                model.path().toString(),
                forms.reference());
        return new Role(name, started.ended(), () -> started.ended().complete("drained"), started);
    }

    private static Role teacher(String name, RunNode node, ModelFolder model, RunForms forms) {
        ReferenceNode started = ReferenceNode.teacher(
                node.cluster(),
                node.station(name),
                ReferenceSettings.teacher(node.config()),
                model.path().toString(),
                forms.whole(model));
        return new Role(name, started.ended(), () -> started.ended().complete("drained"), started);
    }

    private static Role value(String name, RunNode node, RunForms.Start model) {
        CompletableFuture<String> ended = new CompletableFuture<>();
        Station station = node.station(name);
        ActorRef<ScorerCommand> actor = node.cluster()
                .spawn(
                        ValueActor.create(
                                station, model.folder().path().toString(), model.form(), VALUE_THREADS, ended),
                        name);
        Runnable end = () -> actor.tell(new ScorerCommand.RunEnded("stopped"));
        return new Role(name, ended, end, () -> {
            end.run();
            await(name, ended);
        });
    }

    private static Role rollout(String name, RunNode node, RunForms.Start policy) {
        CompletableFuture<String> ended = new CompletableFuture<>();
        RolloutSetup setup = RolloutSetup.of(
                name,
                node.aeron(),
                node.udp(),
                RolloutSettings.from(node.config()),
                policy.folder(),
                policy.form(),
                node.folder().rollouts());
        ActorRef<RolloutCommand> actor = node.cluster().spawn(RolloutActor.create(setup, ended), name);
        return new Role(name, ended, () -> actor.tell(new RolloutCommand.Drain("asked to")), () -> {
            actor.tell(new RolloutCommand.RunEnded("stopped"));
            await(name, ended);
        });
    }

    private static void await(String name, CompletableFuture<String> ended) throws Exception {
        try {
            ended.get(END_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new IllegalStateException(name + " did not end within " + END_SECONDS + " s", e);
        }
    }

    private static Role reward(String name, RunNode node, RunModels models, RunForms forms) {
        RewardSettings settings = RewardSettings.from(node.config());
        RunReward reward = RunReward.of(settings, DataSettings.from(node.config()), forms);
        RewardScorer scorer = reward.open(
                name, settings.threads(), reward.trainingPrompts(node.config().getLong("seed")));
        RewardNode started = RewardNode.start(node.cluster(), node.station(name), scorer, reward.description());
        return new Role(name, started.ended(), () -> started.ended().complete("drained"), started);
    }
}
