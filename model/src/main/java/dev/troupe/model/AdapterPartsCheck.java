package dev.troupe.model;

import dev.troupe.model.AdapterTensors.Kind;
import dev.troupe.model.AdapterTensors.Part;
import dev.troupe.proto.HostTensor;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Holds what an adapter's file has beside its low-rank matrices of the layers against its configuration and its base:
 * what the configuration does not explain is refused by name, and so is what it asks for and the file lacks.
 */
final class AdapterPartsCheck {
    private static final String SCORE = module(WeightLayout.SCORE);

    private final AdapterParts parts;
    private final AdapterConfig config;
    private final AdapterExtras extras;
    private final BaseModules modules;
    private final Map<String, HostTensor> weights;

    /** @param weights of the base, with a head of its own */
    AdapterPartsCheck(AdapterParts parts, BaseModules modules, Map<String, HostTensor> weights) {
        this.parts = parts;
        this.config = parts.config();
        this.extras = parts.extras();
        this.modules = modules;
        this.weights = weights;
    }

    void run() {
        parts.tensors().forEach(this::explained);
        requireWhole();
        requireBiases();
        requireLowRank();
        requireTokens();
        requireTie();
    }

    private ModelException refusal(String why) {
        return new ModelException(parts.source() + ": " + why);
    }

    private ModelException unexplained(Part part, String why) {
        return refusal("tensor " + part.fileName() + " is not what the configuration says: " + why
                + ". It was made for another base model or with other settings");
    }

    private void explained(Part part, HostTensor tensor) {
        if (modules.headIsNormalised() && modules.isHead(part)) {
            throw refusal("tensor " + part.fileName() + " changes a head whose rows are normalised; that is not"
                    + " supported. Merge the adapter with peft");
        }
        switch (part.kind()) {
            case BASE -> shape(part, tensor, known(part));
            case WHOLE -> whole(part, tensor);
            case TOKENS -> {
                List<Integer> ids = modules.tokens(extras, part.module());
                if (ids.isEmpty()) {
                    throw unexplained(part, "trainable_token_indices names no tokens of " + part.module());
                }
                shape(part, tensor, new long[] {ids.size(), known(part)[1]});
            }
            case MAGNITUDE -> {
                if (!extras.dora()) {
                    throw unexplained(part, "use_dora is not set");
                }
                adapted(part);
                shape(part, tensor, new long[] {known(part)[isEmbedding(part) ? 1 : 0]});
            }
            case B_BIAS -> {
                adapted(part);
                if (!extras.loraBias()) {
                    throw unexplained(part, "lora_bias is not set");
                }
                if (!weights.containsKey(part.module() + ".bias")) {
                    throw refusal(
                            "lora_bias: " + part.module() + " has no bias here that the adapter's could be added to."
                                    + " Merge the adapter with peft");
                }
                shape(part, tensor, new long[] {known(part)[0]});
            }
            default -> {
                adapted(part);
                shape(part, tensor, lowRankShape(part));
            }
        }
    }

    private boolean isEmbedding(Part part) {
        return part.module().equals(modules.embedding());
    }

    private long[] lowRankShape(Part part) {
        boolean wanted = part.kind() == Kind.EMBEDDING_A || part.kind() == Kind.EMBEDDING_B;
        if (wanted != isEmbedding(part)) {
            throw unexplained(part, part.module() + (wanted ? " is not the embedding" : " is the embedding"));
        }
        long[] matrix = known(part);
        int r = config.rank(part.module());
        return switch (part.kind()) {
            case A -> new long[] {r, matrix[1]};
            case B -> new long[] {matrix[0], r};
            case EMBEDDING_A -> new long[] {r, matrix[0]};
            default -> new long[] {matrix[1], r};
        };
    }

    /** Shape of the base's tensor that a part works on. */
    private long[] known(Part part) {
        boolean named = part.kind() == Kind.WHOLE || part.kind() == Kind.BASE;
        HostTensor tensor = weights.get(named ? part.module() : part.module() + ".weight");
        if (tensor == null) {
            throw unexplained(part, "the base has no " + part.module());
        }
        return tensor.shape();
    }

    private void shape(Part part, HostTensor tensor, long[] expected) {
        if (!Arrays.equals(tensor.shape(), expected)) {
            String grown = part.module().startsWith(modules.embedding()) || modules.isHead(part)
                    ? ". An adapter over a vocabulary that was enlarged needs its base with as many rows"
                    : "";
            throw refusal("tensor " + part.fileName() + " is " + Arrays.toString(tensor.shape()) + "; expected "
                    + Arrays.toString(expected) + " after configuration and base" + grown);
        }
    }

    /** The head that scores is always there whole. */
    private boolean isAdapted(String module) {
        if (module.equals(SCORE)) {
            return false;
        }
        boolean follows = extras.tying() && modules.tied() && module.equals(modules.head());
        String named = follows ? modules.embedding() : module;
        return config.targets().contain(named, modules.linear().getOrDefault(named, Set.of()));
    }

    private void adapted(Part part) {
        if (!isAdapted(part.module())) {
            throw unexplained(part, "its module is not among the targets");
        }
    }

    private void whole(Part part, HostTensor tensor) {
        shape(part, tensor, known(part));
        boolean ofBias = part.module().endsWith(".bias") && biasComesAlong(part.module());
        boolean tiedToo = extras.tying() && modules.tied() && modules.isHead(part);
        if (!ofBias
                && !tiedToo
                && !isSaved(part.module())
                && !AdaptedBase.sameNumbers(tensor, Objects.requireNonNull(weights.get(part.module())))) {
            throw unexplained(part, "it differs from the base's and modules_to_save does not name it");
        }
    }

    /** peft takes the modules whose names end with one of {@code modules_to_save}, with all that is in them. */
    private boolean isSaved(String tensor) {
        for (int dot = tensor.indexOf('.'); dot >= 0; dot = tensor.indexOf('.', dot + 1)) {
            String module = tensor.substring(0, dot);
            if (config.targets().saved().stream().anyMatch(module::endsWith)) {
                return true;
            }
        }
        return false;
    }

    private boolean has(String module, Kind kind) {
        return parts.tensors().containsKey(new Part(module, kind));
    }

    private void require(boolean there, String key, Part part) {
        if (!there) {
            throw refusal(key + ", and tensor " + part.fileName() + " is missing");
        }
    }

    private void requireWhole() {
        for (String name : modules.tensors().keySet()) {
            if (isSaved(name) && !name.startsWith("score.")) {
                require(
                        has(name, Kind.WHOLE),
                        "modules_to_save = " + config.targets().saved(),
                        new Part(name, Kind.WHOLE));
            }
        }
    }

    private static String module(String tensor) {
        return tensor.substring(0, tensor.lastIndexOf('.'));
    }

    private boolean biasComesAlong(String tensor) {
        return extras.bias().equals("all") || extras.bias().equals("lora_only") && isAdapted(module(tensor));
    }

    private void requireBiases() {
        for (String name : modules.tensors().keySet()) {
            if (!name.endsWith(".bias")) {
                continue;
            }
            boolean ofAdapted = isAdapted(module(name));
            if (biasComesAlong(name)) {
                require(
                        has(name, Kind.WHOLE) || has(name, Kind.BASE),
                        "bias = " + extras.bias(),
                        new Part(name, ofAdapted ? Kind.BASE : Kind.WHOLE));
            }
        }
    }

    private void requireLowRank() {
        Set<String> all = new HashSet<>(Set.of(modules.embedding(), modules.head()));
        if (extras.dora()) {
            all.addAll(modules.linear().keySet());
        }
        for (String module : all) {
            boolean ofEmbedding = module.equals(modules.embedding());
            boolean follows = extras.tying() && modules.tied() && module.equals(modules.head());
            if (isAdapted(module) && !follows) {
                List<Kind> kinds = ofEmbedding ? List.of(Kind.EMBEDDING_A, Kind.EMBEDDING_B) : List.of(Kind.A, Kind.B);
                kinds.forEach(k -> require(has(module, k), "targets name " + module, new Part(module, k)));
                Part lengths = new Part(module, Kind.MAGNITUDE);
                require(!extras.dora() || has(module, Kind.MAGNITUDE), "use_dora = true", lengths);
            }
        }
        for (String module : extras.loraBias() ? modules.linear().keySet() : Set.<String>of()) {
            require(!isAdapted(module) || has(module, Kind.B_BIAS), "lora_bias = true", new Part(module, Kind.B_BIAS));
        }
    }

    private void requireTokens() {
        for (Map.Entry<String, List<Integer>> e : extras.tokens().entrySet()) {
            String module = e.getKey().isEmpty() || modules.embedding().endsWith(e.getKey())
                    ? modules.embedding()
                    : modules.head();
            if (!module.endsWith(e.getKey())) {
                throw refusal("trainable_token_indices names " + e.getKey() + "; expected " + modules.embedding()
                        + " or " + modules.head());
            }
            long rows = Objects.requireNonNull(weights.get(module + ".weight")).shape()[0];
            for (int id : e.getValue()) {
                if (id < 0 || id >= rows) {
                    throw refusal("trainable_token_indices has token " + id + "; expected 0 to " + (rows - 1));
                }
            }
            boolean follows = module.equals(modules.head()) && modules.tokensAreTied(extras);
            require(
                    e.getValue().isEmpty() || follows || has(module, Kind.TOKENS),
                    "trainable_token_indices",
                    new Part(module, Kind.TOKENS));
            requireAlone(module);
            if (modules.tokensAreTied(extras)) {
                requireAlone(modules.head());
            }
        }
    }

    private void requireAlone(String module) {
        if (isAdapted(module) || isSaved(module + ".weight")) {
            throw refusal("trainable_token_indices and another adapter on " + module
                    + " at once are not supported. Merge the adapter with peft");
        }
    }

    /** With {@code ensure_weight_tying} a tied head that is there whole is the embedding. */
    private void requireTie() {
        Part head = new Part(modules.head() + ".weight", Kind.WHOLE);
        HostTensor tensor = parts.tensors().get(head);
        if (!extras.tying() || !modules.tied() || tensor == null) {
            return;
        }
        Part embedding = new Part(modules.embedding() + ".weight", Kind.WHOLE);
        HostTensor same = parts.tensors().get(embedding);
        if (same == null || !AdaptedBase.sameNumbers(tensor, same)) {
            throw refusal("ensure_weight_tying = true, but tensor " + head.fileName() + " is not what "
                    + embedding.fileName() + " says");
        }
    }
}
