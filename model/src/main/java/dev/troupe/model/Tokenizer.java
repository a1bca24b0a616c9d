package dev.troupe.model;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.troupe.experience.Sequence;
import dev.troupe.model.jinja.Rendered;
import dev.troupe.model.pieces.PieceText;
import dev.troupe.model.pieces.PieceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A tokenizer.json and the special tokens of the folder it lies in. Safe for use by several threads. */
public final class Tokenizer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Tokenizer.class);
    /** Of these it was said already: several actors open the tokenizer of one model. */
    private static final Set<String> PADDED_WITH_EOS = ConcurrentHashMap.newKeySet();

    private final HuggingFaceTokenizer tokenizer;
    private final String sha256;
    private final Vocabulary vocabulary;
    private final int bosId;
    private final int eosId;
    private final int padId;
    private final Surrounding surrounding;

    private final TokenizerFiles files;
    private final String source;
    private final ChatFormat format;
    private final Map<String, ChatTemplate> chats = new ConcurrentHashMap<>();
    private volatile @Nullable String foreign;

    private Tokenizer(Path folder, ChatFormat format) {
        this.files = TokenizerFiles.of(folder);
        this.source = folder.toString();
        this.format = format;
        byte[] bytes = files.tokenizer();
        this.sha256 = sha256(bytes);
        this.vocabulary = files.vocabulary();
        this.bosId = vocabulary.id(files.special("bos_token"));
        this.eosId = files.specials().id("eos_token", vocabulary);
        this.padId = padding(files.specials().id("pad_token", vocabulary));
        Libtorch.silence();
        this.tokenizer = open(files.pieces() == null ? bytes : PieceTokenizer.ofNormalized(bytes));
        this.surrounding = surrounding();
    }

    private Surrounding surrounding() {
        String probe = "a";
        try {
            ids(probe, true);
        } catch (RuntimeException e) {
            probe = ""; // a vocabulary of words that has none for what it does not know
        }
        return Surrounding.of(ids(probe, true), ids(probe, false), bosId, eosId);
    }

    private static HuggingFaceTokenizer open(byte[] bytes) {
        try {
            return HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(bytes), Map.of("truncation", "false", "padding", "false"));
        } catch (IOException e) {
            throw new ModelException("the tokenizer.json cannot be read: " + e.getMessage(), e);
        }
    }

    /** A model without a padding token is padded with its end token, as TRL does. */
    private int padding(int named) {
        if (named < 0 && eosId >= 0 && PADDED_WITH_EOS.add(sha256)) {
            LOG.warn("{} names no padding token: its end token {} pads, as in TRL", source, eosId);
        }
        return named < 0 ? eosId : named;
    }

    /** Opens the tokenizer of a model folder or a GGUF file; an error names the file and the reason. */
    public static Tokenizer open(Path folder) {
        return open(folder, ChatFormat.OWN);
    }

    /** As above, with dialogues written in a format. */
    public static Tokenizer open(Path folder, ChatFormat format) {
        try {
            return new Tokenizer(folder, format);
        } catch (ModelException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new ModelException("cannot read the tokenizer of " + folder + ": " + e.getMessage(), e);
        }
    }

    /** How a dialogue without tools becomes one text: {@link #chatTemplate(boolean)}. */
    public ChatTemplate chatTemplate() {
        return chatTemplate(false);
    }

    /**
     * How a dialogue becomes one text: by the template that was asked for, or the model's own. A model without one
     * takes chatml, which is logged once.
     *
     * @param tools whether the dialogue comes with tools, for which a model may have a template of its own
     */
    public ChatTemplate chatTemplate(boolean tools) {
        TemplateChoice choice = TemplateChoice.of(format.template(), files.templates(), tools, source);
        return chats.computeIfAbsent(choice.template(), text -> {
            choice.log(source, vocabulary, files.special("eos_token"));
            foreign = choice.own() ? foreign : text;
            return new ChatTemplate(text, files.specials().named(), source).at(format.date());
        });
    }

    /** How this dialogue becomes one text: {@link #chatTemplate(boolean)}. */
    public ChatTemplate chatTemplate(Dialogue dialogue) {
        return chatTemplate(!dialogue.tools().isEmpty());
    }

    /**
     * Whether an answer in the chat template ends with the end token: where it does not, a model that learns from
     * rendered dialogues never learns to stop.
     */
    public boolean templateEndsAnswers() {
        return chatTemplate().endsAnswersWith(files.special("eos_token"));
    }

    /** The template that dialogues were written in, where it is not the model's own; otherwise null. */
    public @Nullable String foreignTemplate() {
        return foreign;
    }

    /**
     * Writes the tokenizer's files into a folder that exists, with the chat template that dialogues were written in as
     * the default.
     */
    public void save(Path folder) {
        try {
            TokenizerFiles.copy(Path.of(source), folder);
            String foreign = foreignTemplate();
            if (foreign != null) {
                Files.writeString(folder.resolve(ChatTemplates.FILE), foreign);
                Files.deleteIfExists(folder.resolve(ChatTemplates.FOLDER).resolve(ChatTemplates.DEFAULT + ".jinja"));
            }
        } catch (IOException e) {
            throw new ModelException("cannot write the tokenizer of " + source + " to " + folder + ": " + e, e);
        }
    }

    /**
     * A dialogue as the token ids that the model was trained on: special tokens in the rendered text are read as such,
     * and none is added around it.
     */
    public int[] encode(List<ChatMessage> messages, boolean addGenerationPrompt) {
        return encode(new Dialogue(messages), addGenerationPrompt);
    }

    /** As of turns alone, with tools and what else the template reads. */
    public int[] encode(Dialogue dialogue, boolean addGenerationPrompt) {
        return encode(chatTemplate(dialogue).render(dialogue, addGenerationPrompt), false);
    }

    /** A prompt up to where the model writes, as {@link ChatTemplate#prompt} says. */
    public int[] encodePrompt(Dialogue dialogue) {
        return encode(chatTemplate(dialogue).prompt(dialogue), false);
    }

    /**
     * A whole dialogue, of which the assistant's turns are trained, with what ends them: what the template's
     * {@code generation} tags enclose, or what follows the text that makes the model answer.
     *
     * @throws ModelException when the template refuses the dialogue, or hides where its turns are
     */
    public Sequence trained(Dialogue dialogue) {
        ChatTemplate template = chatTemplate(dialogue);
        Rendered whole = template.rendered(dialogue, false);
        int[] ids = encode(whole.text(), false);
        boolean[] trained = new boolean[ids.length];
        for (Rendered.Range range :
                new AssistantTurns(template, dialogue, whole, files.special("eos_token")).ranges()) {
            int to = range.end() == whole.text().length() ? ids.length : tokensOf(ids, whole.text(), range.end());
            Arrays.fill(trained, Math.max(1, Math.min(to, tokensOf(ids, whole.text(), range.start()))), to, true);
        }
        return new Sequence(ids, trained);
    }

    /**
     * A dialogue that answers a prompt, of which what follows the prompt is trained.
     *
     * @param prompt the first turns; the last may be the beginning of the answer
     * @throws ModelException when the template refuses the dialogue, or writes the prompt otherwise before its answer
     */
    public Sequence answered(Dialogue prompt, Dialogue dialogue) {
        ChatTemplate template = chatTemplate(dialogue);
        Rendered whole = template.rendered(dialogue, false);
        int[] ids = encode(whole.text(), false);
        int answer = new AssistantTurns(template, dialogue, whole, files.special("eos_token")).answer(prompt);
        return Sequence.after(tokensOf(ids, whole.text(), answer), ids);
    }

    /**
     * How many of a text's tokens are those of its beginning. A token that begins before the border and ends behind it
     * is none of them.
     *
     * @param ids of the whole text, encoded as this method does, without special tokens around it
     */
    private int tokensOf(int[] ids, String text, int chars) {
        return shared(ids, encode(text.substring(0, chars), false));
    }

    /** How many ids two rows have in common at their begin. */
    public static int shared(int[] a, int[] b) {
        int differing = Arrays.mismatch(a, b);
        return differing < 0 ? a.length : differing;
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    /**
     * Text to ids. Bos is there once at most, whether the text or the tokenizer puts it in front.
     *
     * @param addSpecial whether to put in front of the text what the tokenizer does (bos, usually). The end token of a
     *     tokenizer that adds one is left out: see {@link #ended}.
     */
    public int[] encode(String text, boolean addSpecial) {
        PieceText pieces = files.pieces();
        int[] ids = pieces == null ? ids(text, false) : pieces.ids(utf8(text), part -> ids(part, false));
        return addSpecial ? surrounding.around(ids) : surrounding.once(ids);
    }

    /** A completion without the bos that it may begin with, where the tokenizer puts one in front of its prompt. */
    public String continuation(String completion) {
        String bos = bosId == eosId || !surrounding.beginsWith(bosId) ? "" : files.special("bos_token");
        String rest = completion;
        while (!bos.isEmpty() && rest.startsWith(bos)) {
            rest = rest.substring(bos.length());
        }
        return rest;
    }

    /** The ids of a text that ends: with the end token behind them, unless it is there already. */
    public int[] ended(int[] ids) {
        if (ids.length > 0 && ids[ids.length - 1] == eosId) {
            return ids;
        }
        int[] ended = Arrays.copyOf(ids, ids.length + 1);
        ended[ids.length] = eosId;
        return ended;
    }

    private int[] ids(String text, boolean addSpecial) {
        return Arrays.stream(tokenizer.encode(utf8(text), addSpecial, false).getIds())
                .mapToInt(id -> (int) id)
                .toArray();
    }

    /** A lone surrogate has no UTF-8 form, and the native side would die of it. */
    private static String utf8(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }

    /** Ids to text, special tokens left out. */
    public String decode(int[] ids) {
        return decode(ids, true);
    }

    /** Ids to text, with or without the special tokens. */
    public String decode(int[] ids, boolean skipSpecial) {
        long[] longs = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            longs[i] = ids[i];
        }
        String text = tokenizer.decode(longs, skipSpecial);
        return files.cleans() ? withoutSpacesBeforePunctuation(text) : text;
    }

    /** What transformers does to the texts of some tokenizers. */
    private static String withoutSpacesBeforePunctuation(String text) {
        return text.replace(" .", ".")
                .replace(" ?", "?")
                .replace(" !", "!")
                .replace(" ,", ",")
                .replace(" ' ", "'")
                .replace(" n't", "n't")
                .replace(" 'm", "'m")
                .replace(" 's", "'s")
                .replace(" 've", "'ve")
                .replace(" 're", "'re");
    }

    /** The id of a token by its text in the vocabulary, or -1. */
    public int id(String token) {
        return vocabulary.id(token);
    }

    /** The token a text begins with, or -1. */
    public int bosId() {
        return bosId;
    }

    /** The token that ends a text, or -1. */
    public int eosId() {
        return eosId;
    }

    /** The padding token; the end token where the tokenizer names none; or -1. */
    public int padId() {
        return padId;
    }

    /** Number of tokens, added ones included. */
    public int vocabularySize() {
        return vocabulary.size();
    }

    /**
     * Whether token ids mean the same to both: the same texts under the same ids. Their files may differ, as those of a
     * folder and of a GGUF file made from it do.
     */
    public boolean sameTokens(Tokenizer other) {
        return vocabulary.ids().equals(other.vocabulary.ids());
    }

    /** SHA-256 of tokenizer.json in lower-case hex: equal tokenizers have equal ones. */
    public String sha256() {
        return sha256;
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
