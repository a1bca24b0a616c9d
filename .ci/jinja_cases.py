"""Makes cases for the Jinja interpreter with jinja2 itself, in the environment that transformers sets up.

usage: jinja_cases.py templates DIR OUT
       jinja_cases.py expressions SEED COUNT OUT
       jinja_cases.py statements SEED COUNT OUT
       jinja_cases.py chosen FOLDERS OUT

OUT gets one JSON object per line: "source" with "text", or with "failed" where jinja2 fails, or with "any" where the
text holds an address of memory. The first line of composed cases holds the names that all of them see.
"""
import datetime
import json
import os
import random
import resource
import subprocess
import sys

from jinja_dialogues import dialogues
from transformers.utils.chat_template_utils import _compile_jinja_template, _render_with_assistant_indices

MEMORY = 4 << 30
LONGEST = 1 << 20
NOW = datetime.datetime(2024, 7, 5, 9, 3, 7, 4210)

NAMES = {
    "s": "Hello World", "t": "  spaced\ttext \n", "e": "", "u": "na\u00efve \u00dcn\u00efc\u00f6d\u00e9 \u65e5\u672c \U0001f600 \u00df",
    "w": "\u3000wide\u00a0\u3000", "num": "42", "dec": " -3.75e1 ", "html": "<b>&'\"</b> <!-- c --> &amp; x",
    "p": "one-two three  four\nfive, six. seven", "fmt": "%s|%5d|%-6.2f|", "br": "{} {0.name}", "path": "a.b.c/d e",
    "quote": "it's \"q\"\\ \x07", "low": "abc", "up": "ABC", "mix": "\u01c5ungla \u03a3\u03a3 \ufb01n",
    "n": 7, "z": 0, "m": -3, "k": 12, "big": 123456789012345678901234567890, "one": 1,
    "f": 2.5, "g": -0.0, "h": 1e16, "q": 1e-5, "r": 0.1, "pi": 3.14159, "inf": 1e308,
    "b": True, "c": False, "x": None,
    "l": [3, 1, 2], "ls": ["b", "A", "c", "a", "B"], "le": [], "lm": [1, "a", None, 2.5, True, [1], {"a": 1}],
    "ll": [[1, 2], [3], []], "lf": [1.5, -2.0, 3.25], "pairs": [["a", 1], ["b", 2]],
    "d": {"a": 1, "b": [1, 2], "c": {"k": "v"}, "items": "mine", "A": 2}, "de": {}, "di": {"z": 1, "y": 2.0, "x": None},
    "users": [
        {"name": "Bob", "age": 30, "city": "Rome", "tags": ["x", "y"], "addr": {"zip": 5}},
        {"name": "alice", "age": 25, "city": "rome", "tags": [], "addr": {"zip": 4}},
        {"name": "Carol", "age": 30, "city": "Oslo", "tags": ["z"], "active": True},
    ],
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": " Hi <there>\n"},
        {"role": "assistant", "content": None, "tool_calls": [
            {"type": "function", "function": {"name": "f", "arguments": {"a": 1, "b": [True, None]}}}]},
        {"role": "tool", "content": "22 \u00b0C"},
    ],
    "tools": None, "documents": None, "add_generation_prompt": True,
}


def fresh_names():
    return json.loads(json.dumps(NAMES))


def environment():
    env = _compile_jinja_template("x").environment
    env.globals["strftime_now"] = lambda format: NOW.strftime(format)
    return env


ENV = environment()


def may_hold_address(text):
    """Whether letters of the text in their order spell what objects without a text of their own print as."""
    for word in ("object", "tcejbo", "function"):
        letters = iter(text.lower())
        if all(letter in letters for letter in word):
            return True
    return False


def render(template, names, ranges):
    if not ranges:
        return template.render(**names), None
    rest = dict(names)
    given = [rest.pop(key, None) for key in ("messages", "tools", "documents", "add_generation_prompt")]
    return _render_with_assistant_indices(template, *given, **rest)


def outcome(template, source, names, ranges=False):
    """The text that a template gives, or how it fails; None for what is left out."""
    case = {"source": source}
    try:
        template = template or ENV.from_string(source)
        text, found = render(template, names, ranges)
        if len(text) > LONGEST:
            return None
        text.encode()
    except UnicodeEncodeError:
        return None
    except Exception as error:
        case["failed"] = type(error).__name__ + ": " + str(error)[:200]
        return case
    case["text"] = text
    if ranges:
        case["ranges"] = found
    return case


def write(path, lines):
    with open(path, "w", encoding="utf-8") as out:
        for line in lines:
            out.write(json.dumps(line) + "\n")


def templates(folder, path):
    def cases():
        for name in sorted(os.listdir(folder)):
            if not name.endswith(".jinja"):
                continue
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                source = file.read()
            template = ENV.from_string(source)
            for number, names in enumerate(dialogues()):
                case = outcome(template, "", names, ranges="tools" in names)
                case["template"] = name
                case["id"] = f"{name[:-6]}/{number}"
                case["names"] = names
                yield case

    write(path, cases())


def chosen(shared, path):
    """The cases that the tests hold without Python: those of jinja_chosen.py, and folders of templates with messages."""
    from jinja_chosen import SOURCES

    def cases():
        yield {"names": NAMES}
        for source in SOURCES:
            case = outcome(None, source, fresh_names(), ranges=True)
            if case is not None:
                yield case
        for folder in sorted(os.listdir(shared)):
            with open(os.path.join(shared, folder, "chat_template.jinja"), encoding="utf-8") as file:
                source = file.read()
            with open(os.path.join(shared, folder, "messages.jsonl"), encoding="utf-8") as file:
                for line in file:
                    names = {"messages": json.loads(line)["messages"], "add_generation_prompt": True, "tools": None, "documents": None}
                    yield {**outcome(None, source, names, ranges=True), "id": folder, "names": names}

    write(path, cases())


def composed(kind, seed, count, path):
    from jinja_grammar import Expressions, Statements

    grammar = {"expressions": Expressions, "statements": Statements}[kind](random.Random(seed), NAMES)

    cases = []
    while len(cases) < count:
        case = outcome(None, grammar.source(), fresh_names(), ranges=kind == "statements")
        if case is not None:
            cases.append(case)
    hide_addresses(cases, path + ".again")
    write(path, [{"names": NAMES}, *cases])


def hide_addresses(cases, path):
    """Renders what may hold an address of memory in another process, where addresses differ."""
    suspects = [case for case in cases if may_hold_address(case.get("text", ""))]
    write(path, suspects)
    subprocess.run([sys.executable, __file__, "again", path], check=True)
    with open(path, encoding="utf-8") as file:
        for case, line in zip(suspects, file):
            if json.loads(line)["text"] != case["text"]:
                del case["text"]
                case["any"] = True


def again(path):
    with open(path, encoding="utf-8") as file:
        sources = [json.loads(line)["source"] for line in file]
    write(path, [outcome(None, source, fresh_names()) for source in sources])


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    if sys.argv[1] == "templates":
        templates(sys.argv[2], sys.argv[3])
    elif sys.argv[1] == "again":
        again(sys.argv[2])
    elif sys.argv[1] == "chosen":
        chosen(sys.argv[2], sys.argv[3])
    else:
        composed(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
