"""Writes a GGUF file as a Hugging Face folder in bf16, as transformers does it: smollm2_folder.py FILE.gguf FOLDER"""

import os
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

source, target = sys.argv[1:]
where = {"pretrained_model_name_or_path": os.path.dirname(source), "gguf_file": os.path.basename(source)}
quantised = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.bfloat16)
# A model read from GGUF will not be saved as such; one made from its configuration takes its weights.
config = quantised.config
del config.quantization_config
config.tie_word_embeddings = True
plain = type(quantised)(config).to(torch.bfloat16)
plain.load_state_dict(quantised.state_dict())
plain.save_pretrained(target)
AutoTokenizer.from_pretrained(**where).save_pretrained(target)
