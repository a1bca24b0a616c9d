package dev.troupe.model;

import dev.troupe.model.jinja.Rendered;
import java.util.ArrayList;
import java.util.List;

/** Which part of a dialogue's text the assistant says: what is trained of it. */
final class AssistantTurns {
    private static final String REMEDY = ". Expected a template with generation tags, rows that end with the answer to"
            + " learn, or train_on_inputs = true";

    private final ChatTemplate template;
    private final Dialogue dialogue;
    private final Rendered whole;
    private final String end;

    /**
     * @param whole the dialogue's text
     * @param end text of the token that ends an answer, or empty
     */
    AssistantTurns(ChatTemplate template, Dialogue dialogue, Rendered whole, String end) {
        this.template = template;
        this.dialogue = dialogue;
        this.whole = whole;
        this.end = end;
    }

    /**
     * What the template's {@code generation} tags enclose; without tags, of each of the assistant's turns what follows
     * the text that makes the model answer, up to where the next turn begins.
     *
     * @throws ModelException when neither can be told
     */
    List<Rendered.Range> ranges() {
        if (!whole.allFound()) {
            throw new ModelException("the chat template has a generation tag inside a macro, a set or a filter block:"
                    + " what it encloses is not known" + REMEDY);
        }
        if (!whole.generated().isEmpty()) {
            return whole.generated();
        }
        List<Rendered.Range> ranges = new ArrayList<>();
        for (int turn = 0; turn < dialogue.messages().size(); turn++) {
            if (dialogue.messages().get(turn).isAssistant()) {
                int start = start(turn);
                int least = ranges.isEmpty() ? 0 : ranges.get(ranges.size() - 1).end();
                if (start < least) {
                    throw new ModelException("the chat template writes the assistant's turn " + (turn + 1)
                            + " into the one before it, so where they part is not known" + REMEDY);
                }
                ranges.add(new Rendered.Range(start, end(turn, start)));
            }
        }
        return ranges;
    }

    /** Behind what makes the model answer; a template may put more there than an answer keeps. */
    private int start(int turn) {
        String before = turn == 0 ? "" : template.render(first(turn), false);
        if (!whole.text().startsWith(withoutEnd(before))) {
            throw new ModelException("the chat template writes what comes before the assistant's turn " + (turn + 1)
                    + " differently when more turns follow, so where that turn begins is not known" + REMEDY);
        }
        return turn == 0 ? 0 : shared(template.render(first(turn), true));
    }

    private int end(int turn, int start) {
        if (turn == dialogue.messages().size() - 1) {
            return whole.text().length();
        }
        String upTo = template.render(first(turn + 1), false);
        if (upTo.length() >= start && whole.text().startsWith(upTo)) {
            return upTo.length();
        }
        // A text that ends here may have an end token more than one that goes on, behind what ends each turn.
        String open = withoutEnd(upTo);
        String said = dialogue.messages().get(turn).content().strip();
        if (open.length() > start
                && whole.text().startsWith(open)
                && !open.strip().endsWith(said)) {
            return open.length();
        }
        int at = end.isEmpty() ? -1 : whole.text().indexOf(end, start);
        String next = dialogue.messages().get(turn + 1).content().strip();
        int following = next.isEmpty() ? -1 : whole.text().indexOf(next, start);
        if (at < 0 || at + end.length() > following) {
            throw new ModelException("the chat template writes the assistant's turn " + (turn + 1)
                    + " differently when more turns follow, so where that turn ends is not known" + REMEDY);
        }
        return at + end.length();
    }

    /**
     * Where the answer to a prompt begins.
     *
     * @param prompt the first turns; the last may be the beginning of the answer
     * @throws ModelException when the prompt is written otherwise once its answer follows
     */
    int answer(Dialogue prompt) {
        String before = prompt.endsWithAssistant() ? template.prompt(prompt) : template.render(prompt, false);
        if (!whole.text().startsWith(withoutEnd(before))) {
            throw new ModelException("the chat template writes the prompt differently when its answer follows, so what"
                    + " the model is to learn would not follow what it is asked. Expected another template, a prompt"
                    + " without what the template drops (as a system turn), or train_on_inputs = true");
        }
        return shared(template.prompt(prompt));
    }

    private Dialogue first(int turns) {
        return new Dialogue(dialogue.messages().subList(0, turns), dialogue.tools(), dialogue.arguments());
    }

    /** Without the end token that a template may put behind a text that goes on no further. */
    private String withoutEnd(String text) {
        String stripped = text.stripTrailing();
        return !end.isEmpty() && stripped.endsWith(end)
                ? stripped.substring(0, stripped.length() - end.length())
                : text;
    }

    /** How far a text is the beginning of the whole. */
    private int shared(String text) {
        int n = 0;
        while (n < text.length()
                && n < whole.text().length()
                && text.charAt(n) == whole.text().charAt(n)) {
            n++;
        }
        return n;
    }
}
