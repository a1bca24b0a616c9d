package dev.troupe.deploy.cli;

import dev.troupe.data.sources.JsonLines;
import dev.troupe.data.sources.RowNotes;
import dev.troupe.deploy.report.Json;
import dev.troupe.deploy.settings.SettingsException;
import dev.troupe.model.ChatFormat;
import dev.troupe.model.Decoder;
import dev.troupe.model.Dtype;
import dev.troupe.model.TokenRow;
import dev.troupe.model.TopTokens;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code troupe logprobs}. */
@Command(
        name = "logprobs",
        mixinStandardHelpOptions = true,
        header = "Plain log-probability of each token after the first.",
        description = {
            "Lines in: {\"input_ids\":[...]}, {\"prompt\":...,\"completion\":...}, {\"text\":...} or {\"messages\":[...]};"
                    + " plain or .gz. Prompt and completion are tokenised apart and joined, the begin token as the"
                    + " tokenizer sets it; turns go through the chat template, with the row's tools and"
                    + " chat_template_kwargs. Other keys are ignored.",
            "Lines out, in order: {\"input_ids\":[...],\"logprobs\":[...]}; with --top also"
                    + " \"top\":[[[id,logprob],...],...]."
        },
        footer = {"", "Example:", "  troupe logprobs --model stories --input texts.jsonl --top 5"})
final class LogprobsCommand implements Callable<Integer> {
    private static final int ROWS = 16;

    @Mixin
    private IgnoredKeys ignored = new IgnoredKeys();

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR",
            description = "A Hugging Face folder, a .gguf file, a run, a checkpoint, or the name of a shipped model.")
    private String model;

    @Option(names = "--adapter", paramLabel = "DIR", description = "A peft folder with an adapter for the model.")
    private @Nullable String adapter;

    @Option(
            names = "--quantize",
            paramLabel = "nf4",
            description = "Keep the layers' matrices in four bits, as bitsandbytes does with double quantisation.")
    private @Nullable String quantize;

    @Option(names = "--input", required = true, paramLabel = "FILE.jsonl", description = "Texts or token ids.")
    private Path input;

    @Option(names = "--top", paramLabel = "N", description = "Also the N likeliest tokens at each place.")
    private int top;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            defaultValue = "fp32",
            converter = DtypeOption.class,
            description = "Number format of the matrices, fp32 or bf16. Default: fp32.")
    private Dtype dtype = Dtype.FP32;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        if (quantize != null && dtype != Dtype.FP32) {
            throw new SettingsException("--quantize " + quantize + " says how matrices are held: leave --dtype out");
        }
        try (LoadedModel loaded =
                LoadedModel.open("--model", model, adapter, quantize, dtype, ignored.keys(), ChatFormat.OWN)) {
            int vocabulary = loaded.folder().config().vocabulary();
            if (top < 0 || top > vocabulary) {
                throw new SettingsException("--top " + top + ": expected at most the vocabulary, " + vocabulary);
            }
            RowNotes notes = new RowNotes();
            List<InputRow> read =
                    JsonLines.read(input, row -> InputRows.scored(row, notes, loaded.tokenizer(), vocabulary));
            InputRows.say(
                    input, notes, read, loaded.tokenizer(), spec.commandLine().getErr());
            List<int[]> rows = read.stream().map(InputRow::ids).toList();
            loaded.thread().run(() -> print(loaded, rows, out));
        }
        return 0;
    }

    private void print(LoadedModel loaded, List<int[]> rows, PrintWriter out) {
        try (Decoder decoder = loaded.decoder()) {
            for (int from = 0; from < rows.size(); from += ROWS) {
                List<int[]> some = rows.subList(from, Math.min(from + ROWS, rows.size()));
                List<float[]> logprobs = decoder.logprobs(
                        some.stream().map(ids -> new TokenRow(ids, 1)).toList(), 1.0, ROWS);
                for (int i = 0; i < some.size(); i++) {
                    Map<String, Object> line = new LinkedHashMap<>();
                    line.put("input_ids", some.get(i));
                    line.put("logprobs", logprobs.get(i));
                    if (top > 0) {
                        line.put("top", top(decoder, some.get(i)));
                    }
                    out.println(Json.line(line));
                }
                out.flush();
            }
        }
    }

    private List<List<List<Number>>> top(Decoder decoder, int[] ids) {
        return TopTokens.of(decoder, ids, top).stream()
                .map(place -> place.stream()
                        .map(c -> List.<Number>of(c.id(), c.logprob()))
                        .toList())
                .toList();
    }
}
