package dev.troupe.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Which tokens have a role, by the names that templates use ({@code bos_token}, ...). Files count in the order of
 * transformers: special_tokens_map.json before tokenizer_config.json, unless the latter has added_tokens_decoder; then
 * the map only names what the other leaves out. A role that no file names goes by its number in config.json, then in
 * generation_config.json.
 */
final class SpecialTokens {
    /** Those of transformers; others end in {@code _token} or stand in a table of extra ones. */
    static final List<String> ROLES =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");

    private static final List<String> LISTS = List.of("extra_special_tokens", "additional_special_tokens");

    /** Empty texts are roles that a file says are not filled. */
    private final Map<String, String> named = new LinkedHashMap<>();

    private final Set<String> extra = new LinkedHashSet<>();
    private final Map<String, Integer> numbers = new LinkedHashMap<>();

    private SpecialTokens() {}

    /**
     * @param settings tokenizer_config.json
     * @param map special_tokens_map.json
     */
    static SpecialTokens named(JsonNode settings, JsonNode map) {
        SpecialTokens tokens = new SpecialTokens();
        boolean settingsFirst = settings.path("added_tokens_decoder").isObject();
        tokens.read(settingsFirst ? settings : map);
        tokens.read(settingsFirst ? map : settings);
        return tokens;
    }

    /** What an earlier file said stays. */
    private void read(JsonNode file) {
        for (Map.Entry<String, JsonNode> e : file.properties()) {
            boolean text =
                    e.getValue().isTextual() || e.getValue().path("content").isTextual();
            if (ROLES.contains(e.getKey()) && (text || e.getValue().isNull())
                    || e.getKey().endsWith("_token") && text) {
                named.putIfAbsent(e.getKey(), text(e.getValue()));
            }
        }
        Stream<JsonNode> lists = LISTS.stream().map(file::path);
        lists.forEach(list -> list.properties().forEach(e -> named.putIfAbsent(e.getKey(), text(e.getValue()))));
        LISTS.stream().map(file::path).filter(JsonNode::isArray).forEach(list -> list.forEach(t -> extra.add(text(t))));
        extra.remove("");
    }

    private static String text(JsonNode token) {
        return token.isTextual() ? token.asText() : token.path("content").asText("");
    }

    /** These with the roles that only the model's numbers fill. */
    SpecialTokens numbered(List<JsonNode> configs, Vocabulary vocabulary) {
        SpecialTokens tokens = new SpecialTokens();
        tokens.named.putAll(named);
        tokens.extra.addAll(extra);
        for (String role : ROLES) {
            for (JsonNode config : configs) {
                int number = number(config, role);
                String text = vocabulary.text(number);
                if (text != null) {
                    tokens.named.putIfAbsent(role, text);
                }
                if (number >= 0) {
                    tokens.numbers.putIfAbsent(role, number);
                }
            }
        }
        return tokens;
    }

    /** The number that a configuration gives a role, of several the first; or -1. */
    private static int number(JsonNode config, String role) {
        JsonNode number = config.path(role + "_id");
        return (number.isArray() ? number.path(0) : number).asInt(-1);
    }

    /** The text of a role's token; empty when it has none. */
    String text(String role) {
        return named.getOrDefault(role, "");
    }

    /**
     * The id of a role's token. A role that a file says is not filled has the model's number still: an end token is
     * needed, whatever templates call it.
     */
    int id(String role, Vocabulary vocabulary) {
        int named = vocabulary.id(text(role));
        return named >= 0 ? named : numbers.getOrDefault(role, -1);
    }

    /** Texts by the names that templates use; roles without a token are absent. */
    Map<String, String> named() {
        Map<String, String> filled = new LinkedHashMap<>(named);
        filled.values().removeIf(String::isEmpty);
        return filled;
    }

    /** The texts of all of them: first those with a role, then the others. */
    Set<String> texts() {
        Set<String> texts = new LinkedHashSet<>(named().values());
        texts.addAll(extra);
        return texts;
    }
}
