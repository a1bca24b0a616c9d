#!/usr/bin/env python3
"""Makes the golden cases of model families: tiny random models in the form that people have them, and what transformers
computes of them.

    family_golden.py OUT      needs torch and transformers; writes OUT/models/NAME/ and OUT/model/NAME.{json,safetensors}

A family that transformers has no class for is a Llama or a Granite whose tensors are renamed and fused here. Each case
names what it is about, and is computed a second time without that: the largest change of a log-probability must be at
least 0.1, so that leaving the part out cannot pass.
"""
import copy
import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
import torch
import transformers
from safetensors.torch import save_file

OUT = sys.argv[1]
ONLY = sys.argv[2:]
torch.set_num_threads(1)
VOCABULARY, NEW, LEAST_CHANGE, LEAST_MARGIN = 96, 24, 0.1, 0.005
SHAPE = dict(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=0,
             initializer_range=0.2, tie_word_embeddings=False)
YARN = dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=16)
LONG = dict(rope_type="longrope", rope_theta=10000.0, short_factor=[1.0, 1.7, 2.5], long_factor=[1.0, 3.0, 9.0],
            original_max_position_embeddings=64, partial_rotary_factor=0.75)

# name: (class, settings that are not SHAPE's, by what the part is called: settings without it)
CASES = {
    "llama-linear-rope": ("Llama", dict(rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0)),
                          {"scaling": dict(rope_parameters=dict(rope_type="default", rope_theta=10000.0))}),
    "llama-yarn": ("Llama", dict(rope_parameters=YARN),
                   {"scaling": dict(rope_parameters=dict(rope_type="default", rope_theta=10000.0)),
                    "amplitude": dict(rope_parameters=dict(YARN, attention_factor=1.0))}),
    "llama-biases": ("Llama", dict(attention_bias=True, mlp_bias=True),
                     {"attention_bias": "o_proj.bias", "mlp_bias": "_proj.bias"}),
    "llama-theta-on-top": ("Llama", dict(rope_parameters=dict(
        rope_type="llama3", rope_theta=20.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=32)), {"theta": dict(rope_parameters=dict(
            rope_type="llama3", rope_theta=10000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
            original_max_position_embeddings=32))}),
    "mistral-window": ("Mistral", dict(sliding_window=4), {"window": dict(sliding_window=None)}),
    "qwen2-window": ("Qwen2", dict(use_sliding_window=True, sliding_window=5, max_window_layers=1, layer_types=None),
                     {"window": dict(use_sliding_window=False, layer_types=None)}),
    "gemma": ("Gemma", dict(head_dim=12, tie_word_embeddings=True), {"norm": "gemma-norm", "embedding scale": "embed_scale"}),
    "gemma2": ("Gemma2", dict(head_dim=12, tie_word_embeddings=True, query_pre_attn_scalar=40, sliding_window=4,
                              attn_logit_softcapping=2.0, final_logit_softcapping=4.0, layer_types=None),
               {"attention cap": dict(attn_logit_softcapping=None), "logit cap": dict(final_logit_softcapping=None),
                "window": dict(sliding_window=64), "scale": dict(query_pre_attn_scalar=12),
                "activation": dict(hidden_activation="silu"), "norm": "gemma-norm",
                "embedding scale": "embed_scale"}),
    "gemma3": ("Gemma3", dict(head_dim=12, tie_word_embeddings=True, query_pre_attn_scalar=20, sliding_window=5,
                              layer_types=None, sliding_window_pattern=3, rope_parameters=dict(
                                  full_attention=dict(rope_type="linear", factor=8.0, rope_theta=50.0),
                                  sliding_attention=dict(rope_type="default", rope_theta=400.0))),
               {"window": dict(sliding_window=64), "scale": dict(query_pre_attn_scalar=12), "norm": "gemma-norm",
                "embedding scale": "embed_scale", "local rope": dict(rope_parameters=dict(
                    full_attention=dict(rope_type="linear", factor=8.0, rope_theta=50.0),
                    sliding_attention=dict(rope_type="default", rope_theta=50.0))),
                "linear rope": dict(rope_parameters=dict(
                    full_attention=dict(rope_type="default", rope_theta=50.0),
                    sliding_attention=dict(rope_type="default", rope_theta=400.0)))}),
    "phi3": ("Phi3", dict(sliding_window=6), {"window": dict(sliding_window=None)}),
    "phi3-longrope": ("Phi3", dict(max_position_embeddings=256, original_max_position_embeddings=64,
                                   rope_parameters=LONG),
                      {"scaling": dict(rope_parameters=dict(LONG, short_factor=[1.0, 1.0, 1.0], attention_factor=1.19)),
                       "amplitude": dict(rope_parameters=dict(LONG, attention_factor=1.0)),
                       "partial": dict(rope_parameters=dict(rope_type="default", rope_theta=10000.0,
                                                            partial_rotary_factor=1.0))}),
    "olmo2": ("Olmo2", {}, {"query norm": "q_norm"}),
    "olmo3": ("Olmo3", dict(sliding_window=4, num_hidden_layers=4, layer_types=None, rope_parameters=dict(
        full_attention=dict(YARN, rope_theta=500000.0),
        sliding_attention=dict(rope_type="default", rope_theta=500000.0))), {"window": dict(sliding_window=64)}),
    "granite": ("Granite", dict(embedding_multiplier=6.0, residual_multiplier=0.4, attention_multiplier=0.6,
                                logits_scaling=3.0),
                {"embedding": dict(embedding_multiplier=1.0), "residual": dict(residual_multiplier=1.0),
                 "attention": dict(attention_multiplier=8 ** -0.5), "logits": dict(logits_scaling=1.0)}),
    "minicpm": ("Granite", dict(embedding_multiplier=5.0, residual_multiplier=1.4 / 3 ** 0.5,
                                attention_multiplier=8 ** -0.5, logits_scaling=32 / 8, tie_word_embeddings=True),
                {"embedding": dict(embedding_multiplier=1.0), "residual": dict(residual_multiplier=1.0),
                 "logits": dict(logits_scaling=1.0)}),
    "baichuan": ("Llama", dict(num_key_value_heads=4), {}),
    "baichuan2": ("Llama", dict(num_key_value_heads=4), {"normalised head": "lm_head"}),
    "internlm2": ("Llama", dict(attention_bias=True, rope_parameters=dict(
        rope_type="dynamic", rope_theta=10000.0, factor=2.0)), {"bias": "o_proj.bias"}),
    "tied-two-matrices": ("Llama", {}, {"head": "tie"}),
}


def model_class(name):
    return getattr(transformers, name + "ForCausalLM")


def config_of(kind, more):
    head = getattr(transformers, ("Gemma3Text" if kind == "Gemma3" else kind) + "Config")
    return head(**{**SHAPE, **copy.deepcopy(more)})


def make(kind, more, seed):
    torch.manual_seed(seed)
    model = model_class(kind)(config_of(kind, more))
    model.config._attn_implementation = "eager"
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() == 1:
                p.add_(torch.randn_like(p) * 0.25)
    return model.eval()


def without(kind, more, model, stored, change, seed):
    """The model without a part: other settings, or other weights."""
    other = make(kind, {**more, **(change if isinstance(change, dict) else {})}, seed)
    weights = {n: p.clone() for n, p in model.state_dict().items()}
    with torch.no_grad():
        for name in list(weights):
            if change == "gemma-norm" and "norm" in name:
                weights[name] = weights[name] - 1
            elif change == "tie" and name == "lm_head.weight":
                weights[name] = weights["model.embed_tokens.weight"].clone()
            elif change == "lm_head" and name == "lm_head.weight":
                weights[name] = stored[name]
            elif isinstance(change, str) and name.endswith(".bias") and name.endswith(change):
                weights[name] = torch.zeros_like(weights[name])
            elif change == "q_norm" and "q_norm" in name:
                weights[name] = torch.ones_like(weights[name])
    if change == "q_norm":
        for layer in other.model.layers:
            layer.self_attn.q_norm = torch.nn.Identity()
            layer.self_attn.k_norm = torch.nn.Identity()
        weights = {n: p for n, p in weights.items() if "q_norm" not in n and "k_norm" not in n}
    if change == "embed_scale":
        other.model.embed_tokens.embed_scale.fill_(1)
    other.load_state_dict(weights)
    other.config._attn_implementation = "eager"
    return other.eval()


def batch(generator, side):
    lengths, width = [12, 9 if side == "right" else 10, 5], 12
    ids, mask = torch.zeros(3, width, dtype=torch.long), torch.zeros(3, width, dtype=torch.long)
    for r, n in enumerate(lengths):
        at = slice(0, n) if side == "right" else slice(width - n, width)
        ids[r, at] = torch.randint(3, VOCABULARY, (n,), generator=generator)
        mask[r, at] = 1
    return ids, mask


def forward(model, ids, mask):
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    logits = model(input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=False).logits.float()
    return logits, positions


def token_logprobs(logits, ids, mask):
    logs = logits.log_softmax(-1)
    both = (mask[:, :-1] * mask[:, 1:]).bool()
    each = logs[:, :-1].gather(2, ids[:, 1:].unsqueeze(2)).squeeze(2)
    return torch.where(both, each, torch.zeros(())), both


def array(t, kind):
    data = t.flatten().tolist()
    return {"shape": list(t.shape), "dtype": kind, "data": data if kind == "i64" else [float(f"{x:.8g}") for x in data]}


def described(model, ids, mask, renamed):
    model.zero_grad()
    logits, positions = forward(model, ids, mask)
    logps, both = token_logprobs(logits, ids, mask)
    logs = logits.log_softmax(-1)
    entropy = -(logs.exp() * logs).sum(-1) * mask
    loss = -logps.sum() / both.sum()
    loss.backward()
    gradients = renamed({n: p.grad for n, p in model.named_parameters()})
    norms = {n: float(g.double().norm()) for n, g in gradients.items()}
    return logits.detach() * mask.unsqueeze(2), {
        "input_ids": array(ids, "i64"), "attention_mask": array(mask, "i64"), "position_ids": array(positions, "i64"),
        "token_logps": array(logps.detach(), "f32"), "token_mask": array(both.long(), "i64"),
        "entropy": array(entropy.detach(), "f32"), "mean_nll": loss.item(),
        "grad_norm": float(sum(n * n for n in norms.values()) ** 0.5), "grad_norms": norms}


def greedy(model, generator):
    """Prompts whose path has no near tie."""
    found = []
    for length in (1, 4, 7, 11):
        while True:
            row = torch.randint(3, VOCABULARY, (1, length), generator=generator)
            prompt, margins, logps = row[0].tolist(), [], []
            with torch.no_grad():
                for _ in range(NEW):
                    logits = forward(model, row, torch.ones_like(row))[0][0, -1]
                    two = logits.topk(2).values
                    margins.append(float(two[0] - two[1]))
                    best = int(logits.argmax())
                    logps.append(float(logits.log_softmax(-1)[best]))
                    row = torch.cat([row, torch.tensor([[best]])], 1)
            if min(margins) >= LEAST_MARGIN:
                found.append({"prompt": prompt, "continuation": row[0, length:].tolist(),
                              "smallest_margin": min(margins), "logps": [float(f"{x:.8g}") for x in logps]})
                break
    return found


def fused(tensors, qkv, by_head, config):
    """Queries, keys and values of each layer in one tensor of another name."""
    out = dict(tensors)
    for n in [n for n in tensors if ".q_proj." in n]:
        q, k, v = (out.pop(n.replace("q_proj", x)) for x in ("q_proj", "k_proj", "v_proj"))
        if by_head:
            kv = config.num_key_value_heads
            parts = [q.reshape(kv, -1, *q.shape[1:]), k.reshape(kv, -1, *k.shape[1:]), v.reshape(kv, -1, *v.shape[1:])]
            one = torch.cat(parts, 1).reshape(-1, *q.shape[1:])
        else:
            one = torch.cat([q, k, v])
        out[n.replace("self_attn.q_proj", qkv)] = one
    return out


INTERNLM2 = [("model.embed_tokens", "model.tok_embeddings"), ("self_attn.o_proj", "attention.wo"),
             ("mlp.gate_proj", "feed_forward.w1"), ("mlp.up_proj", "feed_forward.w3"),
             ("mlp.down_proj", "feed_forward.w2"), ("input_layernorm", "attention_norm"),
             ("post_attention_layernorm", "ffn_norm"), ("lm_head", "output")]


def renamer(name, config):
    def renamed(tensors):
        if name.startswith("baichuan"):
            return fused(tensors, "self_attn.W_pack", False, config)
        if name == "internlm2":
            made = {}
            for n, t in fused(tensors, "attention.wqkv", True, config).items():
                for a, b in INTERNLM2:
                    n = n.replace(a, b)
                made[n] = t
            return made
        return tensors
    return renamed


def settings(name, config):
    """config.json in the form that the family's checkpoints have."""
    c = json.loads(config.to_json_string(use_diff=False))
    plain = {k: c[k] for k in ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
                               "num_attention_heads", "max_position_embeddings", "rms_norm_eps", "bos_token_id",
                               "eos_token_id", "pad_token_id", "initializer_range", "use_cache")}
    plain["hidden_act"] = "silu"
    if name == "minicpm":
        return {**plain, "model_type": "minicpm", "architectures": ["MiniCPMForCausalLM"], "num_key_value_heads": 2,
                "scale_emb": 5, "scale_depth": 1.4, "dim_model_base": 8, "torch_dtype": "float32"}
    if name == "baichuan":
        return {**plain, "model_type": "baichuan", "architectures": ["BaiChuanForCausalLM"],
                "tie_word_embeddings": False, "torch_dtype": "float32"}
    if name == "baichuan2":
        return {**plain, "model_type": "baichuan", "architectures": ["BaichuanForCausalLM"], "model_max_length": 64,
                "z_loss_weight": 0, "tie_word_embeddings": False, "torch_dtype": "float32"}
    if name == "internlm2":
        return {**plain, "model_type": "internlm2", "architectures": ["InternLM2ForCausalLM"], "bias": True,
                "num_key_value_heads": 2, "rope_theta": 10000, "rope_scaling": {"type": "dynamic", "factor": 2.0},
                "attn_implementation": "eager", "tie_word_embeddings": False, "torch_dtype": "float32"}
    if name == "llama-theta-on-top":
        c["rope_theta"] = c["rope_parameters"].pop("rope_theta")
    if name == "tied-two-matrices":
        c["tie_word_embeddings"] = True
    if name == "gemma2":
        for key in ("layer_types", "rope_parameters"):
            c.pop(key)
    if name == "mistral-window":
        c["rope_theta"] = c.pop("rope_parameters")["rope_theta"]
        c.pop("head_dim")
    return c


def main():
    os.makedirs(f"{OUT}/model", exist_ok=True)
    for seed, (name, (kind, more, parts)) in enumerate(CASES.items(), 40):
        if ONLY and name not in ONLY:
            continue
        model = make(kind, more, seed)
        stored = {n: p.detach().clone() for n, p in model.state_dict().items()}
        if name == "baichuan2":
            with torch.no_grad():
                model.lm_head.weight.copy_(torch.nn.functional.normalize(model.lm_head.weight))
                # A head of such rows gives flat logits: the norm before it is made larger, as training does.
                model.model.norm.weight.mul_(6)
                stored["model.norm.weight"] = model.model.norm.weight.detach().clone()
        if model.config.tie_word_embeddings:
            stored.pop("lm_head.weight")
        renamed = renamer(name, model.config)
        generator = torch.Generator().manual_seed(seed)
        case = {"format": 1, "kind": "model", "name": name, "model": f"../models/{name}",
                "source": {"package": "transformers", "version": transformers.__version__,
                           "function": f"{kind}ForCausalLM.forward", "how": "fp32, eager attention, one thread"},
                "parameters": {n: {"shape": list(p.shape), "sum": float(p.detach().double().sum()),
                                   "sumsq": float((p.detach().double() ** 2).sum())}
                               for n, p in renamed(dict(model.named_parameters())).items()},
                "logits_file": f"{name}.safetensors", "without": {}}
        logits = {}
        for side in ("right", "left"):
            ids, mask = batch(generator, side)
            logits[f"{side}.logits"], case[side] = described(model, ids, mask, renamed)
            with torch.no_grad():
                whole = token_logprobs(forward(model, ids, mask)[0], ids, mask)[0]
                for part, change in parts.items():
                    less = without(kind, more, model, stored, change, seed)
                    moved = float((token_logprobs(forward(less, ids, mask)[0], ids, mask)[0] - whole).abs().max())
                    case["without"][part] = max(case["without"].get(part, 0), moved)
        for part, moved in case["without"].items():
            assert moved >= LEAST_CHANGE, f"{name}: without {part} a log-probability moves by {moved} only"
        case["greedy"] = greedy(model, generator)
        case["tolerance"] = {"logits_abs": 2e-4, "logps_abs": 1e-4, "grad_norm_rel": 1e-4}
        folder = f"{OUT}/models/{name}"
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/config.json", "w") as f:
            json.dump(settings(name, model.config), f, indent=1)
            f.write("\n")
        save_file({n: t.contiguous() for n, t in renamed(stored).items()}, f"{folder}/model.safetensors",
                  metadata={"format": "pt"})
        save_file({n: t.contiguous() for n, t in logits.items()}, f"{OUT}/model/{name}.safetensors")
        with open(f"{OUT}/model/{name}.json", "w") as f:
            f.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in case.items()) + "\n}\n")
        print(name, {p: round(m, 2) for p, m in case["without"].items()}, flush=True)


main()
