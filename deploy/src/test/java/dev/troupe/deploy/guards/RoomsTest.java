package dev.troupe.deploy.guards;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The arrows between the rooms, and which room may know which foreign library. ARCHITECTURE.md has the picture. */
class RoomsTest {
    private static final JavaClasses HOUSE = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.troupe", "ai.djl.pytorch.jni");

    /** Each room's packages. The bridge to libtorch must lie in DJL's package; it belongs to the model room. */
    private static final Map<String, String[]> ROOMS = Map.ofEntries(
            entry("proto", "dev.troupe.proto.."),
            entry("experience", "dev.troupe.experience.."),
            entry("data", "dev.troupe.data.."),
            entry("model", "dev.troupe.model..", "ai.djl.pytorch.jni"),
            entry("train", "dev.troupe.train.."),
            entry("transport", "dev.troupe.transport.."),
            entry("cluster", "dev.troupe.cluster.."),
            entry("rollout-actors", "dev.troupe.rollout.."),
            entry("reward-service", "dev.troupe.reward.."),
            entry("reference-service", "dev.troupe.reference.."),
            entry("learner", "dev.troupe.learner.."),
            entry("deploy", "dev.troupe.deploy.."));

    private static Map.Entry<String, String[]> entry(String room, String... packages) {
        return Map.entry(room, packages);
    }

    private static final List<String> MIDDLE = List.of("experience", "data", "model", "train", "transport", "cluster");
    private static final List<String> SERVICES =
            List.of("rollout-actors", "reward-service", "reference-service", "learner");

    private static String[] packages(Stream<String> rooms) {
        return rooms.flatMap(room -> Stream.of(ROOMS.get(room))).toArray(String[]::new);
    }

    private static String[] allBut(String... allowed) {
        return packages(ROOMS.keySet().stream().filter(room -> !List.of(allowed).contains(room)));
    }

    private static List<String> everyRoom() {
        return ROOMS.keySet().stream().sorted().toList();
    }

    @ParameterizedTest
    @MethodSource("everyRoom")
    void everyRoomIsLookedAt(String room) {
        assertThat(HOUSE.that(resideInAnyPackage(ROOMS.get(room)))).as(room).isNotEmpty();
    }

    @Test
    void protoKnowsNoOtherRoom() {
        noClasses()
                .that()
                .resideInAnyPackage(ROOMS.get("proto"))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.troupe.data..", "dev.troupe.deploy..", "dev.troupe.cluster..")
                .orShould()
                .dependOnClassesThat()
                .resideInAnyPackage(packages(
                        Stream.concat(Stream.of("experience", "model", "train", "transport"), SERVICES.stream())))
                .check(HOUSE);
    }

    private static List<String> middle() {
        return MIDDLE;
    }

    @ParameterizedTest
    @MethodSource("middle")
    void aSharedRoomKnowsOnlyProtoAndExperience(String room) {
        noClasses()
                .that()
                .resideInAnyPackage(ROOMS.get(room))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(ofTroupe(allBut(room, "proto", "experience", "model")))
                .check(HOUSE);
        if (!room.equals("model") && !room.equals("train")) {
            noClasses()
                    .that()
                    .resideInAnyPackage(ROOMS.get(room))
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage("dev.troupe.model..")
                    .check(HOUSE);
        }
    }

    private static String[] ofTroupe(String[] packages) {
        return Stream.of(packages).filter(p -> p.startsWith("dev.troupe")).toArray(String[]::new);
    }

    private static List<String> services() {
        return SERVICES;
    }

    @ParameterizedTest
    @MethodSource("services")
    void aServiceKnowsNeitherTheOthersNorTheDoor(String room) {
        noClasses()
                .that()
                .resideInAnyPackage(ROOMS.get(room))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(packages(
                        Stream.concat(SERVICES.stream().filter(other -> !other.equals(room)), Stream.of("deploy"))))
                .check(HOUSE);
    }

    @Test
    void akkaIsKnownToClusterServicesAndDoor() {
        onlyIn("akka..", "cluster", "rollout-actors", "reward-service", "reference-service", "learner", "deploy");
    }

    @Test
    void aeronIsKnownToTransport() {
        onlyIn("io.aeron..", "transport");
        onlyIn("org.agrona..", "transport");
    }

    @Test
    void djlIsKnownToModelAndTrain() {
        onlyIn("ai.djl..", "model", "train");
    }

    @Test
    void jinjaDependsOnTheJdkAlone() {
        classes()
                .that()
                .resideInAPackage("dev.troupe.model.jinja..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("dev.troupe.model.jinja..", "java..", "org.jspecify..")
                .check(HOUSE);
    }

    private static void onlyIn(String library, String... rooms) {
        noClasses()
                .that()
                .resideInAnyPackage(ofTroupe(allBut(rooms)))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(library)
                .check(HOUSE);
    }

    @Test
    void roomsFormNoCycle() {
        slices().matching("dev.troupe.(*)..").should().beFreeOfCycles().check(HOUSE);
    }
}
