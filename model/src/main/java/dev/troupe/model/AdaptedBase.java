package dev.troupe.model;

import dev.troupe.model.AdapterTensors.Kind;
import dev.troupe.model.AdapterTensors.Part;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Works {@link AdapterParts} into the weights of a base, with the meaning that peft's layers have. */
final class AdaptedBase {
    private final AdapterParts parts;
    private final ModelFolder base;
    private final BaseModules modules;
    /** With a head of its own even where the base's is the embedding: then both names have the same tensor at first. */
    private final Map<String, HostTensor> weights;
    /** Whether a tied head is to stay what the embedding becomes. */
    private final boolean headFollows;

    AdaptedBase(AdapterParts parts, ModelFolder base) {
        this.parts = parts;
        this.base = base;
        this.modules = new BaseModules(base.config()
                .withScoreHead(base.config().scoreHead() || parts.extras().scoreHead()));
        this.weights = new LinkedHashMap<>(base.weights().tensors());
        this.headFollows = modules.tied() && parts.extras().tying() && headSaysTheSame();
        if (modules.tied()) {
            weights.put(modules.head() + ".weight", embedding());
        }
    }

    /** With {@code ensure_weight_tying} peft writes the head's tensors too: transposed, scaled by the head's alpha. */
    private boolean headSaysTheSame() {
        AdapterConfig config = parts.config();
        boolean alike = config.scaling(modules.head()) == config.scaling(modules.embedding());
        return parts.tensors().entrySet().stream()
                .filter(e -> modules.isHead(e.getKey()))
                .allMatch(e -> switch (e.getKey().kind()) {
                    case BASE, WHOLE -> true;
                    case A -> alike && isTurned(e.getValue(), Kind.EMBEDDING_B);
                    case B -> alike && isTurned(e.getValue(), Kind.EMBEDDING_A);
                    default -> false;
                });
    }

    private boolean isTurned(HostTensor tensor, Kind of) {
        HostTensor other = parts.tensors().get(new Part(modules.embedding(), of));
        return other != null && tensor.shape().length == 2 && sameNumbers(turned(tensor), other);
    }

    private HostTensor embedding() {
        return Objects.requireNonNull(weights.get(modules.embedding() + ".weight"));
    }

    ModelFolder worked() {
        new AdapterPartsCheck(parts, modules, weights).run();
        each(Kind.BASE, this::replace);
        each(Kind.WHOLE, this::replace);
        each(Kind.A, (module, a) -> lowRank(module, a, of(module, Kind.B)));
        each(Kind.EMBEDDING_A, (module, a) -> embeddingRank(module, a, of(module, Kind.EMBEDDING_B)));
        each(Kind.B_BIAS, this::addBias);
        each(Kind.TOKENS, this::rows);
        return result();
    }

    private void each(Kind kind, java.util.function.BiConsumer<String, HostTensor> work) {
        parts.tensors().forEach((part, tensor) -> {
            if (part.kind() == kind && !(headFollows && modules.isHead(part))) {
                work.accept(part.module(), tensor);
            }
        });
    }

    private HostTensor of(String module, Kind kind) {
        return Objects.requireNonNull(parts.tensors().get(new Part(module, kind)));
    }

    private HostTensor weight(String module) {
        return Objects.requireNonNull(weights.get(module + ".weight"));
    }

    private void replace(String name, HostTensor tensor) {
        if (!sameNumbers(tensor, Objects.requireNonNull(weights.get(name)))) {
            weights.put(name, tensor);
        }
    }

    static boolean sameNumbers(HostTensor a, HostTensor b) {
        return Arrays.equals(HalfFloats.floats(a), HalfFloats.floats(b));
    }

    private void lowRank(String module, HostTensor a, HostTensor b) {
        HostTensor sum =
                AdapterMerge.add(weight(module), a, b, (float) parts.config().scaling(module));
        HostTensor magnitudes = parts.tensors().get(new Part(module, Kind.MAGNITUDE));
        weights.put(module + ".weight", magnitudes == null ? sum : Magnitudes.ofRows(sum, magnitudes));
    }

    /** The embedding is W + scaling * (B A) turned: A is [r, tokens], B [hidden, r]. */
    private void embeddingRank(String module, HostTensor a, HostTensor b) {
        HostTensor sum = AdapterMerge.add(
                weight(module), turned(b), turned(a), (float) parts.config().scaling(module));
        HostTensor magnitudes = parts.tensors().get(new Part(module, Kind.MAGNITUDE));
        weights.put(module + ".weight", magnitudes == null ? sum : Magnitudes.ofColumns(sum, magnitudes));
    }

    private static HostTensor turned(HostTensor matrix) {
        float[] from = matrix.floats();
        int rows = Math.toIntExact(matrix.shape()[0]);
        int columns = Math.toIntExact(matrix.shape()[1]);
        float[] to = new float[from.length];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                to[c * rows + r] = from[r * columns + c];
            }
        }
        return HostTensor.ofFloats(to, columns, rows);
    }

    private void addBias(String module, HostTensor bias) {
        float[] sum = HalfFloats.floats(Objects.requireNonNull(weights.get(module + ".bias")));
        float[] more = bias.floats();
        float scaling = (float) parts.config().scaling(module);
        for (int i = 0; i < sum.length; i++) {
            sum[i] += scaling * more[i];
        }
        weights.put(module + ".bias", HostTensor.ofFloats(sum, bias.shape()));
    }

    private void rows(String module, HostTensor rows) {
        HostTensor matrix = weight(module);
        float[] values = HalfFloats.floats(matrix);
        float[] fresh = rows.floats();
        int width = Math.toIntExact(matrix.shape()[1]);
        List<Integer> ids = modules.tokens(parts.extras(), module);
        for (int i = 0; i < ids.size(); i++) {
            System.arraycopy(fresh, i * width, values, ids.get(i) * width, width);
        }
        weights.put(module + ".weight", HostTensor.ofFloats(values, matrix.shape()));
    }

    private ModelFolder result() {
        ModelConfig config = base.config();
        if (modules.tied()) {
            String head = modules.head() + ".weight";
            boolean follows = headFollows || modules.tokensAreTied(parts.extras());
            if (follows || weights.get(head) == embedding()) {
                weights.remove(head);
            } else {
                config = config.withTied(false);
            }
        }
        Map<String, HostTensor> ordered = new LinkedHashMap<>();
        boolean changed = false;
        for (String name : new WeightLayout(config).tensors().keySet()) {
            HostTensor tensor = Objects.requireNonNull(weights.get(name));
            changed |= base.weights().tensors().get(name) != tensor;
            ordered.put(name, tensor);
        }
        return changed ? new ModelFolder(base.path(), config, TensorSet.of(ordered)) : base;
    }
}
