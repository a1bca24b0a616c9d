package dev.troupe.deploy.settings;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where this installation of Troupe lies, with the configurations and models it ships.
 *
 * @param path the folder that holds {@code deploy/configs} and {@code deploy/models}
 */
public record Home(Path path) {
    private static final String CONFIGS = "deploy/configs";
    private static final String SUFFIX = ".conf";

    /** The folder the launcher names ({@code troupe.home}), or else the one above this class. */
    public static Home find() {
        String named = System.getProperty("troupe.home");
        Path at = named == null ? codeSource() : Path.of(named);
        for (Path p = at.toAbsolutePath(); p != null; p = p.getParent()) {
            if (Files.isDirectory(p.resolve(CONFIGS))) {
                return new Home(p);
            }
        }
        throw new SettingsException("no folder " + CONFIGS + " at or above " + at
                + ": start Troupe with its launcher, or name its folder with -Dtroupe.home=DIR");
    }

    /** Names of the shipped configurations, as in {@code stories/ppo}, sorted. */
    public List<String> configs() {
        Path folder = path.resolve(CONFIGS);
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(p -> p.toString().endsWith(SUFFIX))
                    .map(p -> folder.relativize(p).toString().replace('\\', '/'))
                    .map(name -> name.substring(0, name.length() - SUFFIX.length()))
                    .sorted(Comparator.naturalOrder())
                    .toList();
        } catch (java.io.IOException e) {
            throw new SettingsException("cannot list the shipped configurations in " + folder + ": " + e, e);
        }
    }

    /** The file of a configuration: one the user names, or a shipped one; the error lists the shipped ones. */
    public Path config(String nameOrFile) {
        Path file = Path.of(nameOrFile);
        if (Files.isRegularFile(file)) {
            return file;
        }
        Path shipped = path.resolve(CONFIGS).resolve(nameOrFile + SUFFIX).normalize();
        if (Files.isRegularFile(shipped)) {
            return shipped;
        }
        throw new SettingsException("no configuration " + nameOrFile + ": neither a file (" + file.toAbsolutePath()
                + ") nor a shipped one: " + String.join(", ", configs()));
    }

    /** The file of a shipped study, whether or not it exists. */
    public Path study(String name) {
        return path.resolve("deploy/studies").resolve(name + SUFFIX);
    }

    /** The folder of a shipped model, whether or not it exists. */
    public Path model(String name) {
        return path.resolve("deploy/models").resolve(name);
    }

    private static Path codeSource() {
        try {
            CodeSource source = Home.class.getProtectionDomain().getCodeSource();
            return source == null ? Path.of("") : Path.of(source.getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new SettingsException(
                    "the class path is not made of files; name Troupe's folder with -Dtroupe.home=DIR", e);
        }
    }
}
