package dev.troupe.deploy.cli;

import dev.troupe.deploy.settings.Models;
import dev.troupe.deploy.settings.SettingsException;
import dev.troupe.model.AdapterFolder;
import dev.troupe.model.HalfFloats;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.gguf.GgufWriter;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.DataType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code troupe convert}. */
@Command(
        name = "convert",
        mixinStandardHelpOptions = true,
        header = "Write a model as a Hugging Face folder or as a GGUF file.",
        footer = {
            "",
            "Example: a trained policy for llama.cpp, and a GGUF file as a folder:",
            "  troupe convert --model runs/first --to gguf --out first-gguf --dtype q8_0",
            "  troupe convert --model smollm2.gguf --to hf --out smollm2 --dtype bf16"
        })
final class ConvertCommand implements Callable<Integer> {
    private static final Map<String, DataType> FOLDER_TYPES = new TreeMap<>(
            Map.of("fp32", DataType.DATA_TYPE_F32, "f16", DataType.DATA_TYPE_F16, "bf16", DataType.DATA_TYPE_BF16));
    private static final Map<String, GgufWriter.Dtype> FILE_TYPES = new TreeMap<>(
            Map.of("f16", GgufWriter.Dtype.F16, "bf16", GgufWriter.Dtype.BF16, "q8_0", GgufWriter.Dtype.Q8_0));

    /** Name of the file that {@code --to gguf} writes. */
    private static final String FILE = "model.gguf";

    @Mixin
    private IgnoredKeys ignored = new IgnoredKeys();

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "SRC",
            description = "A Hugging Face folder, a .gguf file, a run, a checkpoint, or the name of a shipped model.")
    private String model;

    @Option(names = "--to", required = true, paramLabel = "hf|gguf", description = "What to write.")
    private String to;

    @Option(
            names = "--out",
            required = true,
            paramLabel = "DIR",
            description = "The folder; with --to gguf the file " + FILE + " in it. It must not hold a model yet.")
    private Path out;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            description = "hf: fp32, f16, bf16; gguf: f16, bf16, q8_0. Default: fp32, for gguf f16.")
    private @Nullable String dtype;

    @Option(
            names = "--merge",
            paramLabel = "ADAPTER",
            description = "A peft folder, or a run of adapters: its adapter is worked into the weights.")
    private @Nullable String merge;

    @Override
    public Integer call() {
        if (Files.exists(out.resolve("config.json")) || Files.exists(out.resolve(FILE))) {
            throw new SettingsException("--out " + out + " holds a model already; expected an empty or new folder");
        }
        Path written = switch (to) {
            case "hf" -> folder(chosen(FOLDER_TYPES, "fp32"));
            case "gguf" -> file(chosen(FILE_TYPES, "f16"));
            default -> throw new SettingsException("--to " + to + ": expected hf or gguf");
        };
        spec.commandLine().getOut().println("written: " + written);
        return 0;
    }

    private <T> T chosen(Map<String, T> types, String otherwise) {
        String name = dtype == null ? otherwise : dtype;
        T type = types.get(name);
        if (type == null) {
            throw new SettingsException(
                    "--dtype " + name + " with --to " + to + ": expected one of " + String.join(", ", types.keySet()));
        }
        return type;
    }

    private ModelFolder source() {
        ModelFolder source = ModelFolder.open(Models.folder("--model", model), ignored.keys());
        return merge == null
                ? source
                : source.merged(AdapterFolder.open(Models.folder("--merge", merge), ignored.keys()));
    }

    private Path folder(DataType type) {
        ModelFolder source = source();
        TensorSet weights = HalfFloats.as(type, source.weights());
        ModelFolder.save(out, source.config(), weights, source.path());
        return out;
    }

    private Path file(GgufWriter.Dtype type) {
        ModelFolder source = source();
        try {
            Files.createDirectories(out);
        } catch (IOException e) {
            throw new SettingsException("--out " + out + " cannot be made: " + e, e);
        }
        GgufWriter.write(out.resolve(FILE), source, type);
        return out.resolve(FILE);
    }
}
