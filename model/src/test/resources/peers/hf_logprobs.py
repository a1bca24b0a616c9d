"""Log-probabilities of given tokens by transformers, in fp32 and in its own bf16.

    hf_logprobs.py FOLDER < ROWS > ANSWERS

A row is a line {"ids": [...], "prompt": n}; its answer {"fp32": [...], "bf16": [...]}, one number for each token after
the first n.
"""
import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import transformers


def logprobs(model, row):
    ids = torch.tensor([row["ids"]])
    with torch.no_grad():
        logits = model(ids).logits[0, row["prompt"] - 1:-1].float()
    return logits.log_softmax(-1).gather(1, ids[0, row["prompt"]:, None])[:, 0].tolist()


def main():
    rows = [json.loads(line) for line in sys.stdin]
    made = [{} for _ in rows]
    for name, dtype in ("fp32", torch.float32), ("bf16", torch.bfloat16):
        model = transformers.AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=dtype).eval()
        for row, answer in zip(rows, made):
            answer[name] = logprobs(model, row)
    for answer in made:
        print(json.dumps(answer))


main()
