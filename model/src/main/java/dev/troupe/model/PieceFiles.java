package dev.troupe.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.pieces.PieceModel;
import dev.troupe.model.pieces.PieceText;
import dev.troupe.model.pieces.PieceTokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A folder's tokenizer.model with what the files beside it say. */
final class PieceFiles {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Keys of tokenizer_config.json that only a tokenizer.json could answer to. */
    private static final List<String> REFUSED = List.of("do_lower_case", "keep_accents", "strip_accents");

    private final Path folder;
    private final JsonNode settings;
    private final PieceModel model;
    private final Map<Integer, String> renamed = new HashMap<>();
    private final PieceTokenizer form;

    PieceFiles(Path folder, JsonNode settings, JsonNode addedTokens) {
        this.folder = folder;
        this.settings = settings;
        this.model = PieceModel.read(folder.resolve(PieceModel.FILE));
        for (String key : REFUSED) {
            if (settings.path(key).asBoolean(false)) {
                throw wrong(key + " = true is not supported with a " + PieceModel.FILE);
            }
        }
        if (settings.path("sp_model_kwargs").path("enable_sampling").asBoolean(false)) {
            throw wrong("sp_model_kwargs.enable_sampling = true gives a text other ids every time");
        }
        JsonNode decoder = settings.path("added_tokens_decoder");
        if (decoder.isObject()) {
            decoder.properties().forEach(e -> rename(e.getKey(), e.getValue().path("content")));
        } else {
            addedTokens.properties().forEach(e -> rename(e.getValue().asText(), JSON.valueToTree(e.getKey())));
        }
        JsonNode prefix = settings.path("add_prefix_space");
        this.form = new PieceTokenizer(model, prefix.isBoolean() ? prefix.asBoolean() : null, renamed);
    }

    /** A free piece takes the text of the added token that has its id. */
    private void rename(String number, JsonNode text) {
        int id = number.matches("\\d{1,9}") ? Integer.parseInt(number) : -1;
        if (id >= 0 && id < model.pieces().size() && text.isTextual()) {
            PieceModel.Piece piece = model.pieces().get(id);
            boolean taken = model.pieces().stream().anyMatch(p -> p.text().equals(text.asText()));
            if (!taken && PieceTokenizer.isFree(piece)) {
                renamed.put(id, text.asText());
            }
        }
    }

    ObjectNode json() {
        return form.json();
    }

    /** The roles that the model itself fills, as config.json would number them. */
    JsonNode numbers() {
        return JSON.createObjectNode()
                .put("unk_token_id", model.trainer().unk())
                .put("bos_token_id", model.trainer().bos())
                .put("eos_token_id", model.trainer().eos())
                .put("pad_token_id", model.trainer().pad());
    }

    /**
     * Sets what is put around a text: bos unless add_bos_token says otherwise, as makers of such models do; the end
     * token only where add_eos_token says so.
     */
    void surround(SpecialTokens specials, Vocabulary vocabulary) {
        int bos = settings.path("add_bos_token").asBoolean(true) ? specials.id("bos_token", vocabulary) : -1;
        int eos = settings.path("add_eos_token").asBoolean(false) ? specials.id("eos_token", vocabulary) : -1;
        if (bos < 0 && eos < 0) {
            return;
        }
        ObjectNode processor = json().putObject("post_processor").put("type", "TemplateProcessing");
        ObjectNode tokens = JSON.createObjectNode();
        ArrayNode single = processor.putArray("single");
        ArrayNode pair = processor.putArray("pair");
        for (ArrayNode parts : List.of(single, pair)) {
            token(parts, tokens, bos, specials.text("bos_token"));
            parts.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
            token(parts, tokens, eos, specials.text("eos_token"));
        }
        pair.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
        processor.set("special_tokens", tokens);
    }

    private static void token(ArrayNode parts, ObjectNode tokens, int id, String text) {
        if (id >= 0) {
            parts.addObject().putObject("SpecialToken").put("id", text).put("type_id", 0);
            ObjectNode token = tokens.putObject(text).put("id", text);
            token.putArray("ids").add(id);
            token.putArray("tokens").add(text);
        }
    }

    /** What the tokenizer.json of {@link #json} cannot do by itself; null where it can. */
    @Nullable
    PieceText text() {
        boolean once = !settings.path("legacy").asBoolean(true);
        if (form.exact() && !once) {
            return null;
        }
        List<PieceText.Special> specials = new ArrayList<>();
        for (JsonNode node : json().path("added_tokens")) {
            AddedToken token = AddedToken.read(node.path("id").asInt(), node);
            if (token.singleWord()) {
                throw wrong("single_word of the token '" + token.content() + "' is not supported with a "
                        + PieceModel.FILE);
            }
            boolean symbol = token.id() < model.pieces().size()
                    && model.pieces().get(token.id()).kind() == PieceModel.Kind.USER_DEFINED
                    && !renamed.containsKey(token.id())
                    && !token.special();
            if (!symbol) {
                specials.add(new PieceText.Special(token.content(), token.id(), token.lstrip(), token.rstrip()));
            }
        }
        return new PieceText(model, form, specials, once);
    }

    private ModelException wrong(String reason) {
        return new ModelException(
                folder.resolve(TokenizerFiles.SETTINGS) + ": " + reason + "; expected a folder with tokenizer.json");
    }
}
