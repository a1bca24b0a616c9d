package dev.troupe.model.pieces;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.pieces.PieceModel.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A SentencePiece model as the text of a tokenizer.json. Where the tokenizers library has no exact form of what the
 * model does to a text, the text's normalizer comes near ({@link #exact()}) and {@link PieceText} does it instead.
 */
public final class PieceTokenizer {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Pieces that makers keep free, to be renamed by the files beside the model. */
    private static final Pattern FREE = Pattern.compile("(?i).*(unused|reserved|extra|placeholder|dummy).*");

    private final PieceModel model;
    private final PieceModel.Normalizer rules;
    private final ObjectNode root = JSON.createObjectNode();

    /**
     * @param prefix tokenizer_config.json's add_prefix_space, or null
     * @param renamed texts of free pieces by their ids, as the files beside the model say
     */
    public PieceTokenizer(PieceModel model, @Nullable Boolean prefix, Map<Integer, String> renamed) {
        this.model = model;
        this.rules = prefix == null ? model.normalizer() : model.normalizer().withPrefix(prefix);
        root.put("version", "1.0").putNull("truncation").putNull("padding");
        added(root.putArray("added_tokens"), renamed);
        normalizer();
        root.putNull("pre_tokenizer").putNull("post_processor");
        decoder();
        if (model.trainer().unigram()) {
            unigram(renamed);
        } else {
            bytePairs(renamed);
        }
    }

    /** The tokenizer.json; no token is put around a text. */
    public ObjectNode json() {
        return root;
    }

    /** Whether the tokenizer.json alone gives SentencePiece's ids for every text. */
    public boolean exact() {
        boolean symbols = model.pieces().stream().anyMatch(p -> p.kind() == Kind.USER_DEFINED);
        return !model.trainer().unigram()
                && !rules.charsmap().hasRemaining()
                && !rules.fewSpaces()
                && rules.escaped()
                && !model.trainer().spaceBehind()
                && !(rules.prefix() && symbols);
    }

    /** A tokenizer.json for texts that are normalized already. */
    public static byte[] ofNormalized(byte[] tokenizer) {
        try {
            ObjectNode root = (ObjectNode) JSON.readTree(tokenizer);
            return JSON.writeValueAsBytes(root.putNull("normalizer").putNull("pre_tokenizer"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    PieceModel.Normalizer rules() {
        return rules;
    }

    /** Whether a piece may have another text: nothing that text is made of. */
    public static boolean isFree(PieceModel.Piece piece) {
        return piece.kind() != Kind.NORMAL && piece.kind() != Kind.BYTE
                || FREE.matcher(piece.text()).matches();
    }

    private String text(int id, Map<Integer, String> renamed) {
        return renamed.getOrDefault(id, model.pieces().get(id).text());
    }

    private void added(ArrayNode list, Map<Integer, String> renamed) {
        for (int i = 0; i < model.pieces().size(); i++) {
            Kind kind = model.pieces().get(i).kind();
            boolean symbol = kind == Kind.USER_DEFINED;
            boolean found =
                    !symbol || !rules.escaped() || text(i, renamed).indexOf(' ') < 0; // spaces are escaped first
            if (found && (symbol || kind == Kind.CONTROL || kind == Kind.UNKNOWN)) {
                list.addObject()
                        .put("id", i)
                        .put("content", text(i, renamed))
                        .put("single_word", false)
                        .put("lstrip", false)
                        .put("rstrip", false)
                        .put("normalized", symbol && !rules.prefix())
                        .put("special", !symbol);
            }
        }
    }

    private void normalizer() {
        ArrayNode steps = root.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
        if (rules.charsmap().hasRemaining()) {
            byte[] bytes = new byte[rules.charsmap().remaining()];
            rules.charsmap().slice().get(bytes);
            steps.addObject()
                    .put("type", "Precompiled")
                    .put("precompiled_charsmap", Base64.getEncoder().encodeToString(bytes));
        }
        if (rules.fewSpaces()) {
            replaced(steps, "Regex", "\\A +| +\\z", "");
            replaced(steps, "Regex", " {2,}", " ");
        }
        if (rules.prefix() && !model.trainer().spaceBehind()) {
            steps.addObject().put("type", "Prepend").put("prepend", space());
        }
        if (rules.escaped()) {
            replaced(steps, "String", " ", SentencePieceMerges.SPACE);
        }
    }

    private String space() {
        return rules.escaped() ? SentencePieceMerges.SPACE : " ";
    }

    private void decoder() {
        ArrayNode steps = root.putObject("decoder").put("type", "Sequence").putArray("decoders");
        replaced(steps, "String", SentencePieceMerges.SPACE, " ");
        steps.addObject().put("type", "ByteFallback");
        steps.addObject().put("type", "Fuse");
        if (rules.prefix()) {
            boolean behind = model.trainer().spaceBehind();
            steps.addObject()
                    .put("type", "Strip")
                    .put("content", " ")
                    .put("start", behind ? 0 : 1)
                    .put("stop", behind ? 1 : 0);
        }
    }

    private static void replaced(ArrayNode steps, String kind, String from, String to) {
        ObjectNode step = steps.addObject().put("type", "Replace");
        step.putObject("pattern").put(kind, from);
        step.put("content", to);
    }

    private void bytePairs(Map<Integer, String> renamed) {
        ObjectNode bpe = root.putObject("model").put("type", "BPE");
        bpe.putNull("dropout").put("unk_token", text(model.trainer().unk(), renamed));
        bpe.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
        bpe.put("fuse_unk", true)
                .put("byte_fallback", model.trainer().byteFallback())
                .put("ignore_merges", false);
        ObjectNode vocabulary = bpe.putObject("vocab");
        List<PieceModel.Piece> pieces = model.pieces();
        float[] scores = new float[pieces.size()];
        for (int i = 0; i < pieces.size(); i++) {
            vocabulary.put(text(i, renamed), i);
            scores[i] = pieces.get(i).score();
        }
        ArrayNode merges = bpe.putArray("merges");
        List<String> texts = pieces.stream().map(PieceModel.Piece::text).toList();
        for (SentencePieceMerges.Merge merge :
                SentencePieceMerges.of(texts, scores, i -> pieces.get(i).ofText() && !renamed.containsKey(i))) {
            merges.addArray().add(merge.left()).add(merge.right());
        }
    }

    private void unigram(Map<Integer, String> renamed) {
        ObjectNode unigram = root.putObject("model").put("type", "Unigram");
        unigram.put("unk_id", model.trainer().unk())
                .put("byte_fallback", model.trainer().byteFallback());
        ArrayNode vocabulary = unigram.putArray("vocab");
        for (int i = 0; i < model.pieces().size(); i++) {
            vocabulary.addArray().add(text(i, renamed)).add((double)
                    model.pieces().get(i).score());
        }
    }
}
