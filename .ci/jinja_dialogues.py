"""Dialogues that real templates are tried on: the names that a template is given."""
import copy

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Weather <now> in a \"city\" & more",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "Its name"},
                    "unit": {"type": "string", "enum": ["C", "F"]},
                    "days": {"type": ["integer", "null"], "default": 1.0},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "where": {"type": "object", "properties": {"lat": {"type": "number"}}, "required": ["lat"]},
                },
                "required": ["city"],
            },
        },
    },
    {
        "type": "function",
        "function": {"name": "stop", "description": "", "parameters": {"type": "object", "properties": {}}},
    },
]


def turn(role, content, **more):
    return {"role": role, "content": content, **more}


def call(name, arguments, number="call00001"):
    return {"id": number, "type": "function", "function": {"name": name, "arguments": arguments}}


SYSTEM = turn("system", "Be brief.\n")
USER = turn("user", "Hi there")
ANSWER = turn("assistant", "Hello! <think>x</think> done")
CALLS = turn("assistant", "", tool_calls=[call("get_weather", {"city": "Z\u00fcrich \U0001f600", "days": 2, "unit": None})])
TEXT_CALLS = turn("assistant", None, tool_calls=[call("get_weather", '{"city": "Oslo"}')])
TOOL = turn("tool", '{"temp": 22.5}', tool_call_id="call00001", name="get_weather")
REASONED = turn("assistant", "Four.", reasoning_content="2 + 2\nis 4", thinking="2 + 2\nis 4")
PARTS = turn("user", [{"type": "text", "text": "Look: "}, {"type": "text", "text": "<here>"}])
IMAGE = turn("user", [{"type": "image"}, {"type": "text", "text": "What is it?"}])
ODD = turn("user", "\u3000{{ 7*7 }} {% if %}\t\r\n<|im_end|> \u65e5\u672c\u2028")

CONVERSATIONS = [
    [USER],
    [SYSTEM, USER],
    [SYSTEM, USER, ANSWER, turn("user", " again \n")],
    [USER, ANSWER],
    [USER, ANSWER, USER, ANSWER, USER],
    [turn("user", "")],
    [SYSTEM, turn("user", "  \n "), turn("assistant", "")],
    [ODD],
    [USER, REASONED, turn("user", "and 3 + 3?")],
    [USER, REASONED],
    [PARTS],
    [SYSTEM, IMAGE],
    [turn("system", [{"type": "text", "text": "Parts."}]), PARTS, turn("assistant", [{"type": "text", "text": "ok"}])],
    [turn("developer", "Obey."), USER],
    [USER, USER],
    [],
]

TOOL_CONVERSATIONS = [
    [USER],
    [SYSTEM, USER],
    [SYSTEM, USER, CALLS, TOOL],
    [USER, CALLS, TOOL, turn("assistant", "It is warm."), turn("user", "Thanks")],
    [USER, TEXT_CALLS, TOOL],
    [USER, turn("assistant", "Two calls.", tool_calls=[
        call("get_weather", {"city": "A"}, "call00001"), call("stop", {}, "call00002")]),
     TOOL, turn("tool", "done", tool_call_id="call00002", name="stop"), turn("assistant", "Both done.")],
    [USER, turn("assistant", None, reasoning_content="I need a tool.", tool_calls=CALLS["tool_calls"]), TOOL],
]


def names(messages, prompt, **more):
    given = {"messages": messages, "tools": None, "documents": None, "add_generation_prompt": prompt,
             "bos_token": "<s>", "eos_token": "</s>"}
    given.update(more)
    return copy.deepcopy(given)


def dialogues():
    for messages in CONVERSATIONS:
        for prompt in (False, True):
            yield names(messages, prompt)
    for messages in TOOL_CONVERSATIONS:
        for prompt in (False, True):
            yield names(messages, prompt, tools=TOOLS)
    yield names([SYSTEM, USER], True, enable_thinking=False)
    yield names([SYSTEM, USER, REASONED, USER], True, enable_thinking=True, tools=TOOLS)
    yield names([USER], True, documents=[{"title": "T", "text": "Body"}, {"title": "U", "text": "More"}])
    yield names([USER], True, thinking=True, reasoning_effort="high", date_string="1 Jan 2025")
    bare = names([USER, ANSWER], True)
    del bare["bos_token"], bare["eos_token"], bare["tools"], bare["documents"]
    yield bare
