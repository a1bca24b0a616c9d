package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class CoverageGoldenTest {
    @Test
    void everyKindInTheFolderIsKnown() {
        Map<String, Long> unknown = GoldenFolder.all().stream()
                .map(GoldenFolder.Case::kind)
                .filter(kind -> !GoldenFolder.KINDS.contains(kind))
                .collect(Collectors.groupingBy(kind -> kind, TreeMap::new, Collectors.counting()));
        if (GoldenFolder.isOwn()) {
            assertThat(unknown)
                    .as("kinds without a test in the room's own copy")
                    .isEmpty();
        } else {
            System.out.println("golden kinds not covered by the model room: " + unknown);
        }
    }
}
