"""Reads models as transformers does and answers with its numbers.

Standard input: {"models": [{"folder", "file"?, "score"?, "rows", "new_tokens"?, "texts"?}, ...]}, with "file" the name
of a GGUF file in the folder. Last line of standard output: a list with, for each model, "stored" (the dtype its
configuration gives), "logits" of every row (of a score head its "scores"), "greedy" continuations and "ids" of texts.
"""

import json
import os
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

torch.set_num_threads(1)


def answer(request):
    gguf = {"gguf_file": request["file"]} if "file" in request else {}
    kind = AutoModelForSequenceClassification if request.get("score") else AutoModelForCausalLM
    model = kind.from_pretrained(request["folder"], dtype=torch.float32, **gguf).eval()
    out = {"stored": stored(request), "logits": [], "scores": [], "greedy": []}
    with torch.no_grad():
        for row in request["rows"]:
            logits = model(input_ids=torch.tensor([row])).logits[0]
            out["scores" if request.get("score") else "logits"].append(logits.flatten().tolist())
            if "new_tokens" in request:
                made = model.generate(
                    torch.tensor([row]), max_new_tokens=request["new_tokens"], do_sample=False, pad_token_id=0
                )
                out["greedy"].append(made[0, len(row):].tolist())
    if "texts" in request:
        tokenizer = AutoTokenizer.from_pretrained(request["folder"], **gguf)
        out["ids"] = [tokenizer(text)["input_ids"] for text in request["texts"]]
    return out


def stored(request):
    path = os.path.join(request["folder"], "config.json")
    if not os.path.exists(path):
        return None
    with open(path) as file:
        fields = json.load(file)
    return fields.get("dtype", fields.get("torch_dtype"))


answers = [answer(request) for request in json.load(sys.stdin)["models"]]
print(json.dumps(answers))
