package dev.troupe.data.stories;

import dev.troupe.data.Resources;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * The grammar of the embedded stories: an opening that names a hero, then sentences that are each happy, plain or sad
 * and whose pronouns agree with the hero. It writes stories ({@link #write}) and recognises them
 * ({@link #accepts}). Immutable; safe for many threads.
 */
public final class StoryGrammar {
    private static final StoryGrammar STORIES =
            new StoryGrammar(GrammarFile.parse("stories-grammar.txt", Resources.lines("/troupe/stories-grammar.txt")));

    private final List<Slot> slots;
    private final Set<String> girls;
    private final List<String> heroes;

    private StoryGrammar(GrammarFile file) {
        slots = List.copyOf(file.slots());
        girls = Set.copyOf(file.words("girl"));
        heroes = Stream.concat(file.words("girl").stream(), file.words("boy").stream())
                .toList();
    }

    /** The shipped grammar. */
    public static StoryGrammar stories() {
        return STORIES;
    }

    /**
     * Whether a text is a story of this grammar.
     *
     * @param text opening and rest, exactly as {@link Story#text} joins them
     * @param mayContinue true for a text cut by length: it is accepted when the grammar can continue it, be the cut
     *     within a word or not
     */
    public boolean accepts(String text, boolean mayContinue) {
        return new Matcher(text, mayContinue).slot(0, 0, "");
    }

    /** Writes one story; the same state of {@code random} gives the same story. */
    public Story write(SplittableRandom random) {
        Writer writer = new Writer(random);
        writer.form(slots.get(0).all());
        return writer.rest(Leaning.draw(random));
    }

    /** Writes only an opening: what {@link #write} would begin with. */
    String opening(SplittableRandom random) {
        Writer writer = new Writer(random);
        writer.form(slots.get(0).all());
        return writer.text.toString();
    }

    /** Writes the rest of a story whose opening was drawn from {@code opening}; the two draws are independent. */
    Story continued(SplittableRandom opening, SplittableRandom rest) {
        Writer writer = new Writer(opening);
        writer.form(slots.get(0).all());
        writer.random = rest;
        return writer.rest(Leaning.draw(rest));
    }

    /** Every form of every slot with its mood, for the tests of the shipped grammar. */
    List<Slot> slots() {
        return slots;
    }

    /** The words that may stand for a part; {@code hero} is empty until the story has named one. */
    private List<String> options(Part part, String hero) {
        if (part instanceof Part.Literal literal) {
            return List.of(literal.text());
        }
        if (part instanceof Part.Pick pick) {
            return pick.words();
        }
        if (part instanceof Part.Pronoun pronoun) {
            return List.of(girls.contains(hero) ? pronoun.girl() : pronoun.boy());
        }
        return hero.isEmpty() ? heroes : List.of(hero);
    }

    /** How a whole story leans; without it most stories would come out mixed and few happy or sad throughout. */
    private enum Leaning {
        HAPPY(0.65, 0.25),
        MIXED(0.33, 0.34),
        SAD(0.10, 0.25);

        private final double happy;
        private final double plain;

        Leaning(double happy, double plain) {
            this.happy = happy;
            this.plain = plain;
        }

        static Leaning draw(SplittableRandom random) {
            double u = random.nextDouble();
            return u < 0.3 ? HAPPY : u < 0.7 ? MIXED : SAD;
        }

        Mood mood(SplittableRandom random) {
            double u = random.nextDouble();
            return u < happy ? Mood.HAPPY : u < happy + plain ? Mood.PLAIN : Mood.SAD;
        }
    }

    private final class Writer {
        private SplittableRandom random;
        private final StringBuilder text = new StringBuilder();
        private String hero = "";

        Writer(SplittableRandom random) {
            this.random = random;
        }

        Story rest(Leaning leaning) {
            int opening = text.length();
            List<Mood> moods = new ArrayList<>();
            for (Slot slot : slots.subList(1, slots.size())) {
                if (slot.optional() && random.nextBoolean()) {
                    continue;
                }
                Mood mood = leaning.mood(random);
                moods.add(mood);
                form(slot.forms(mood));
            }
            return new Story(text.substring(0, opening), text.substring(opening), moods);
        }

        void form(List<List<Part>> forms) {
            for (Part part : forms.get(random.nextInt(forms.size()))) {
                List<String> options = options(part, hero);
                String word = options.get(options.size() == 1 ? 0 : random.nextInt(options.size()));
                hero = part instanceof Part.Hero ? word : hero;
                text.append(word);
            }
        }
    }

    private final class Matcher {
        private final String text;
        private final boolean mayContinue;

        Matcher(String text, boolean mayContinue) {
            this.text = text;
            this.mayContinue = mayContinue;
        }

        boolean slot(int index, int at, String hero) {
            if (index == slots.size()) {
                return at == text.length();
            }
            if (mayContinue && at == text.length()) {
                return true;
            }
            Slot slot = slots.get(index);
            for (List<Part> form : slot.all()) {
                if (form(index, form, 0, at, hero)) {
                    return true;
                }
            }
            return slot.optional() && slot(index + 1, at, hero);
        }

        private boolean form(int index, List<Part> form, int part, int at, String hero) {
            if (part == form.size()) {
                return slot(index + 1, at, hero);
            }
            for (String word : options(form.get(part), hero)) {
                boolean cut = mayContinue && text.length() < at + word.length();
                if (cut ? word.startsWith(text.substring(at)) : text.startsWith(word, at)) {
                    if (cut
                            || form(
                                    index,
                                    form,
                                    part + 1,
                                    at + word.length(),
                                    form.get(part) instanceof Part.Hero ? word : hero)) {
                        return true;
                    }
                }
            }
            return false;
        }
    }
}
