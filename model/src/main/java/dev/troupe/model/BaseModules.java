package dev.troupe.model;

import dev.troupe.model.AdapterTensors.Part;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A base's tensors and modules by name, as an adapter's configuration speaks of them. */
final class BaseModules {
    private final ModelConfig config;
    /** With a head of its own. */
    private final WeightLayout layout;

    private final Map<String, Set<String>> linear;
    private final String embedding;
    private final String head;

    BaseModules(ModelConfig config) {
        this.config = config;
        this.layout = new WeightLayout(config.withTied(false));
        this.linear = AdapterLayout.linearModules(config);
        this.embedding = moduleAt(0);
        this.head = moduleAt(WeightLayout.HEAD_SLOT);
    }

    private String moduleAt(int slot) {
        return layout.leaves().stream()
                .filter(leaf -> leaf.slot() == slot)
                .map(leaf -> leaf.name().substring(0, leaf.name().lastIndexOf('.')))
                .findFirst()
                .orElseThrow();
    }

    /** Names and shapes of the tensors. */
    Map<String, long[]> tensors() {
        return layout.tensors();
    }

    /** The linear maps of the layers, with the groups they belong to. */
    Map<String, Set<String>> linear() {
        return linear;
    }

    String embedding() {
        return embedding;
    }

    String head() {
        return head;
    }

    /** Whether the head is the embedding's matrix. */
    boolean tied() {
        return config.tied() && !config.scoreHead();
    }

    /** Whether the head's rows were normalised as the base was read, so that changes of the file's head do not fit. */
    boolean headIsNormalised() {
        return config.traits().normalisedHead() && !config.scoreHead();
    }

    boolean isHead(Part part) {
        return part.module().equals(head) || part.module().equals(head + ".weight");
    }

    /** The tokens that have rows of their own in a module, none if there are none. */
    List<Integer> tokens(AdapterExtras extras, String module) {
        if (module.equals(embedding) && extras.tokens().containsKey("")) {
            return extras.tokens().getOrDefault("", List.of());
        }
        return extras.tokens().entrySet().stream()
                .filter(e -> !e.getKey().isEmpty() && module.endsWith(e.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(List.of());
    }

    /** Whether the rows of tokens serve in embedding and head alike: the same tokens, or the embedding's alone. */
    boolean tokensAreTied(AdapterExtras extras) {
        List<Integer> ours = tokens(extras, embedding);
        List<Integer> heads = tokens(extras, head);
        return tied() && !ours.isEmpty() && (heads.isEmpty() || heads.equals(ours));
    }
}
