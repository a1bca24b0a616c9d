package dev.troupe.deploy.cli;

import dev.troupe.data.sources.Dialogue;
import dev.troupe.data.sources.JsonLines;
import dev.troupe.data.sources.Prompt;
import dev.troupe.data.sources.RowFiles;
import dev.troupe.data.sources.RowNotes;
import dev.troupe.deploy.eval.PromptTokens;
import dev.troupe.deploy.eval.Sampler;
import dev.troupe.deploy.report.Json;
import dev.troupe.deploy.settings.SettingsException;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.ChatFormat;
import dev.troupe.model.Dtype;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.SamplingConfig;
import dev.troupe.model.TokenRow;
import dev.troupe.model.Tokenizer;
import dev.troupe.rollout.Completion;
import dev.troupe.rollout.EndOfText;
import dev.troupe.rollout.SampleRequest;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code troupe generate}. */
@Command(
        name = "generate",
        mixinStandardHelpOptions = true,
        header = "Let a model complete prompts.",
        footer = {
            "",
            "Example: a story, then the likeliest continuation as JSON:",
            "  troupe generate --model stories --prompt \"Once upon a time\" --seed 3",
            "  troupe generate --model stories --prompt \"Once upon a time\" --temperature 0 --json",
            "and an answer of a model that was trained on dialogues:",
            "  troupe generate --model smollm2.gguf --chat --prompt \"What is the capital of France?\" --temperature 0"
        })
final class GenerateCommand implements Callable<Integer> {
    private static final int SLOTS = 32;

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

    @ArgGroup(multiplicity = "1")
    private Prompts prompts = new Prompts();

    /** Where prompts come from. */
    static final class Prompts {
        @Option(names = "--prompt", paramLabel = "TEXT", description = "The text to complete.")
        private @Nullable String prompt;

        @Option(
                names = "--input",
                paramLabel = "FILE.jsonl",
                description = "Lines with a \"prompt\", \"messages\" or another shape of data.prompts, or with"
                        + " \"input_ids\"; plain or .gz. Dialogues go through the chat template; one in \"prompt\" that"
                        + " ends with the assistant's turn is gone on with. Other keys are ignored.")
        private @Nullable Path input;
    }

    @Option(
            names = "--chat",
            description = "A prompt is what a user says: it is put into the model's chat template. Only the answer is"
                    + " printed.")
    private boolean chat;

    @Option(
            names = "--template",
            paramLabel = "NAME",
            defaultValue = "",
            description = "The chat template of dialogues: one of the model's or of the known ones, or a .jinja file."
                    + " Default: the model's own, or chatml.")
    private String template = "";

    @Option(names = "--max-new-tokens", paramLabel = "N", defaultValue = "128", description = "Default: 128.")
    private int maxNewTokens;

    @Option(names = "--temperature", paramLabel = "T", defaultValue = "1.0", description = "0 is greedy. Default: 1.")
    private double temperature;

    @Option(names = "--top-p", paramLabel = "P", defaultValue = "1.0", description = "Default: 1, off.")
    private double topP;

    @Option(names = "--top-k", paramLabel = "K", defaultValue = "0", description = "Default: 0, off.")
    private int topK;

    @Option(names = "--min-p", paramLabel = "P", defaultValue = "0.0", description = "Default: 0, off.")
    private double minP;

    @Option(names = "--repetition-penalty", paramLabel = "R", defaultValue = "1.0", description = "Default: 1, off.")
    private double repetitionPenalty;

    @Option(names = "--stop", paramLabel = "TEXT", description = "A text that ends a completion; may be repeated.")
    private List<String> stop = new ArrayList<>();

    @Option(names = "--seed", paramLabel = "S", defaultValue = "0", description = "Default: 0.")
    private long seed;

    @Option(
            names = "--json",
            description = "A line a completion: prompt_ids, ids, text, logprobs (of logits / temperature; plain at 0),"
                    + " finish_reason.")
    private boolean json;

    @Override
    public Integer call() {
        SamplingConfig sampling = sampling();
        if (prompts.input == null && !chat && !template.isEmpty()) {
            throw new SettingsException("--template " + template + ": expected --chat beside it");
        }
        PrintWriter out = spec.commandLine().getOut();
        try (LoadedModel loaded = LoadedModel.open(
                "--model", model, adapter, null, Dtype.FP32, ignored.keys(), ChatFormat.named(template))) {
            ModelConfig config = loaded.folder().config();
            List<InputRow> rows = rows(loaded.tokenizer(), config);
            List<SampleRequest> requests = requests(rows, config);
            if (rows.stream().anyMatch(row -> !row.dialogue().isEmpty())) {
                noticeAnswersWithoutEnd(loaded.tokenizer());
            }
            EndOfText end = new EndOfText(config.eosIds(), stop, loaded.tokenizer());
            int slots = Math.min(SLOTS, requests.size());
            List<Completion> completions = loaded.thread()
                    .call(() -> Sampler.complete(loaded.form(), loaded.tensors(), requests, sampling, end, slots));
            for (int i = 0; i < rows.size(); i++) {
                Completion completion = completions.get(i);
                out.println(
                        json
                                ? line(completion, loaded.tokenizer())
                                : text(completion, rows.get(i), loaded.tokenizer()));
            }
            out.flush();
        }
        return 0;
    }

    private void noticeAnswersWithoutEnd(Tokenizer tokenizer) {
        if (!tokenizer.templateEndsAnswers()) {
            PrintWriter err = spec.commandLine().getErr();
            err.println("note: the chat template of " + model + " does not end an answer with the end token: a model"
                    + " trained on it may never stop");
            err.flush();
        }
    }

    private SamplingConfig sampling() {
        if (maxNewTokens < 1) {
            throw new SettingsException("--max-new-tokens " + maxNewTokens + ": expected at least 1");
        }
        try {
            return new SamplingConfig(temperature, topK, topP, minP, repetitionPenalty, false);
        } catch (IllegalArgumentException e) {
            throw new SettingsException(String.valueOf(e.getMessage()), e);
        }
    }

    private List<SampleRequest> requests(List<InputRow> rows, ModelConfig config) {
        List<SampleRequest> requests = new ArrayList<>();
        for (InputRow row : rows) {
            int length = row.ids().length;
            if (length == 0) {
                throw new SettingsException(row.where() + ": the prompt has no tokens; expected at least one");
            }
            if (length >= config.maxPositions()) {
                throw new SettingsException(row.where() + ": the prompt has " + length
                        + " tokens, longer than the model's context of " + config.maxPositions()
                        + " with room for one more");
            }
            int room = Math.min(maxNewTokens, config.maxPositions() - length);
            requests.add(SampleRequest.of(new TrajectoryId(requests.size(), 0), seed, row.ids(), room));
        }
        return requests;
    }

    private List<InputRow> rows(Tokenizer tokenizer, ModelConfig config) {
        if (prompts.input == null) {
            return List.of(row("--prompt", new Prompt(0, String.valueOf(prompts.prompt)), tokenizer));
        }
        RowNotes notes = new RowNotes();
        List<InputRow> rows = JsonLines.read(prompts.input, row -> {
            int[] ids = InputRows.ids(row, config.vocabulary());
            String where = row.place().toString();
            return ids == null
                    ? row(where, RowFiles.prompt(row, notes), tokenizer)
                    : new InputRow(where, ids, Dialogue.NONE);
        });
        if (!template.isEmpty() && rows.stream().allMatch(row -> row.dialogue().isEmpty())) {
            throw new SettingsException("--template " + template + ": no row of " + prompts.input
                    + " is a dialogue; expected --chat beside it, which makes dialogues of texts");
        }
        InputRows.say(prompts.input, notes, rows, tokenizer, spec.commandLine().getErr());
        return rows;
    }

    /** With --chat a text is what a user says; a dialogue goes through the chat template anyway. */
    private InputRow row(String where, Prompt prompt, Tokenizer tokenizer) {
        Prompt asked = chat ? prompt.asUser() : prompt;
        return new InputRow(where, PromptTokens.of(asked, tokenizer), asked.dialogue());
    }

    private static String text(Completion completion, InputRow row, Tokenizer tokenizer) {
        if (!row.dialogue().isEmpty()) {
            return tokenizer.decode(completion.ids());
        }
        return tokenizer.decode(
                TokenRow.of(completion.request().prompt(), completion.ids()).ids());
    }

    private static String line(Completion completion, Tokenizer tokenizer) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("prompt_ids", completion.request().prompt());
        line.put("ids", completion.ids());
        line.put("text", tokenizer.decode(completion.ids()));
        line.put("logprobs", completion.logprobs());
        line.put(
                "finish_reason",
                completion.finishReason().name().replace("FINISH_REASON_", "").toLowerCase(Locale.ROOT));
        return Json.line(line);
    }
}
