"""Reads what lies in the folders of a folder and writes the logits beside it.

Each has job.json: {"base", "ids", "score"}, and adapter/ (read by peft over the base) or model/ (by transformers alone).
A warning of peft's fails the job; those of other libraries, which depend on the host, do not.
"""

import json
import logging
import pathlib
import sys
import warnings

import torch
from peft import PeftModel
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

torch.set_num_threads(1)


class Heard(logging.Handler):
    said = []

    def emit(self, record):
        self.said.append(record.getMessage())


logging.getLogger("peft").addHandler(Heard(logging.WARNING))
for path in sorted(pathlib.Path(sys.argv[1]).glob("*/job.json")):
    job = json.loads(path.read_text())
    kind = AutoModelForSequenceClassification if job["score"] else AutoModelForCausalLM
    more = {"num_labels": 1} if job["score"] else {}
    folder = path.parent / "model"
    model = kind.from_pretrained(folder if folder.exists() else job["base"], dtype=torch.float32, **more)
    model.config.pad_token_id = 0
    if not folder.exists():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = PeftModel.from_pretrained(model, path.parent / "adapter")
        told = [str(w.message) for w in caught if "/peft/" in w.filename] + Heard.said
        fine = ("tied", "deprecated", "did not match any targeted module")
        told = [t for t in told if not any(f in t for f in fine)]
        assert not told, (path, told)
    with torch.no_grad():
        logits = model.eval()(input_ids=torch.tensor([job["ids"]])).logits[0]
    save_file({"logits": logits.float().contiguous()}, path.parent / "out.safetensors")
