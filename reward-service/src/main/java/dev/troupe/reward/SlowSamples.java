package dev.troupe.reward;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** The samples that took longest since they were last told. Not safe for several threads. */
final class SlowSamples {
    private static final int KEPT = 5;

    private final List<Sample> slowest = new ArrayList<>();
    private long count;

    private record Sample(String id, double seconds) {}

    /** Notes a sample that is over, with or without a score. */
    void note(String id, double seconds) {
        count++;
        slowest.add(new Sample(id, seconds));
        slowest.sort(Comparator.comparingDouble(Sample::seconds).reversed());
        if (slowest.size() > KEPT) {
            slowest.remove(KEPT);
        }
    }

    /** Lists them, slowest first, and begins again; empty when there was none. */
    Optional<String> tell() {
        if (count == 0) {
            return Optional.empty();
        }
        String told = "the slowest of " + count + " samples: "
                + slowest.stream()
                        .map(s -> String.format(Locale.ROOT, "%s %.3f s", s.id, s.seconds))
                        .collect(Collectors.joining(", "));
        slowest.clear();
        count = 0;
        return Optional.of(told);
    }
}
