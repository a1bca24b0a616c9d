package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.jinja.Rendered;
import dev.troupe.model.jinja.Template;
import dev.troupe.model.jinja.TemplateException;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a template cannot do: run for ever, fill the memory, overflow the stack, or reach Java. */
class JinjaBoundsTest {
    private static final String LOOP = "{% for a in range(90000) %}{% for b in range(90000) %}";

    private static Rendered render(String source, Map<String, ? extends @Nullable Object> names) {
        return Template.parse(source, "dir").render(names, JinjaCase.NOW);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                LOOP + "{% endfor %}{% endfor %}",
                LOOP + "{{ a }}{% endfor %}{% endfor %}",
                "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(1) }}",
                "{% for a in [1] recursive %}{{ loop([a]) }}{% endfor %}",
                "{{ 'a' * 999999999 }}",
                "{{ '%999999999d' % 1 }}",
                "{{ '{:999999999}'.format(1) }}",
                "{{ 'a'.center(999999999) }}",
                "{{ 'a'|indent(999999999, true) }}",
                "{{ ('a' * 9999).replace('a', 'b' * 9999) }}",
                "{{ 'b'.join('a' * 9999) * 9999 }}",
                "{{ [1] * 999999999 }}",
                "{{ 9 ** 9 ** 9 ** 9 ** 9 ** 9 ** 9 ** 9 }}",
                "{{ [1]|batch(999999999, 0)|list }}",
                "{{ [1]|slice(999999999)|list }}",
                "{{ [1]|tojson(indent=999999999) }}",
                "{% set ns = namespace(v='a') %}{% for i in range(99) %}{% set ns.v = ns.v + ns.v %}{% endfor %}",
                "{% set ns = namespace(v=[1]) %}{% for i in range(99) %}{% set ns.v = ns.v + ns.v %}{% endfor %}",
                "{% set ns = namespace(v=1) %}{% for i in range(9999) %}{% set ns.v = [ns.v] %}{% endfor %}{{ ns.v }}",
                "{% set ns = namespace(v=1) %}{% for i in range(9999) %}{% set ns.v = (ns.v,) %}{% endfor %}{{ {ns.v: 1} }}",
                "{% set ns = namespace(v=1) %}{% for i in range(9999) %}{% set ns.v = [ns.v] %}{% endfor %}{{ ns.v|tojson }}",
                "{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}",
                "{% set ns = namespace(v='a') %}{% for i in range(99999) %}{% set ns.v = i ~ 'a' * 9999999 %}{% endfor %}"
            })
    void shouldEndWithAnErrorInALine(String source) {
        assertThatThrownBy(() -> render(source, Map.of()))
                .isInstanceOf(TemplateException.class)
                .hasMessageMatching("the chat template of dir failed in line 1: .*(more than|deeper than) \\d+.*")
                .satisfies(e -> assertThat(((TemplateException) e).refused()).isTrue());
    }

    private static String nested(String open, String inside, String close) {
        return open.repeat(20_000) + inside + close.repeat(20_000);
    }

    @Test
    void shouldRefuseDeepNestingWithoutAStackOverflow() {
        List<String> sources = List.of(
                "{{ " + nested("(", "1", ")") + " }}",
                "{{ " + nested("[", "1", "]") + " }}",
                "{{ " + nested("not ", "1", "") + " }}",
                "{{ " + nested("-", "1", "") + " }}",
                "{{ 1" + " + x".repeat(20_000) + " }}",
                "{{ 1" + " if 1".repeat(20_000) + " }}",
                "{{ x" + ".a".repeat(20_000) + " }}",
                "{{ x" + "|list".repeat(20_000) + " }}",
                "{{ 1" + " if 1 else 1".repeat(20_000) + " }}",
                nested("{% if x %}", "", "{% endif %}"),
                nested("{% for x in y %}", "", "{% endfor %}"));
        for (String source : sources) {
            assertThatThrownBy(() -> Template.parse(source, "dir"))
                    .isInstanceOf(TemplateException.class)
                    .hasMessageContaining("line 1: ");
        }
        List<Object> deep = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            deep = new ArrayList<>(List.of(deep));
        }
        Map<String, Object> names = Map.of("deep", deep);
        assertThatThrownBy(() -> render("{{ deep }}", names)).hasMessageContaining("deeper than 200 levels");
    }

    @Test
    void shouldTellTheLineOfAnError() {
        assertThatThrownBy(() -> render("a\n{% if true %}\n\n  {{ 1 + 'a' }}\n{% endif %}", Map.of()))
                .hasMessage(
                        "the chat template of dir failed in line 4: unsupported operand types for +: 'int' and 'str'");
        assertThatThrownBy(() -> render("a\r\nb\n {{ 'open }}", Map.of()))
                .hasMessage("the chat template of dir failed in line 3: a string is not closed: expected ' (column 5)");
        assertThatThrownBy(() -> render("\n{% macro m() %}\n{{ x.y.z }}\n{% endmacro %}\n{{ m() }}", Map.of()))
                .hasMessage("the chat template of dir failed in line 3: 'x' is undefined");
    }

    @Test
    void shouldRefuseByName() {
        for (String tag : List.of("include 'a'", "import 'a' as b", "from 'a' import b", "extends 'a'")) {
            String name = tag.replaceFirst(" .*", "");
            assertThatThrownBy(() -> render("{% " + tag + " %}", Map.of()))
                    .hasMessageContaining("other files (the tag '" + name + "') are not supported");
        }
        Map<String, String> refused = Map.of(
                "{% autoescape true %}{% endautoescape %}", "HTML escaping",
                "{{ self.a() }}", "the name 'self'",
                "{{ (-8) ** 0.5 }}", "complex numbers",
                "{{ 'a'.encode() }}", "bytes",
                "{{ {}.keys() - [] }}", "sets",
                "{{ [1]|random }}", "random values",
                "{{ lipsum() }}", "random text");
        refused.forEach((source, said) ->
                assertThatThrownBy(() -> render(source, Map.of())).hasMessageContaining(said));
    }

    @Test
    void shouldNotReachJava() {
        Map<String, Object> names = Map.of("s", "text", "n", 1, "d", Map.of("k", List.of()));
        for (String value : List.of("s", "n", "d", "d.k", "range", "namespace(a=1)", "s.upper", "none", "1.5")) {
            for (String member : List.of(
                    "getClass()",
                    "class.name",
                    "hashCode()",
                    "toString()",
                    "__class__.__mro__",
                    "__init__()",
                    "bytes()")) {
                assertThatThrownBy(() -> render("{{ (" + value + ")." + member + " }}", names))
                        .as(value + "." + member)
                        .isInstanceOf(TemplateException.class);
            }
        }
        assertThatThrownBy(() -> render("{{ o }}", Map.of("o", new Object())))
                .hasMessageContaining("a template cannot be given a java.lang.Object");
    }

    @Test
    void shouldNotChangeWhatItIsGiven() {
        Map<String, Object> given = new HashMap<>(Map.of("d", new HashMap<>(Map.of("a", 1)), "absent", "x"));
        assertThat(render("{% set d.a %}2{% endset %}{{ d.a }}", given).text()).isEqualTo("2");
        assertThat(given).containsEntry("d", Map.of("a", 1));
    }

    @Test
    void shouldSayWhenTheMarksAreNotAllFound() {
        String marked = "{% generation %}b{% endgeneration %}";
        assertThat(render("a" + marked + "c" + marked, Map.of()))
                .isEqualTo(new Rendered("abcb", List.of(new Rendered.Range(1, 2), new Rendered.Range(3, 4)), true));
        assertThat(render("{% macro m() %}" + marked + "{% endmacro %}a{{ m() }}", Map.of()))
                .isEqualTo(new Rendered("ab", List.of(), false));
    }

    @Test
    void shouldGiveTheDateThatItIsGiven() {
        ZonedDateTime date = ZonedDateTime.parse("2031-02-03T04:05:06Z");
        Template template = Template.parse("{{ strftime_now('%d %b %Y') }}", "dir");
        assertThat(template.render(Map.of(), date).text()).isEqualTo("03 Feb 2031");
        ChatTemplate chat =
                new ChatTemplate("{{ strftime_now('%Y') }}{{ bos_token is defined }}", Map.of(), "dir").at(date);
        assertThat(chat.render(List.of(), false)).isEqualTo("2031False");
    }

    @Test
    void shouldNotPrintAnAbsentSpecialToken() {
        Map<String, String> specials = Map.of("bos_token", "");
        assertThat(new ChatTemplate("{{ bos_token }}|", specials, "dir").render(List.of(), false))
                .isEqualTo("|");
        ChatTemplate added = new ChatTemplate("{{ bos_token + 'a' }}", specials, "dir");
        assertThatThrownBy(() -> added.render(List.of(), false))
                .isInstanceOf(ModelException.class)
                .hasMessage("the chat template of dir failed in line 1: 'bos_token' is undefined");
    }
}
