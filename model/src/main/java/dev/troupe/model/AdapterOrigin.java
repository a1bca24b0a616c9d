package dev.troupe.model;

import dev.troupe.model.gguf.GgufModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Finds the model that an adapter was made for, which may be another adapter's folder. */
final class AdapterOrigin {
    private AdapterOrigin() {}

    /**
     * Where the model is that an adapter's folder names.
     *
     * @throws ModelException naming the folders that were looked for, or the circle that the adapters go in
     */
    static Path of(Path folder, String base) {
        Path found = find(folder, base);
        Set<Path> seen = new LinkedHashSet<>(List.of(real(folder)));
        Path next = found;
        while (AdapterFolder.is(next)) {
            if (!seen.add(real(next))) {
                throw new ModelException(config(folder) + ": base_model_name_or_path = \"" + base + "\" leads back to "
                        + (seen.size() == 1 ? "the adapter itself" : "an adapter that it came from") + " ("
                        + seen.stream().map(Path::toString).collect(Collectors.joining(" -> ")) + " -> " + real(next)
                        + "): expected a model. Name the model itself and give this folder as its adapter");
            }
            next = find(next, AdapterConfigFile.base(config(next)));
        }
        return found;
    }

    private static Path config(Path folder) {
        return folder.resolve(AdapterFolder.CONFIG);
    }

    private static Path real(Path folder) {
        try {
            return folder.toRealPath();
        } catch (java.io.IOException e) {
            return folder.toAbsolutePath().normalize();
        }
    }

    private static Path find(Path folder, String base) {
        Set<Path> places = places(folder, base);
        return places.stream()
                .filter(p -> !base.isEmpty() && isModel(p))
                .findFirst()
                .orElseThrow(() -> new ModelException(config(folder) + ": base_model_name_or_path = \"" + base
                        + "\" is no model folder and no .gguf file (looked for "
                        + places.stream().map(Path::toString).collect(Collectors.joining(" and "))
                        + "); name the model itself and give this folder as its adapter"));
    }

    private static Set<Path> places(Path folder, String base) {
        try {
            return new LinkedHashSet<>(
                    List.of(folder.resolve(base).normalize(), Path.of(base).toAbsolutePath()));
        } catch (java.nio.file.InvalidPathException e) {
            throw new ModelException(config(folder) + ": base_model_name_or_path is no path: " + e.getMessage(), e);
        }
    }

    private static boolean isModel(Path path) {
        return Files.isRegularFile(path.resolve("config.json"))
                || AdapterFolder.is(path)
                || (GgufModel.isGguf(path) && Files.isRegularFile(path));
    }
}
