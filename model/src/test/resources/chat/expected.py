"""Texts of dialogues by transformers' own rendering: expected.py FOLDER."""

import json
import os
import sys

import transformers
from transformers.utils.chat_template_utils import _compile_jinja_template

DIALOGUES = [
    [{"role": "user", "content": "Hi"}],
    [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "  What is {{ 7*7 }} {% if x %}?\n"},
        {"role": "assistant", "content": "49\n\nOr not. "},
        {"role": "user", "content": "Why's \"that\"\\n & <b>?"},
    ],
    [{"role": "user", "content": "a"}, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nb"}],
    [{"role": "user", "content": "x"}, {"role": "user", "content": "y"}],
]

folder = sys.argv[1]
cases = []
for name in sorted(f for f in os.listdir(folder) if f.endswith(".jinja")):
    with open(os.path.join(folder, name)) as file:
        template = _compile_jinja_template(file.read())
    for messages in DIALOGUES:
        for prompt in (False, True):
            case = {"template": name, "messages": messages, "add_generation_prompt": prompt}
            try:
                case["text"] = template.render(
                    messages=messages,
                    tools=None,
                    documents=None,
                    add_generation_prompt=prompt,
                    bos_token="<s>",
                    eos_token="</s>",
                )
            except Exception as refusal:
                case["refused"] = str(refusal)
            cases.append(case)
source = f"transformers {transformers.__version__}; bos_token <s>, eos_token </s>"
with open(os.path.join(folder, "expected.json"), "w") as file:
    json.dump({"source": source, "cases": cases}, file, indent=1, ensure_ascii=False)
