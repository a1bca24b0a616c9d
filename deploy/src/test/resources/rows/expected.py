"""Rows of data files beside the texts and ids that transformers makes of what they mean; writes expected.json.

    python expected.py TOKENIZER_JSON      (transformers 5.23; the tokenizer of the shipped stories model)

What a row means is written here by hand, as messages, tools and keyword arguments of apply_chat_template.
"""

import json
import pathlib
import sys

from transformers import PreTrainedTokenizerFast

HERE = pathlib.Path(__file__).parent


def said(role, content, **more):
    return {"role": role, "content": content, **more}


HI = said("user", "Hi there")
BRIEF = said("system", "Be brief.")
TOOL = {"type": "function", "function": {"name": "weather", "description": "Tells the weather", "parameters": {}}}
CALL = {"type": "function", "function": {"name": "weather", "arguments": {"city": "Rome"}}}

# name, row, messages, then what else apply_chat_template gets; "template" names a file here.
CASES = [
    ("a list", {"prompt": [HI]}, [HI], {}),
    ("tools", {"prompt": [HI], "tools": [TOOL]}, [HI], {"tools": [TOOL]}),
    ("tools as JSON text", {"prompt": [HI], "tools": json.dumps([TOOL])}, [HI], {"tools": [TOOL]}),
    ("no tools", {"prompt": [HI], "tools": []}, [HI], {}),
    ("tools beside a text", {"prompt": "Hi there", "tools": [TOOL]}, [HI], {"tools": [TOOL]}),
    ("keyword arguments", {"prompt": [HI], "chat_template_kwargs": {"enable_thinking": False}}, [HI],
     {"enable_thinking": False}),
    ("keyword arguments as JSON text", {"messages": [HI], "chat_template_kwargs": "{\"enable_thinking\": false}"}, [HI],
     {"enable_thinking": False}),
    ("system beside a text", {"prompt": "Hi there", "system": "Be brief."}, [BRIEF, HI], {}),
    ("system beside turns", {"conversations": [{"from": "human", "value": "Hi there"}], "system": "Be brief."},
     [BRIEF, HI], {}),
    ("system beside an instruction", {"instruction": "Hi there", "input": "", "output": "Yo", "system": "Be brief."},
     [BRIEF, HI], {}),
    ("history", {"instruction": "Hi there", "history": [["One?", "Two."], ["Three?", "Four."]], "system": "Be brief."},
     [BRIEF, said("user", "One?"), said("assistant", "Two."), said("user", "Three?"), said("assistant", "Four."), HI],
     {}),
    ("Dolly", {"instruction": "Who?", "context": "Zoë is here.", "response": "Zoë", "category": "qa"},
     [said("user", "Who?\n\nZoë is here.")], {}),
    ("parts", {"messages": [said("user", [{"type": "text", "text": "Hi"}, {"type": "text", "text": " there"}])]}, [HI],
     {}),
    ("an answer is left to the model", {"messages": [BRIEF, HI, said("assistant", "Yo")]}, [BRIEF, HI], {}),
    ("a beginning is gone on with", {"prompt": [HI, said("assistant", "The answer is")]},
     [HI, said("assistant", "The answer is")], {"continue_final_message": True}),
    ("a beginning that ends with a space", {"prompt": [HI, said("assistant", "The answer is ")]},
     [HI, said("assistant", "The answer is ")], {"continue_final_message": True}),
    ("a beginning that the template trims", {"prompt": [HI, said("assistant", " The answer is \n")]},
     [HI, said("assistant", " The answer is \n")], {"continue_final_message": True, "template": "trimming.jinja"}),
    ("a beginning with thoughts", {"prompt": [HI, said("assistant", "So", reasoning_content="Hm.")]},
     [HI, said("assistant", "So", reasoning_content="Hm.")], {"continue_final_message": True}),
    ("calls and results", {"messages": [HI, {"role": "assistant", "content": None, "tool_calls": [CALL]},
                                        said("tool", "Sun", name="weather", tool_call_id="1")], "tools": [TOOL]},
     [HI, {"role": "assistant", "tool_calls": [CALL]}, said("tool", "Sun", name="weather", tool_call_id="1")],
     {"tools": [TOOL]}),
    ("thoughts under an older name", {"prompt": [HI, said("assistant", "Yo", reasoning="Hm."), HI]},
     [HI, said("assistant", "Yo", reasoning="Hm."), HI], {}),
    ("ShareGPT with a tool", {"conversations": [
        {"from": "system", "value": "Be brief."}, {"from": "human", "value": "Hi there"},
        {"from": "function_call", "value": "{\"name\": \"weather\", \"arguments\": {\"city\": \"Rome\"}}"},
        {"from": "observation", "value": "Sun"}, {"from": "gpt", "value": "Sunny"}]},
     [BRIEF, HI, {"role": "assistant", "content": "", "tool_calls": [CALL]}, said("tool", "Sun")], {}),
    ("names of a turn", {"prompt": [said("user", "Hi there", name="Zoë")]}, [said("user", "Hi there", name="Zoë")], {}),
    ("everything as JSON", {"prompt": [said("user", "Zoë \u2028 😀", weight=0.5, big=12345678901234567890),
                                       {"content": "So", "role": "assistant", "reasoning": "Hm.", "n": None, "x": 1.0},
                                       said("tool", "", z=[True, None], a={})],
                            "tools": [{"z": 1, "a": {"y": [1.5, "é", None]}}, TOOL],
                            "documents": [{"title": "t", "text": "x"}],
                            "chat_template_kwargs": {"extra": {"k": [1, 2.50, {}], "b": ""}}},
     [said("user", "Zoë \u2028 😀", weight=0.5, big=12345678901234567890),
      {"content": "So", "role": "assistant", "reasoning": "Hm.", "n": None, "x": 1.0},
      said("tool", "", z=[True, None], a={})],
     {"tools": [{"z": 1, "a": {"y": [1.5, "é", None]}}, TOOL], "documents": [{"title": "t", "text": "x"}],
      "extra": {"k": [1, 2.50, {}], "b": ""}, "template": "json.jinja"}),
    ("nothing beside the turns as JSON", {"prompt": [HI], "tools": None}, [HI], {"template": "json.jinja"}),
    ("hh-rlhf", {"chosen": "\n\nHuman: Hi there\n\nAssistant: Yo\n\nHuman: Bye\n\nAssistant: Bye!",
                 "rejected": "\n\nHuman: Hi there\n\nAssistant: Yo\n\nHuman: Bye\n\nAssistant: No."},
     [HI, said("assistant", "Yo"), said("user", "Bye")], {}),
    ("verl", {"data_source": "gsm8k", "prompt": [HI], "reward_model": {"style": "rule", "ground_truth": "72"}}, [HI],
     {}),
]


def main():
    written = []
    for name, row, messages, more in CASES:
        more = dict(more)
        template = more.pop("template", "tools.jinja")
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=sys.argv[1])
        tokenizer.chat_template = (HERE / template).read_text()
        more.setdefault("add_generation_prompt", not more.get("continue_final_message", False))
        text = tokenizer.apply_chat_template(messages, tokenize=False, **more)
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        written.append({"name": name, "template": template, "row": row, "text": text, "ids": ids})
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in written)
    (HERE / "expected.json").write_text("[\n" + lines + "\n]\n")


main()
