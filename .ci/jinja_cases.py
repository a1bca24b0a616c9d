"""Makes cases for the Jinja interpreter with jinja2 itself, in the environment that transformers sets up.

usage: jinja_cases.py templates DIR OUT
       jinja_cases.py expressions SEED COUNT OUT
       jinja_cases.py statements SEED COUNT OUT

OUT gets one JSON object per line: "source" with "text", or with "failed" where jinja2 fails, or with "any" where the
text holds an address of memory. The first line of composed cases holds the names that all of them see.
"""
import datetime
import json
import os
import random
import sys

from jinja_dialogues import dialogues
from transformers.utils.chat_template_utils import _compile_jinja_template, _render_with_assistant_indices

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
}


def environment():
    env = _compile_jinja_template("x").environment
    env.globals["strftime_now"] = lambda format: NOW.strftime(format)
    return env


ENV = environment()


def outcome(source, names, ranges=False):
    case = {"source": source}
    try:
        template = ENV.from_string(source)
        if ranges:
            rest = dict(names)
            given = [rest.pop(key, None) for key in ("messages", "tools", "documents", "add_generation_prompt")]
            text, found = _render_with_assistant_indices(template, *given, **rest)
            case["ranges"] = found
        else:
            text = template.render(**names)
        if " at 0x" in text:
            case["any"] = True
        else:
            case["text"] = text
            text.encode()
    except UnicodeEncodeError:
        return None
    except Exception as error:
        case.pop("text", None)
        case["failed"] = type(error).__name__ + ": " + str(error)[:200]
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
            for number, names in enumerate(dialogues()):
                case = outcome(source, names)
                case["id"] = f"{name[:-6]}/{number}"
                case["names"] = names
                yield case

    write(path, cases())


def composed(kind, seed, count, path):
    from jinja_grammar import Expressions, Statements

    grammar = {"expressions": Expressions, "statements": Statements}[kind](random.Random(seed), NAMES)

    def cases():
        yield {"names": NAMES}
        made = 0
        while made < count:
            case = outcome(grammar.source(), NAMES, ranges=kind == "statements")
            if case is not None:
                made += 1
                yield case

    write(path, cases())


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    sys.setrecursionlimit(2000)
    if sys.argv[1] == "templates":
        templates(sys.argv[2], sys.argv[3])
    else:
        composed(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
