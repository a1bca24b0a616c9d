"""Makes files of torch.save and what they hold as safetensors.

    torch_golden.py GOLDEN      writes GOLDEN/torch/NAME.bin and NAME.safetensors; NAME.refused.bin has none
"""

import collections
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file

out = pathlib.Path(sys.argv[1]) / "torch"
out.mkdir(parents=True, exist_ok=True)
torch.manual_seed(3)
wide = torch.randn(6, 8)
kinds = {
    "row": torch.randn(5),
    "half": torch.randn(3, 4).half(),
    "brain": torch.randn(3, 4).bfloat16(),
    "long": torch.arange(7) - 3,
    "int": torch.arange(6, dtype=torch.int32).view(2, 3),
    "byte": torch.arange(4, dtype=torch.uint8),
    "empty": torch.zeros(0, 4),
    "one": torch.tensor(2.5),
}
views = {
    "all": wide,
    "turned": wide.t(),
    "rows": wide[2:4],
    "columns": wide[:, 1:7:2],
    "swapped": torch.randn(2, 3, 4).permute(2, 0, 1),
    "narrow": wide[1:2, 3:4],
}


def case(name, tensors, saved=None, **how):
    torch.save(tensors if saved is None else saved, out / f"{name}.bin", **how)
    plain = {k: v.detach().clone().contiguous() for k, v in tensors.items()}
    save_file(plain, out / f"{name}.safetensors")


case("kinds", kinds)
case("views", views)
model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LayerNorm(4))
case("state", model.state_dict())
case("parameters", dict(model.named_parameters()))
case("ordered", collections.OrderedDict(kinds), pickle_protocol=4)
torch.save(model, out / "module.refused.bin")
torch.save({"a": torch.zeros(2), "step": 3}, out / "number.refused.bin")
torch.save([torch.zeros(2)], out / "list.refused.bin")
torch.save({"a": torch.zeros(2, dtype=torch.float64)}, out / "double.refused.bin")
torch.save({"a": torch.zeros(2)}, out / "legacy.refused.bin", _use_new_zipfile_serialization=False)

# A model's folder with its weights as one file of torch.save, as two with an index, and as safetensors.
from transformers import LlamaConfig, LlamaForCausalLM  # noqa: E402

shape = dict(vocab_size=24, hidden_size=16, intermediate_size=20, num_hidden_layers=1, num_attention_heads=2)
llama = LlamaForCausalLM(LlamaConfig(**shape, tie_word_embeddings=True, max_position_embeddings=32)).bfloat16()
state = llama.state_dict()
for name in ("whole", "sharded", "mapped"):
    folder = out / "model" / name
    folder.mkdir(parents=True, exist_ok=True)
    llama.config.architectures = ["LlamaForCausalLM"]
    llama.config.save_pretrained(folder)
torch.save(state, out / "model/whole/pytorch_model.bin")
save_file({k: v.contiguous() for k, v in state.items() if k != "lm_head.weight"}, out / "model/mapped/model.safetensors")
halves = {"pytorch_model-00001-of-00002.bin": {}, "pytorch_model-00002-of-00002.bin": {}}
for i, (k, v) in enumerate(state.items()):
    halves[list(halves)[i % 2]][k] = v.clone()
for file, part in halves.items():
    torch.save(part, out / "model/sharded" / file)
index = {"weight_map": {k: file for file, part in halves.items() for k in part}}
(out / "model/sharded/pytorch_model.bin.index.json").write_text(json.dumps(index, indent=1) + "\n")
