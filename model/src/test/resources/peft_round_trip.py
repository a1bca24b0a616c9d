"""Works on the jobs of a folder: reads an adapter with peft, or makes one, and writes its outputs beside it.

Each job is a folder with job.json: {"base", "adapter", "score", "make", "rslora", "targets", "ids"}.
"""

import json
import pathlib
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

torch.set_num_threads(1)
for path in sorted(pathlib.Path(sys.argv[1]).glob("*/job.json")):
    job = json.loads(path.read_text())
    torch.manual_seed(11)
    if job["score"]:
        model = AutoModelForSequenceClassification.from_pretrained(job["base"], num_labels=1, dtype=torch.float32)
    else:
        model = AutoModelForCausalLM.from_pretrained(job["base"], dtype=torch.float32)
    model.config.pad_token_id = 0
    adapter = path.parent / "adapter"
    if job["make"]:
        config = LoraConfig(
            r=6,
            lora_alpha=9,
            lora_dropout=0.1,
            use_rslora=job["rslora"],
            target_modules=job["targets"],
            init_lora_weights=False,
            task_type="SEQ_CLS" if job["score"] else "CAUSAL_LM",
        )
        model = get_peft_model(model, config).eval()
        model.save_pretrained(adapter)
    else:
        model = PeftModel.from_pretrained(model, adapter).eval()
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([job["ids"]])).logits
    save_file({"logits": logits.float().contiguous()}, path.parent / "out.safetensors")
