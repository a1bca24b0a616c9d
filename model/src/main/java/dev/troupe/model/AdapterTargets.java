package dev.troupe.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which modules an adapter adapts, by peft's rules.
 *
 * @param groups {@link AdapterConfig#ALL_LINEAR}, {@link AdapterConfig#ATTENTION}: modules by their place in the layers
 * @param named modules by name
 * @param excluded not these
 * @param layers numbers of the layers that names stand for, all when empty; does not bind whole names and expressions
 * @param layersPatterns expressions for the name of the list of layers, any when empty
 * @param saved {@code modules_to_save}: expressions for modules that are there whole and not adapted
 */
public record AdapterTargets(
        Set<String> groups,
        ModuleNames named,
        ModuleNames excluded,
        List<Integer> layers,
        List<String> layersPatterns,
        List<String> saved) {
    /** No modules. */
    static final AdapterTargets NONE =
            new AdapterTargets(Set.of(), ModuleNames.NONE, ModuleNames.NONE, List.of(), List.of(), List.of());

    private static final Set<String> GROUPS = Set.of(AdapterConfig.ALL_LINEAR, AdapterConfig.ATTENTION);

    /** @throws IllegalArgumentException when an expression is none, or layers are given beside an expression */
    public AdapterTargets {
        groups = Set.copyOf(groups);
        layers = List.copyOf(layers);
        layersPatterns = List.copyOf(layersPatterns);
        saved = List.copyOf(saved);
        if (named.regex() != null && !(layers.isEmpty() && layersPatterns.isEmpty())) {
            throw new IllegalArgumentException(
                    "layers_to_transform and layers_pattern go with a list of names, not with" + " target_modules = '"
                            + named.regex() + "'");
        }
        if (layers.isEmpty() && !layersPatterns.isEmpty()) {
            throw new IllegalArgumentException("layers_pattern = " + layersPatterns + " needs layers_to_transform");
        }
        layersPatterns.forEach(AdapterTargets::layerExpression);
        saved.forEach(AdapterTargets::savedExpression);
    }

    /** Names of groups and of modules, as settings have them. */
    public static AdapterTargets of(List<String> names) {
        List<String> modules = new ArrayList<>(names);
        modules.removeAll(GROUPS);
        Set<String> groups = new TreeSet<>(names);
        groups.retainAll(GROUPS);
        return new AdapterTargets(
                groups, new ModuleNames(null, modules), ModuleNames.NONE, List.of(), List.of(), List.of());
    }

    /**
     * Whether a module is adapted.
     *
     * @param module its whole name
     * @param of the groups it belongs to
     */
    boolean contain(String module, Set<String> of) {
        if (excluded.contains(module)
                || saved.stream().anyMatch(m -> savedExpression(m).matchesBeginning(module))) {
            return false;
        }
        if (groups.stream().anyMatch(of::contains)) {
            return true;
        }
        if (!named.contains(module)) {
            return false;
        }
        return named.regex() != null || layers.isEmpty() || named.names().contains(module) || isInLayers(module);
    }

    private boolean isInLayers(String module) {
        List<String> patterns = layersPatterns.isEmpty() ? List.of("[^.]*") : layersPatterns;
        for (String pattern : patterns) {
            String prefix = layersPatterns.isEmpty() ? ".*?\\." : "(?:^|.*?\\.)";
            String number =
                    PythonRegex.of(prefix + pattern + "\\.(?P<idx>\\d+)\\.").group(module, "idx");
            if (!number.isEmpty()) {
                return number.length() < 9 && layers.contains(Integer.parseInt(number));
            }
        }
        return false;
    }

    private static void layerExpression(String pattern) {
        PythonRegex.of("(?:^|.*?\\.)" + pattern + "\\.(?P<idx>\\d+)\\.");
    }

    private static PythonRegex savedExpression(String module) {
        return PythonRegex.of("(^|.*\\.)" + module + "($|\\..*)");
    }

    /** Groups as names, the last part of each of these modules, for files. */
    AdapterTargets with(List<String> names) {
        return new AdapterTargets(Set.of(), new ModuleNames(null, names), excluded, layers, layersPatterns, saved);
    }
}
