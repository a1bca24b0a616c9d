"""Makes the golden cases of adapters: each an adapter folder as peft writes it and the logits that peft's reloaded model has.

    adapter_golden.py GOLDEN      GOLDEN is the folder that holds models/; the cases go to GOLDEN/adapter

The numbers of every tensor are drawn after the configuration is made, so that each part of a case moves the logits.
"""

import json
import os
import pathlib
import shutil
import sys
import warnings

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
golden = pathlib.Path(sys.argv[1]).resolve()
out = golden / "adapter"
IDS = [1, 17, 202, 45, 99, 256, 3, 78, 140]


def base(name, score=False):
    kind = AutoModelForSequenceClassification if score else AutoModelForCausalLM
    more = {"num_labels": 1} if score else {}
    model = kind.from_pretrained(golden / "models" / name, dtype=torch.float32, **more)
    model.config.pad_token_id = 0
    return model


def drawn(model, seed):
    """Numbers for what the adapter trains; its magnitudes (DoRA) move by a tenth."""
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=draw)
            if "lora_magnitude" in name:
                p.mul_(1 + 0.1 * noise)
            elif "lora_" in name:
                p.copy_(0.15 * noise)
            elif "trainable_tokens_delta" in name or "modules_to_save" in name or name.endswith(".bias"):
                p.add_(0.1 * noise)


def ids(model):
    return [i % model.config.vocab_size for i in IDS]


def logits(model):
    with torch.no_grad():
        return model.eval()(input_ids=torch.tensor([ids(model)])).logits[0].float()


def case(name, on, config, score=False, change=None, safe=True):
    """change works on the saved tensors, for forms that older or other writers have."""
    torch.manual_seed(5)
    model = get_peft_model(base(on, score), LoraConfig(task_type="SEQ_CLS" if score else "CAUSAL_LM", **config))
    drawn(model, 11)
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder, safe_serialization=safe)
    (folder / "README.md").unlink(missing_ok=True)
    path = folder / "adapter_config.json"
    written = json.loads(path.read_text())
    written["base_model_name_or_path"] = f"../../models/{on}"
    for key in ("target_modules", "exclude_modules", "modules_to_save"):
        if isinstance(written.get(key), list):
            written[key] = sorted(written[key])
    path.write_text(json.dumps(written, indent=2) + "\n")
    again = PeftModel.from_pretrained(base(on, score), folder)
    right = logits(again)
    if change:
        file = folder / "adapter_model.safetensors"
        save_file(change(load_file(file), model), file)
    save_file({"logits": right.contiguous()}, out / f"{name}.safetensors")
    moved = (right - logits(base(on, score))).abs().max().item() if not score else None
    text = {
        "format": 1,
        "kind": "adapter",
        "name": name,
        "base": f"../models/{on}",
        "adapter": name,
        "logits_file": f"{name}.safetensors",
        "source": {"package": "peft", "version": "0.21.2", "function": "PeftModel.from_pretrained, forward"},
        "inputs": {"input_ids": ids(again)},
        "expected": {"logits_change_max": moved},
        "tolerance": {"logits_abs": 2e-4},
    }
    (out / f"{name}.json").write_text(json.dumps(text, indent=1) + "\n")
    print(name, moved, sorted(load_file(folder / "adapter_model.safetensors"))[:4] if safe else "bin")


out.mkdir(exist_ok=True)
GQA, UNTIED, QWEN2, QWEN3 = "llama-gqa-tied", "llama3-rope-untied", "qwen2-bias", "qwen3-qknorm"
case(
    "patterns",
    GQA,
    dict(
        r=4,
        lora_alpha=8,
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
        rank_pattern={"k_proj": 2, "layers.1.self_attn.v_proj": 6, ".*0.mlp.up_proj": 3, "proj": 7, "q_pro.": 5},
        alpha_pattern={"^model.layers.0.self_attn.q_proj": 1, "v_proj": 20, "(gate|down)_proj": 3, "up_proj": -4},
    ),
)
case(
    "patterns-rslora",
    QWEN3,
    dict(
        r=4,
        lora_alpha=2.5,
        use_rslora=True,
        target_modules=["k_proj", "v_proj", "up_proj"],
        rank_pattern={r"layers\.[1-9]\.self_attn\.v_proj": 9},
        alpha_pattern={"up_proj": 0},
    ),
)
case(
    "regex",
    QWEN2,
    dict(r=3, lora_alpha=6, target_modules=r"(?P<root>model)\.layers\.\d+\.(self_attn\.[qv]|mlp\.(?:up|down))_proj"),
)
case(
    "excluded",
    GQA,
    dict(r=3, lora_alpha=6, target_modules="all-linear", exclude_modules=["layers.1.mlp.up_proj", "k_proj"]),
)
case(
    "excluded-regex",
    GQA,
    dict(r=3, lora_alpha=6, target_modules=["q_proj", "up_proj", "down_proj"], exclude_modules=r".*\.0\.mlp.*"),
)
case(
    "layers",
    GQA,
    dict(r=3, lora_alpha=6, target_modules=["q_proj", "up_proj", "model.layers.0.mlp.down_proj"],
         layers_to_transform=[1], layers_pattern="layers"),
)
case("layer", UNTIED, dict(r=3, lora_alpha=6, target_modules=["q_proj", "up_proj"], layers_to_transform=0))
case("head", UNTIED, dict(r=4, lora_alpha=8, target_modules=["v_proj", "lm_head"]))
case("head-tied", GQA, dict(r=4, lora_alpha=8, target_modules=["v_proj", "lm_head"]))
case("embedding", UNTIED, dict(r=4, lora_alpha=8, target_modules=["v_proj", "embed_tokens"]))
case("embedding-tied", GQA, dict(r=4, lora_alpha=8, target_modules=["v_proj", "embed_tokens"]))
case("embedding-alone", GQA, dict(r=4, lora_alpha=8, target_modules=["embed_tokens"]))
case(
    "embedding-and-head-tied",
    GQA,
    dict(r=4, lora_alpha=8, target_modules=["v_proj", "embed_tokens", "lm_head"], rank_pattern={"lm_head": 2}),
)
case(
    "embedding-tying-ensured",
    GQA,
    dict(r=4, lora_alpha=8, target_modules=["v_proj", "embed_tokens"], ensure_weight_tying=True),
)
case(
    "embedding-tying-scaled",
    GQA,
    dict(
        r=4,
        lora_alpha=8,
        target_modules=["v_proj", "lm_head"],
        alpha_pattern={"embed_tokens": -3},
        ensure_weight_tying=True,
    ),
)
case("saved-norms", GQA, dict(r=4, lora_alpha=8, target_modules=["q_proj"], modules_to_save=["norm"]))
case(
    "saved-embedding-tied", GQA, dict(r=4, lora_alpha=8, target_modules=["q_proj"], modules_to_save=["embed_tokens"])
)
case("saved-head-tied", GQA, dict(r=4, lora_alpha=8, target_modules=["q_proj"], modules_to_save=["lm_head"]))
case(
    "saved-both",
    UNTIED,
    dict(r=4, lora_alpha=8, target_modules=["q_proj"], modules_to_save=["embed_tokens", "lm_head"]),
)
case(
    "saved-tying-ensured",
    GQA,
    dict(r=4, lora_alpha=8, target_modules=["q_proj"], modules_to_save=["embed_tokens"], ensure_weight_tying=True),
)
case(
    "saved-linear",
    GQA,
    dict(r=4, lora_alpha=8, target_modules=["q_proj", "down_proj"], modules_to_save=["layers.1.mlp"]),
)
case(
    "saved-score",
    "llama-reward",
    dict(r=4, lora_alpha=8, target_modules=["q_proj"], modules_to_save=["input_layernorm"]),
    score=True,
)
case("bias-all", QWEN2, dict(r=4, lora_alpha=8, target_modules=["q_proj"], bias="all"))
case("bias-lora-only", QWEN2, dict(r=4, lora_alpha=8, target_modules=["q_proj"], bias="lora_only"))
case("lora-bias", QWEN2, dict(r=4, lora_alpha=8, target_modules=["k_proj"], lora_bias=True))
case("tokens-tied", GQA, dict(r=4, lora_alpha=8, target_modules=["q_proj"], trainable_token_indices=[17, 3, 256]))
case(
    "tokens",
    UNTIED,
    dict(
        r=4,
        lora_alpha=8,
        target_modules=["q_proj"],
        trainable_token_indices={"embed_tokens": [17, 3], "lm_head": [5]},
    ),
)
case("dora", QWEN2, dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"], use_dora=True))
case("dora-embedding", UNTIED, dict(r=4, lora_alpha=8, target_modules=["q_proj", "embed_tokens"], use_dora=True))
case("wide-rank", GQA, dict(r=40, lora_alpha=8, target_modules=["k_proj", "v_proj"]))
case("bin", GQA, dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"]), safe=False)
case(
    "phi3-fused",
    "phi3",
    dict(
        r=4,
        lora_alpha=8,
        target_modules="all-linear",
        rank_pattern={"qkv_proj": 6, "layers.0.mlp.gate_up_proj": 3},
        alpha_pattern={"qkv_proj": 3},
    ),
)
case("phi3-attention", "phi3-longrope", dict(r=4, lora_alpha=8, target_modules=["qkv_proj", "o_proj"]))
case(
    "gemma2-embedding",
    "gemma2",
    dict(r=4, lora_alpha=8, target_modules=["q_proj", "down_proj", "embed_tokens"], modules_to_save=["norm"]),
)
case("gemma3-tokens", "gemma3", dict(r=4, lora_alpha=8, target_modules=["k_proj"], trainable_token_indices=[17, 3]))
case("olmo2", "olmo2", dict(r=4, lora_alpha=8, target_modules="all-linear", modules_to_save=["q_norm"]))
case("granite-head", "granite", dict(r=4, lora_alpha=8, target_modules=["v_proj", "lm_head"]))
case("mistral-dora", "mistral-window", dict(r=4, lora_alpha=8, target_modules="all-linear", use_dora=True))
