"""Composes expressions and statements of Jinja at random: every operator, filter, test, method and kind of value."""

TEXTS = ["s", "t", "e", "u", "w", "num", "dec", "html", "p", "fmt", "quote", "low", "up", "mix", "path", "br"]
INTS = ["n", "z", "m", "k", "one", "big"]
FLOATS = ["f", "g", "h", "q", "r", "pi", "inf"]
LISTS = ["l", "ls", "le", "lm", "ll", "lf", "pairs", "users", "messages"]
DICTS = ["d", "de", "di", "users[0]", "messages[2]", "d.c"]
LITERALS = ["'a'", "'b c'", '"x"', "''", "' '", "'\\n'", "'\\u00e9\\x41\\t\\q'", "'a' 'b'", "'%s-%s'", "'{}'", "'A,b,,c'",
            "'1_000'", "'0x1F'", "'  x '", "'<a href=\"x\">t</a>'", "'\\'q'", "'don\\'t \"do\"'", "'12.50'", "'-7'", "'tEst cAse'"]
NUMBERS = ["0", "1", "2", "3", "-1", "-2", "5", "10", "255", "1_2", "0x1f", "0b101", "0o17", "1009", "99999999999999999999"]
REALS = ["0.5", "1.0", "2.25", "-1.5", "1e3", "1e-7", "3.0e20", "0.1", "123456.789", "1_0.5", "5e-324"]

METHODS = {
    "capitalize": "", "casefold": "", "center": "i,ic", "count": "t,ti,tii", "endswith": "t,T,ti", "expandtabs": ",i",
    "find": "t,ti,tii", "index": "t,ti", "isalnum": "", "isalpha": "", "isascii": "", "isdecimal": "", "isdigit": "",
    "isidentifier": "", "islower": "", "isnumeric": "", "isprintable": "", "isspace": "", "istitle": "", "isupper": "",
    "join": "L", "ljust": "i,ic", "lower": "", "lstrip": ",t", "partition": "t", "removeprefix": "t", "removesuffix": "t",
    "replace": "tt,tti", "rfind": "t,ti", "rindex": "t", "rjust": "i,ic", "rpartition": "t", "rsplit": ",t,ti,nI",
    "rstrip": ",t", "split": ",t,ti,nI", "splitlines": ",b", "startswith": "t,T,ti", "strip": ",t", "swapcase": "",
    "title": "", "upper": "", "zfill": "i", "format": "a,aa,ka", "translate": "D", "format_map": "d", "nosuch": "",
}
LIST_METHODS = {"count": "a", "index": "a,ai", "copy": "", "append": "a", "pop": ""}
DICT_METHODS = {"get": "t,ta", "keys": "", "values": "", "items": "", "copy": "", "update": "d", "pop": "t"}

FILTERS = {
    "abs": "", "attr": "t", "batch": "i,ia", "capitalize": "", "center": ",i", "count": "", "d": ",a,ab", "default": ",a,ab",
    "dictsort": ",b,bY,bYb", "e": "", "escape": "", "filesizeformat": ",b", "first": "", "float": ",r", "forceescape": "",
    "format": "a,aa,ka", "groupby": "N,Na", "indent": ",i,ib,ibb,t", "int": ",i,ii", "items": "", "join": ",t,tN", "last": "",
    "length": "", "list": "", "lower": "", "map": "F,A", "max": ",b,bN", "min": ",b,bN", "pprint": "", "reject": ",X",
    "rejectattr": "N,NX", "replace": "tt,tti", "reverse": "", "round": ",i,iM", "safe": "", "select": ",X",
    "selectattr": "N,NX", "slice": "i,ia", "sort": ",b,bb,bbN", "string": "", "striptags": "", "sum": ",N,Na", "title": "",
    "tojson": ",J", "trim": ",t", "truncate": ",i,ib,ibt,ibti", "unique": ",b,bN", "upper": "", "urlencode": "", "urlize": ",i",
    "wordcount": "", "wordwrap": ",i,ib,ibt", "xmlattr": ",b", "nosuch": "",
}
TESTS = {
    "odd": "", "even": "", "divisibleby": "i", "defined": "", "undefined": "", "filter": "", "test": "", "none": "",
    "boolean": "", "false": "", "true": "", "integer": "", "float": "", "lower": "", "upper": "", "string": "", "mapping": "",
    "number": "", "sequence": "", "iterable": "", "callable": "", "sameas": "S", "escaped": "", "in": "l", "eq": "a",
    "equalto": "a", "ne": "a", "gt": "n", "ge": "n", "lt": "n", "le": "n", "greaterthan": "n", "lessthan": "n", "nosuch": "",
}
SPECS = ["'%5d'", "'%-8s|'", "'%05.1f'", "'%x'", "'%+d'", "'%e'", "'%g'", "'%r'", "'%%%s'", "'%.3s'", "'%c'", "'%o'", "'%#x'",
         "'% d'", "'%i'", "'%a'", "'%*d'", "'%.*f'", "'%G'", "'%(a)s'", "'%(a)d-%(b)r'", "'%d%%'", "'%5.2f|%s'", "'%s %s'", "'%'"]
FORMATS = ["'{}'", "'{:>8}'", "'{:^9}|'", "'{:*<6}'", "'{0}{0}'", "'{:5.2f}'", "'{:,}'", "'{:+d}'", "'{:x}'", "'{:#b}'", "'{!r}'",
           "'{!s:>5}'", "'{:e}'", "'{:.3}'", "'{:%}'", "'{0[a]}'", "'{0.name}'", "'{k}'", "'{:{}}'", "'{{}}'", "'{'", "'{:_}'",
           "'{:010.3f}'", "'{:g}'", "'{:08,}'", "'{:=+7}'", "'{:c}'", "'{!a}'", "'{0[0]}'", "'{:n}'", "'{:<5}|'", "'{:s}'", "'{:d}'",
           "'{0.__class__}'", "'{:.0f}'", "'{:#.3g}'", "'{: }'", "'{:z.1f}'"]


class Expressions:
    def __init__(self, rng, names):
        self.rng = rng
        self.names = names

    def pick(self, *options):
        return self.rng.choice(options)

    def chance(self, p):
        return self.rng.random() < p

    def source(self):
        kind = self.rng.randrange(8)
        expr = self.any(self.rng.randrange(1, 5))
        if kind < 5:
            return "{{ " + expr + " }}"
        if kind == 5:
            return "{% if " + expr + " %}yes{% else %}no{% endif %}"
        if kind == 6:
            return "{% set v = " + expr + " %}{{ v }}|{{ v is defined }}"
        return "{% for v in " + expr + " %}{{ v }},{{ loop.index }};{% else %}none{% endfor %}"

    def any(self, depth):
        return self.rng.choice([self.text, self.text, self.int, self.float, self.bool, self.list, self.dict, self.odd])(depth)

    def odd(self, depth):
        return self.pick("x", "nothing", "nothing.a", "d.nothing", "none", "()", "(1,)", "(1, 'a')", "range(3)", "namespace(a=1)",
                         "dict(a=1)", "l.__class__", "s['__class__']", "joiner()", "cycler(1, 2)", "range(5, 0, -2)", "d['items']",
                         "d.items", "d.keys()", "l|map('string')", "1e999", "loop", "'a' is", "not", "users.0.name", "l.0", "x.y",
                         "d.nothing.a", "raise_exception('no')", "strftime_now('%d %b %Y %-d %j')", "lipsum", "self", "dict",
                         "s.upper", "{'a': 1, 1: 2, 1.0: 3, true: 4}", "-s", "[1, 2][9]", "d[[]]", "none.a", "(1)", "(1, 2)[0]")

    def atom_text(self):
        return self.rng.choice(TEXTS) if self.chance(0.6) else self.rng.choice(LITERALS)

    def text(self, depth):
        if depth <= 0:
            return self.atom_text()
        d = depth - 1
        kind = self.rng.randrange(17)
        if kind < 3:
            return self.method(self.text(d), METHODS, d)
        if kind < 7:
            return self.filtered(d)
        if kind == 7:
            return self.text(d) + self.pick(" + ", " ~ ", "+", "~") + self.maybe(self.text, d)
        if kind == 8:
            return self.any(d) + " ~ " + self.any(d)
        if kind == 9:
            return self.pick(f"{self.text(d)} * {self.int(0)}", f"{self.int(0)} * {self.text(d)}", f"({self.text(d)}) * 2")
        if kind == 10:
            return self.text(0) + self.slice()
        if kind == 11:
            return self.rng.choice(SPECS) + " % " + self.pick(self.any(d), f"({self.any(d)}, {self.any(d)})", self.int(0), "d")
        if kind == 12:
            return self.rng.choice(FORMATS) + ".format(" + self.pick(self.any(d), self.int(0), self.float(0), "d", f"{self.any(0)}, 7",
                                                                  f"k={self.any(0)}", "users[0]", "**d") + ")"
        if kind == 13:
            return f"({self.text(d)} if {self.bool(d)} else {self.maybe(self.text, d)})"
        if kind == 14:
            return self.pick("users[0].name", "users[1]['name']", "messages[1].content", "messages[0]['role']", "d.c.k", "users[9].name")
        if kind == 15:
            return f"({self.text(d)} {self.pick('or', 'and')} {self.any(d)})"
        return f"{self.list(0)}|join({self.pick('', repr(', '), repr('-'))})"

    def maybe(self, rule, depth):
        return self.any(depth) if self.chance(0.15) else rule(depth)

    def slice(self):
        part = lambda: self.pick("", "1", "-1", "2", "0", "5", "-3", "n", "x", "100")
        return self.pick(f"[{part()}:{part()}]", f"[{part()}:{part()}:{self.pick('1', '2', '-1', '-2', '', '0')}]", f"[{self.pick('0', '-1', '1', '9')}]")

    def int(self, depth):
        if depth <= 0:
            return self.rng.choice(INTS) if self.chance(0.5) else self.rng.choice(NUMBERS)
        d = depth - 1
        kind = self.rng.randrange(8)
        if kind < 3:
            return f"{self.maybe(self.int, d)} {self.pick('+', '-', '*', '//', '%', '/')} {self.maybe(self.int, d)}"
        if kind == 3:
            return f"({self.int(0)} {self.pick('**', '**', '*')} {self.pick('2', '3', '0', '-1', '10', 'n')})"
        if kind == 4:
            return self.pick("-", "+", "- -") + self.int(0)
        if kind == 5:
            return f"{self.any(d)}|{self.pick('length', 'int', 'count', 'wordcount', 'abs', 'round', 'int(3)', 'int(0, 16)', 'sum')}"
        if kind == 6:
            return f"({self.int(d)})"
        return self.pick("l[0]", "users[0].age", "d.a", "d['b'][1]", "loop.index", "n.real", "k.bit_length()", "users|length", "7.numerator")

    def float(self, depth):
        if depth <= 0:
            return self.rng.choice(FLOATS) if self.chance(0.5) else self.rng.choice(REALS)
        d = depth - 1
        return self.pick(f"{self.float(d)} {self.pick('+', '-', '*', '/', '//', '%', '**')} {self.maybe(self.float, 0)}",
                         f"{self.int(d)} / {self.int(0)}", f"{self.any(d)}|float", f"({self.float(d)})|round({self.pick('', '1', '2', '-1')})",
                         f"{self.float(0)}|round(1, {self.pick(repr('ceil'), repr('floor'), repr('common'))})", f"-{self.float(0)}",
                         f"{self.float(0)}.is_integer()", f"{self.float(0)}|int", f"{self.float(0)} * {self.int(0)}", f"{self.int(0)} % {self.float(0)}")

    def bool(self, depth):
        if depth <= 0:
            return self.pick("b", "c", "true", "false", "True", "x", "n", "z", "s", "e", "l", "le", "nothing")
        d = depth - 1
        kind = self.rng.randrange(9)
        if kind == 0:
            return f"not {self.bool(d)}"
        if kind == 1:
            return f"{self.bool(d)} {self.pick('and', 'or')} {self.bool(d)}"
        if kind == 2:
            op = self.pick("==", "!=", "<", ">", "<=", ">=")
            rule = self.rng.choice([self.int, self.text, self.float, self.list, self.any])
            return f"{rule(d)} {op} {self.maybe(rule, d)}"
        if kind == 3:
            return f"{self.int(0)} < {self.int(0)} {self.pick('<', '<=', '!=', '==')} {self.int(0)}"
        if kind == 4:
            return f"{self.any(d)} {self.pick('in', 'not in')} {self.pick(self.list(d), self.text(d), self.dict(0), 'range(4)')}"
        if kind == 5:
            return f"not {self.text(0)} {self.pick('in', 'not in')} {self.text(d)}"
        if kind == 6:
            return f"{self.pick('', 'not ')}{self.tested(d)}"
        if kind == 7:
            return f"{self.tested(d)} {self.pick('and', 'or')} {self.tested(d)}"
        return f"({self.bool(d)})"

    def tested(self, depth):
        name = self.rng.choice(list(TESTS))
        args = self.arguments(TESTS[name], depth)
        if args and self.chance(0.3):
            args = " " + args
        elif args or self.chance(0.1):
            args = f"({args})"
        return f"{self.any(depth)} is {self.pick('', '', 'not ')}{name}{args}"

    def list(self, depth):
        if depth <= 0:
            return self.rng.choice(LISTS)
        d = depth - 1
        kind = self.rng.randrange(10)
        if kind == 0:
            return "[" + ", ".join(self.any(d) for _ in range(self.rng.randrange(4))) + "]"
        if kind == 1:
            return f"{self.list(d)} + {self.maybe(self.list, 0)}"
        if kind == 2:
            return f"{self.list(0)}{self.slice()}"
        if kind == 3:
            return f"{self.text(d)}.{self.pick('split()', 'split(none, 1)', 'splitlines()', 'partition(repr)', 'rsplit(maxsplit=1)')}"
        if kind == 4:
            return self.method(self.list(0), LIST_METHODS, d)
        if kind < 8:
            return f"{self.filtered(d, self.list)}|list"
        if kind == 8:
            return f"range({self.pick('5', 'n', '2, 8', '10, 0, -3', '100001', 'f', '3, z')}){self.pick('|list', '', '[1:]', '[-1]')}"
        return self.pick(f"{self.list(0)} * {self.int(0)}", f"({self.any(d)}, {self.any(d)})", f"{self.dict(0)}.items()|list", f"{self.dict(0)}|dictsort",
                         f"{self.dict(0)}.values()", f"{self.dict(0)}|items|list", "users|groupby('city')", "users|map(attribute='name')|list")

    def dict(self, depth):
        if depth <= 0:
            return self.rng.choice(DICTS)
        d = depth - 1
        return self.pick(self.rng.choice(DICTS), "{" + ", ".join(f"{self.pick(self.text(0), self.int(0))}: {self.any(d)}" for _ in range(self.rng.randrange(3))) + "}",
                         f"dict({self.dict(0)}, q={self.any(d)})", self.method(self.dict(0), DICT_METHODS, d), "users|first", "dict(pairs)")

    def method(self, target, methods, depth):
        name = self.rng.choice(list(methods))
        args = self.arguments(methods[name], depth)
        if target[0] in "'\"" or target.isalnum() or target.endswith(")") and target.startswith("("):
            return f"{target}.{name}({args})"
        return f"({target}).{name}({args})"

    def filtered(self, depth, rule=None):
        target = (rule or self.rng.choice([self.text, self.text, self.list, self.any, self.dict]))(depth)
        if self.chance(0.5):
            target = f"({target})"
        for _ in range(self.pick(1, 1, 1, 2)):
            name = self.rng.choice(list(FILTERS))
            if name == "nosuch" and self.chance(0.9):
                name = "string"
            args = self.arguments(FILTERS[name], depth)
            target += self.pick("|", " | ") + name + (f"({args})" if args or self.chance(0.2) else "")
        return target

    def arguments(self, forms, depth):
        form = self.rng.choice(forms.split(",")) if forms else ""
        if form == "nI":
            return "none, " + self.int(0)
        if self.chance(0.03):
            form += "a"
        return ", ".join(self.argument(c, max(0, depth - 1)) for c in form)

    def argument(self, kind, depth):
        if self.chance(0.04):
            return self.any(0)
        quoted = lambda *words: repr(self.rng.choice(words))
        return {
            "i": lambda: self.pick("0", "1", "2", "3", "5", "8", "20", "-1", "-2"),
            "t": lambda: self.text(0) if self.chance(0.3) else quoted("a", "l", " ", "o", "", "x", "He", "\n", ",", "lo", "-", "e "),
            "T": lambda: "('a', 'He')", "c": lambda: quoted("*", " ", "0", "\u00e9", "ab"), "b": lambda: self.pick("true", "false", "b", "1", "none"),
            "a": lambda: self.any(depth), "k": lambda: "k=" + self.any(0), "L": lambda: self.pick("ls", "['a', 'b']", self.list(0), "s", "d"),
            "D": lambda: "{" + self.pick("97: 'X'", "'a': 1", "108: none, 111: 48", "72: s") + "}", "d": lambda: self.dict(0),
            "r": lambda: self.float(0), "l": lambda: self.list(depth), "n": lambda: self.pick(self.int(0), self.float(0), self.any(0)),
            "S": lambda: self.pick("none", "true", "false", "1", "l", "n"), "Y": lambda: quoted("key", "value", "other"),
            "N": lambda: self.pick(quoted("name", "age", "city", "addr.zip", "tags", "nothing", "0", "active", "role", "age,name"), "0", "1"),
            "M": lambda: quoted("common", "ceil", "floor"),
            "F": lambda: quoted(*[n for n in FILTERS if n not in ("map",)]) + self.pick("", "", ", 2", ", 'a', 'b'"),
            "A": lambda: "attribute=" + self.argument("N", 0) + self.pick("", ", default='-'"),
            "X": lambda: quoted(*TESTS) + self.pick("", ", 2", ", 'a'", ", 1"),
            "J": lambda: self.pick("indent=2", "indent=0", "ensure_ascii=true", "separators=(',', ':')", "sort_keys=true", "indent=4, sort_keys=true",
                                   "true", "indent='--'", "ensure_ascii=false, separators=[', ', ' = ']", "indent=2, separators=(',', ': ')"),
        }[kind]()


class Statements(Expressions):
    VARIABLES = ["a1", "b1", "n", "s", "v", "l", "i", "x"]

    def source(self):
        self.macros = []
        self.loops = 0
        before = self.pick("{% set ns = namespace(a=1, b='q') %}{% set i = 5 %}", "{%- set ns = namespace(b=[]) %}\n", "")
        return before + "".join(self.statement(self.rng.randrange(2, 5)) for _ in range(self.rng.randrange(1, 5)))

    def gap(self):
        return self.pick("", "", " ", "\n", "\n  ", "  ", "\n\n", " text ", "x\n", "\t", "\n y", "\u3000\n", "{ ", "%}", "}}", "\r\n", "# ", "lo w\n   ")

    def tag(self, body, variable=False):
        left, right = ("{{", "}}") if variable else ("{%", "%}")
        ends = ["", "", "", "-", "-"] + ([] if variable else ["+"])
        return self.gap() + left + self.pick("", "", "", "-", "+") + self.pick(" ", "") + body + self.pick(" ", " ", "\n") + self.pick(*ends) + right + self.gap()

    def expr(self):
        while True:
            expr = self.anyhow()
            if "loop" not in expr or self.loops or self.chance(0.05):
                return expr

    def anyhow(self):
        if self.chance(0.6):
            return self.pick("a1", "b1", "n", "s", "v", "i", "x", "loop.index", "loop.last", "ns.a", "ns.b", "l", "loop.length", "loop.revindex0", "caller()",
                             "varargs", "kwargs", "loop.previtem", "loop.nextitem", "loop.cycle(1, 2)", "loop.changed(i)", "loop.depth", "loop.first", "loop",
                             "loop.index0", "i if i", "a1 ~ b1", "n + 1", "s ~ n", "(n, s)", "ns", "loop.nextitem is defined", "i is odd", "v == n")
        return Expressions.any(self, 1)

    def body(self, depth):
        return "".join(self.statement(depth - 1) for _ in range(self.pick(0, 1, 1, 2, 3))) if depth > 0 else self.gap()

    def iterable(self):
        return self.pick("l", "ls", "le", "range(3)", "[1, 2, 3]", "'abc'", "users", "d", "nothing", "ll", "l|reverse", "ls|map('upper')", "range(n)", "[0]")

    def statement(self, depth):
        if depth <= 0 or self.chance(0.15):
            return self.pick(self.gap(), self.tag(self.expr(), True), self.tag(self.expr(), True), self.comment())
        kind = self.rng.randrange(18)
        if kind < 3:
            return self.for_loop(depth)
        if kind < 5:
            return (self.tag("if " + self.pick(self.expr(), Expressions.bool(self, 1))) + self.body(depth)
                    + (self.tag("elif " + self.expr()) + self.body(depth) if self.chance(0.2) else "")
                    + (self.tag("else") + self.body(depth) if self.chance(0.4) else "") + self.tag("endif"))
        if kind < 8:
            return self.tag(f"set {self.rng.choice(self.VARIABLES)} = {self.expr()}")
        if kind == 8:
            return self.tag("set " + self.pick(*self.VARIABLES) + self.pick("", "", " | upper", " | trim | length", "|replace('x', 'y')")) + self.body(depth) + self.tag("endset")
        if kind == 9:
            return self.tag("set ns = namespace(a=1, b='q')") + self.body(depth) + self.tag(f"set ns.{self.pick('a', 'b', 'cc', '_z')} = {self.expr()}")
        if kind == 10:
            return self.macro(depth)
        if kind == 11:
            return self.tag(self.call(), True)
        if kind == 12:
            if not self.macros:
                return self.macro(depth)
            return self.tag("call" + self.pick("", "(i)", "(i, v=3)") + " " + self.call().replace(".name", "()")) + self.body(depth) + self.tag("endcall")
        if kind == 13:
            return self.tag("filter " + self.pick("upper", "trim", "replace('x', 'zz')", "length", "indent(2)|upper", "e")) + self.body(depth) + self.tag("endfilter")
        if kind == 14:
            return self.tag("with " + self.pick("", "a1=1", "n=n", "a1=n, b1=a1", "i=2, x=i")) + self.body(depth) + self.tag("endwith")
        if kind == 15:
            raw = self.pick("{{ x }}", "{% if %}", "", " {# no #} ", "\n  ")
            return self.gap() + self.pick("{% raw %}", "{%- raw -%}", "{%+ raw %}") + self.gap() + raw + self.gap() + self.pick("{% endraw %}", "{%- endraw -%}", "{%+ endraw +%}") + self.gap()
        if kind == 16:
            return self.pick(self.tag("generation") + self.body(depth) + self.tag("endgeneration"), self.tag("print " + self.expr() + ", " + self.expr()),
                             self.tag("block q" + str(self.rng.randrange(1000)) + self.pick("", " scoped")) + self.body(depth) + self.tag("endblock"),
                             self.tag("set a1, b1 = " + self.pick("1, 2", "(n, s)", "'ab'", "[1]", "b1, a1")))
        return self.tag(self.pick("break", "continue") + "") if self.loops and self.chance(0.8) else self.comment()

    def comment(self):
        return self.gap() + self.pick("{#", "{#-", "{#+") + self.pick(" c ", "\n", "{{ x }}", "-", "") + self.pick("#}", "-#}", "+#}", "#}") + self.gap()

    def for_loop(self, depth):
        target, values = self.pick(("i", None), ("i", None), ("v", None), ("i, v", "pairs"), ("i, v", "d.items()"), ("x", "lm"), ("(i, v)", "pairs"))
        recursive = self.chance(0.08)
        text = self.tag(f"for {target} in {values or self.iterable()}" + self.pick("", "", "", f" if {self.expr()}", " if i is odd", " if not loop") + (" recursive" if recursive else ""))
        self.loops += 1
        text += self.body(depth)
        if recursive and self.chance(0.7):
            text += self.tag("if i is iterable and i is not string", False) + self.tag("loop(i)", True) + self.tag("endif")
        if self.chance(0.3):
            text += self.tag("if " + self.pick("loop.index > 1", "i == 2", self.expr())) + self.tag(self.pick("break", "continue")) + self.tag("endif")
        self.loops -= 1
        return text + (self.tag("else") + self.body(depth) if self.chance(0.25) else "") + self.tag("endfor")

    def macro(self, depth):
        name = "m" + str(self.rng.randrange(4))
        self.macros.append(name)
        loops, self.loops = self.loops, 0
        text = self.tag(f"macro {name}(" + self.pick("", "i", "i, v=2", "i='d', v=i", "v, x=n", "caller=none", "i", "i, i" if self.chance(0.1) else "x") + ")") + self.body(depth)
        if self.chance(0.3):
            text += self.tag(self.pick("caller()", "caller(1)", "varargs", "kwargs", "caller(i, v=i)"), True)
        self.loops = loops
        return text + self.tag("endmacro")

    def call(self):
        if not self.macros and self.chance(0.9):
            return "namespace(q=1)"
        name = self.rng.choice(self.macros) if self.macros else "m0"
        return name + self.pick("()", "(1)", "(1, 2)", "(1, v=3)", "(i=5)", "(*l)", "(1, 2, 3, q=4)", "(n)", "(v=a1)", "(**{'i': 1})", ".name", "(x=1)")
