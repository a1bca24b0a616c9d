package dev.troupe.learner.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.learner.ledger.PromptLedger.Arrival;
import dev.troupe.learner.ledger.PromptLedger.Grant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A run whose timing is drawn from a seed: rollouts lag, straggle, die and come back, give leases back and let them run
 * out. What a trajectory is worth, whether its scorer fails and whether it kills its rollout depend on its id alone.
 * The books must add up after every event, every batch must be whole and keep the staleness bound, and the run must
 * end: a gate that is too strict would starve it.
 */
final class RandomRun {
    private static final int MOST_EVENTS = 400_000;
    private static final int ROLLOUTS = 3;

    /**
     * @param deaths rollouts die and leases run out; without, what becomes of a trajectory depends on its id alone
     * @param interruptions the run is resumed from a snapshot now and then
     */
    record Scene(int batch, int samples, int eta, long steps, GroupRules rules, boolean deaths, boolean interruptions) {
        Scene interrupted() {
            return new Scene(batch, samples, eta, steps, rules, deaths, true);
        }
    }

    private record Sampling(int rollout, long version) {}

    private final Scene scene;
    private final Random random;
    private final Map<TrajectoryId, Sampling> running = new TreeMap<>();
    private final List<TrajectoryId> atScorers = new ArrayList<>();
    private final Map<TrajectoryId, Long> first = new HashMap<>();
    private final Set<TrajectoryId> trained = new HashSet<>();
    private final long[] live = new long[ROLLOUTS];
    private final long[] incarnation = {1, 1, 1};
    private final List<List<TrajectoryId>> batches = new ArrayList<>();
    private final List<Set<TrajectoryId>> waves = new ArrayList<>(List.of(new TreeSet<>()));
    private PromptLedger ledger;
    private Set<TrajectoryId> gone = new HashSet<>();
    private Set<TrajectoryId> goneAtStep = new HashSet<>();
    private int events;

    RandomRun(Scene scene, long seed) {
        this.scene = scene;
        this.random = new Random(seed);
        this.ledger = new PromptLedger(scene.batch, scene.samples, scene.eta, scene.steps, scene.rules);
    }

    /** Plays to the end; returns the batches. */
    List<List<TrajectoryId>> play() {
        while (!ledger.complete()) {
            assertThat(events++).as("events until the run ends").isLessThan(MOST_EVENTS);
            int r = random.nextInt(ROLLOUTS);
            switch (random.nextInt(12)) {
                case 0 -> live[r] = ledger.version();
                case 1, 2, 3 -> grant(r);
                case 4, 5, 6, 7 -> sample();
                case 8, 9 -> score();
                case 10 -> train();
                default -> mishap(r);
            }
            assertThat(ledger.counts().dropped()).isEqualTo(gone.size());
        }
        assertThat(ledger.counts().trained()).isEqualTo(trained.size());
        assertThat(ledger.counts().running()).isZero();
        assertThat(ledger.counts().finished()).isZero();
        return batches;
    }

    /** What arrived between two moments at which nothing more was to come before scores were there. */
    List<Set<TrajectoryId>> waves() {
        return waves;
    }

    PromptLedger ledger() {
        return ledger;
    }

    private void grant(int r) {
        for (Grant g : ledger.grant("n" + r, incarnation[r], 5, live[r], events + 2_000)) {
            running.put(g.id(), new Sampling(r, live[r]));
        }
    }

    private void sample() {
        if (running.isEmpty()) {
            return;
        }
        TrajectoryId id = List.copyOf(running.keySet()).get(random.nextInt(running.size()));
        Sampling its = running.remove(id);
        if (scene.deaths && kills(id)) {
            die(its.rollout, true);
            return;
        }
        // The version may move on between the grant and the first token.
        long version = Math.max(its.version, random.nextBoolean() ? 0 : live[its.rollout]);
        if (ledger.finish(id, version) == Arrival.ACCEPTED) {
            first.put(id, version);
            atScorers.add(id);
            waves.get(waves.size() - 1).add(id);
            if (ledger.quiet()) {
                waves.add(new TreeSet<>());
            }
        }
    }

    private void score() {
        if (atScorers.isEmpty()) {
            return;
        }
        TrajectoryId id = atScorers.remove(random.nextInt(atScorers.size()));
        note(unscorable(id) ? ledger.dropped(List.of(id), "its scorer failed") : ledger.scored(id, reward(id)));
    }

    private void train() {
        Optional<List<TrajectoryId>> next = ledger.nextBatch();
        if (next.isEmpty()) {
            return;
        }
        Map<Long, Set<Integer>> groups = new TreeMap<>();
        for (TrajectoryId id : next.get()) {
            assertThat(ledger.version() - first.get(id))
                    .as("staleness of %s", id)
                    .isBetween(0L, (long) scene.eta);
            assertThat(trained.add(id)).as("%s trained once", id).isTrue();
            assertThat(gone).doesNotContain(id);
            groups.computeIfAbsent(id.draw(), d -> new TreeSet<>()).add(id.sample());
        }
        if (scene.rules.wholeGroups()) {
            assertThat(groups).hasSize(scene.batch / scene.samples);
            groups.forEach(this::checkWhole);
        } else {
            assertThat(next.get()).hasSize(scene.batch);
        }
        batches.add(next.get());
        ledger.trained(next.get());
        goneAtStep = new HashSet<>(gone);
    }

    private void checkWhole(long draw, Set<Integer> members) {
        Set<Float> rewards = new HashSet<>();
        for (int sample = 0; sample < scene.samples; sample++) {
            TrajectoryId id = new TrajectoryId(draw, sample);
            assertThat(members.contains(sample))
                    .as("%s is trained or given up", id)
                    .isNotEqualTo(gone.contains(id));
            if (members.contains(sample)) {
                rewards.add(reward(id));
            }
        }
        assertThat(members.size()).as("members of draw %d", draw).isGreaterThanOrEqualTo(scene.rules.leastMembers());
        assertThat(scene.rules.filterEqual() && rewards.size() == 1)
                .as("equal rewards of draw %d", draw)
                .isFalse();
    }

    private void mishap(int r) {
        if (random.nextInt(20) > 0) {
            return;
        }
        if (scene.deaths && random.nextBoolean()) {
            die(r, random.nextBoolean());
        } else if (scene.deaths) {
            note(ledger.expire(events).givenUp());
        } else {
            ledger.returned("n" + r, incarnation[r], held(r));
            running.keySet().removeAll(held(r));
        }
        if (scene.interruptions && random.nextInt(3) == 0) {
            resume();
        }
    }

    /** @param silently what it was sampling never arrives */
    private void die(int r, boolean silently) {
        note(ledger.lost("n" + r, incarnation[r]++).givenUp());
        if (silently) {
            running.keySet().removeAll(held(r));
        }
    }

    private List<TrajectoryId> held(int r) {
        return running.entrySet().stream()
                .filter(e -> e.getValue().rollout == r)
                .map(Map.Entry::getKey)
                .toList();
    }

    private void resume() {
        ledger = PromptLedger.restore(
                scene.batch, scene.samples, scene.eta, scene.steps, scene.rules, ledger.snapshot());
        running.clear();
        atScorers.clear();
        if (scene.eta == 0) {
            gone = new HashSet<>(goneAtStep);
        }
        for (int r = 0; r < ROLLOUTS; r++) {
            incarnation[r]++;
        }
    }

    private void note(List<GivenUp> givenUp) {
        for (GivenUp g : givenUp) {
            assertThat(gone.add(g.id())).as("%s given up once", g.id()).isTrue();
            running.remove(g.id());
            atScorers.remove(g.id());
        }
    }

    private static int hash(TrajectoryId id, int salt) {
        return new Random((id.draw() * 31 + id.sample()) * 1009 + salt).nextInt(1000);
    }

    private static float reward(TrajectoryId id) {
        boolean allEqual = hash(new TrajectoryId(id.draw(), 0), 1) < 300;
        return allEqual ? id.draw() % 2 : hash(id, 2) % 4;
    }

    private static boolean unscorable(TrajectoryId id) {
        return hash(id, 3) < 60;
    }

    private static boolean kills(TrajectoryId id) {
        return hash(id, 4) < 10;
    }
}
