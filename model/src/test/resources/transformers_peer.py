"""Reads models as transformers does and answers with its numbers.

Standard input: {"models": [{"folder", "file"?, "score"?, "rows", "new_tokens"?, "texts"?}, ...]}, with "file" the name
of a GGUF file in the folder. Last line of standard output: a list with, for each model, "stored" (the dtype its
configuration gives), "logits" of every row (of a score head its "scores") with weights, products and residual stream in
float64 (norms, angles and softmax stay in fp32, as transformers has them), "rounding", how far its own fp32 is from those,
"greedy" continuations and "ids" of texts.
"""

import copy
import json
import os
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer


def answer(request):
    gguf = {"gguf_file": request["file"]} if "file" in request else {}
    kind = AutoModelForSequenceClassification if request.get("score") else AutoModelForCausalLM
    model = kind.from_pretrained(request["folder"], dtype=torch.float32, **gguf).eval()
    exact = copy.deepcopy(model).double()
    out = {"stored": stored(request), "logits": [], "scores": [], "rounding": 0.0, "greedy": []}
    with torch.no_grad():
        for row in request["rows"]:
            logits = exact(input_ids=torch.tensor([row])).logits[0]
            rounded = model(input_ids=torch.tensor([row])).logits[0]
            out["rounding"] = max(out["rounding"], (rounded - logits).abs().max().item())
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
