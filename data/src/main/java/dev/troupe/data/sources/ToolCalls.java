package dev.troupe.data.sources;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The calls of a ShareGPT turn, in the form that templates read. */
final class ToolCalls {
    private static final String FUNCTION = "function";

    private ToolCalls() {}

    /**
     * What {@code tool_calls} holds for it.
     *
     * @param value a call, a list of them, or the JSON text of one, of a list, or of a call on each line; a call has
     *     {@code name} and {@code arguments}, or {@code function} with these
     * @throws IllegalArgumentException saying what is wrong
     */
    static List<Object> of(JsonNode value) {
        List<Object> calls = new ArrayList<>();
        for (JsonNode read : value.isTextual() ? values(value.textValue()) : List.of(value)) {
            for (JsonNode call : read.isArray() ? read : List.of(read)) {
                calls.add(call(call));
            }
        }
        if (calls.isEmpty()) {
            throw new IllegalArgumentException("its call is empty");
        }
        return calls;
    }

    private static List<JsonNode> values(String text) {
        if (text.isBlank()) {
            return List.of();
        }
        try {
            return List.of(StrictJson.parse(text));
        } catch (JsonProcessingException | IllegalArgumentException e) {
            List<String> lines = text.lines().filter(line -> !line.isBlank()).toList();
            boolean aLineEach =
                    lines.size() > 1 && e instanceof JsonProcessingException json && StrictJson.goesOn(json);
            return (aLineEach ? lines : List.of(text))
                    .stream().map(line -> StrictJson.inside("its call", line)).toList();
        }
    }

    private static Map<String, Object> call(JsonNode call) {
        if (call instanceof ObjectNode object && isCall(call)) {
            Map<String, Object> made = new LinkedHashMap<>();
            made.put("type", FUNCTION);
            made.put(FUNCTION, Row.map(object));
            return made;
        }
        if (call instanceof ObjectNode object && isCall(call.path(FUNCTION))) {
            return Row.map(object);
        }
        throw new IllegalArgumentException(
                "its call is " + call + "; expected {\"name\": ..., \"arguments\": {...}}, or a list of these");
    }

    private static boolean isCall(JsonNode call) {
        return call.isObject() && call.hasNonNull("name") && call.hasNonNull("arguments");
    }
}
