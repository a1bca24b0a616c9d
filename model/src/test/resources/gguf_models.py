"""Small random models as GGUF files by the rules of llama.cpp's converter, and the numbers that transformers gives them.

    gguf_models.py OUT      needs torch, transformers, gguf

OUT/NAME.gguf is a model; OUT/models.json has, by name, "logs", the log-probability of each next token of ROW, "logits"
after its last token, and "moved", how far a log-probability moves without what the case is about (a rope: plain).
Tensors get their names from gguf.get_tensor_name_map. Families that transformers has no class of take the numbers of one
that computes the same: Granite for MiniCPM, Llama for Baichuan and InternLM2. Committed: golden/gguf/models.
"""

import json
import math
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
import gguf
import numpy as np
import torch
import transformers as tf

ROW = [1, 5, 9, 17, 33, 40, 29, 3, 22, 7, 7, 40, 11, 2, 36, 19, 28, 4, 13, 45, 31, 8, 26, 10]
SHAPE = dict(vocab_size=48, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=64, bos_token_id=0, eos_token_id=1, pad_token_id=1,
             rms_norm_eps=1e-5, tie_word_embeddings=False)
out = sys.argv[1]
answers = {}


def half(tensor):
    return tensor.to(torch.float16).to(torch.float32)


def model(kind, spread=0.25, **more):
    """A model whose numbers are F16 exactly, so that a file in F16 is the same model."""
    torch.manual_seed(len(answers) + 7)
    kind = getattr(tf, kind + "ForCausalLM")
    made = kind(kind.config_class(**{**SHAPE, "attn_implementation": "eager", **more})).eval()
    with torch.no_grad():
        for name, p in made.named_parameters():
            if "norm" in name:
                p.copy_(half(p + 0.3 * torch.randn_like(p)))
            else:
                p.copy_(half((0.5 if p.dim() == 1 else spread) * torch.randn_like(p)))
    return made


def logs(made):
    with torch.no_grad():
        logits = made.double()(torch.tensor([ROW])).logits[0]
        made.float()
    each = logits.log_softmax(-1)
    return [each[i, t].item() for i, t in enumerate(ROW[1:])], logits[-1].tolist()


def plain(made, **parameters):
    """The same weights without what the rope is stretched by, or with these parameters."""
    old = made.config.rope_parameters
    kept = {k: old[k] for k in ["rope_theta", "partial_rotary_factor"] if k in old}
    changed = {**old, **parameters} if parameters else {"rope_type": "default", **kept}
    values = {**made.config.to_dict(), "rope_parameters": changed}
    other = type(made)(type(made.config)(**{**values, "attn_implementation": "eager"})).eval()
    other.load_state_dict(made.state_dict())
    return other


def answer(name, made, *others):
    log, logits = logs(made)
    answers[name] = {"logs": [round(x, 7) for x in log], "logits": [round(x, 6) for x in logits]}
    for other in others:
        moved = max(abs(a - b) for a, b in zip(log, logs(other)[0]))
        assert moved > 0.1, (name, moved)
        answers[name]["moved"] = round(min(moved, answers[name].get("moved", moved)), 4)


def permute(weights, heads):
    """Hugging Face's halves of a head to pairs side by side."""
    return (weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:])
            .swapaxes(1, 2).reshape(weights.shape))


def sizes(w, c, head_dim=True):
    w.add_block_count(c.num_hidden_layers)
    w.add_context_length(c.max_position_embeddings)
    w.add_embedding_length(c.hidden_size)
    w.add_feed_forward_length(c.intermediate_size)
    w.add_head_count(c.num_attention_heads)
    w.add_head_count_kv(c.num_key_value_heads)
    w.add_layer_norm_rms_eps(c.rms_norm_eps)
    if head_dim and getattr(c, "head_dim", None):
        w.add_key_length(c.head_dim)
        w.add_value_length(c.head_dim)


def tokenizer(w):
    tokens = ["<s>", "</s>", "a", "b", "ab"] + [chr(ord("c") + i) for i in range(23)]
    tokens += [chr(ord("A") + i) for i in range(SHAPE["vocab_size"] - len(tokens))]
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("smollm")
    w.add_token_list(tokens)
    w.add_token_types([3, 3] + [1] * (len(tokens) - 2))
    w.add_token_merges(["a b"])
    w.add_bos_token_id(0)
    w.add_eos_token_id(1)
    w.add_pad_token_id(1)


def write(name, arch, tensors, layers, keys, turned=None, shift=0.0):
    """
    keys(writer) writes the architecture's keys; turned is (heads, kv_heads) where query and key rows are permuted; shift is
    what is added to norms.
    """
    w = gguf.GGUFWriter(os.path.join(out, name + ".gguf"), arch)
    kind = [k for k, v in gguf.MODEL_ARCH_NAMES.items() if v == arch][0]
    names = gguf.get_tensor_name_map(kind, layers)
    w.add_type("model")
    w.add_file_type(1)
    w.add_quantization_version(2)
    keys(w)
    tokenizer(w)
    for hf, tensor in tensors.items():
        found = hf if hf.startswith("rope_") else names.get_name(hf, try_suffixes=(".weight", ".bias"))
        if found is None:  # already GGUF's
            found = hf
        if turned and (hf.endswith(("q_proj.weight", "q_proj.bias"))):
            tensor = permute(tensor, turned[0])
        if turned and (hf.endswith(("k_proj.weight", "k_proj.bias"))):
            tensor = permute(tensor, turned[1])
        if found.endswith("norm.weight"):
            tensor = tensor + shift
        numbers = tensor.detach().numpy()
        w.add_tensor(found, numbers.astype(np.float16) if tensor.dim() > 1 else numbers.astype(np.float32))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def weights(made):
    """The state as a folder holds it: no head where it is tied."""
    state = dict(made.state_dict())
    if made.config.tie_word_embeddings:
        state.pop("lm_head.weight", None)
    return state


def llama_keys(c, more):
    def keys(w):
        sizes(w, c)
        w.add_vocab_size(c.vocab_size)
        w.add_rope_dimension_count(c.hidden_size // c.num_attention_heads)
        w.add_rope_freq_base(c.rope_parameters["rope_theta"])
        more(w)
    return keys


SMALL = dict(num_hidden_layers=1, hidden_size=16, num_attention_heads=2, num_key_value_heads=1, intermediate_size=24)
HEADS = (4, 2)


def rope(name, more, parameters, arch="llama", against=({},), **config):
    """Against the plain rope, or those with other parameters."""
    made = model("Llama" if arch == "llama" else "Qwen2", 0.6, **SMALL,
                 rope_parameters={"rope_theta": 10000.0, **parameters}, **config)
    answer(name, made, *[plain(made, **other) for other in against])
    write(name, arch, weights(made), 1, llama_keys(made.config, more), (2, 1) if arch == "llama" else None)


def linear(w):
    w.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
    w.add_rope_scaling_factor(4.0)


def yarn(w, more=lambda w: None, original=16):
    w.add_rope_scaling_type(gguf.RopeScalingType.YARN)
    w.add_rope_scaling_factor(4.0)
    w.add_rope_scaling_orig_ctx_len(original)
    more(w)


def betas(w):
    w.add_rope_scaling_yarn_beta_fast(1.5)
    w.add_rope_scaling_yarn_beta_slow(0.1)


by4 = {"rope_type": "linear", "factor": 4.0}
yarn4 = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}
rope("rope-scale-linear", lambda w: w.add_float32("llama.rope.scale_linear", 4.0), by4)
rope("rope-linear", linear, by4)
rope("rope-factor-alone", lambda w: w.add_rope_scaling_factor(4.0), by4)
rope("rope-qwen2-linear", linear, by4, "qwen2")
rope("rope-yarn", yarn, yarn4)
rope("rope-qwen2-yarn", yarn, yarn4, "qwen2")
slow = {**yarn4, "rope_theta": 100.0, "original_max_position_embeddings": 64, "beta_fast": 1.5, "beta_slow": 0.1}
rope("rope-yarn-betas", lambda w: yarn(w, betas, 64), slow, against=({}, {"beta_fast": 32.0}, {"beta_slow": 1.0}),
     max_position_embeddings=256)
rope("rope-yarn-attn-factor", lambda w: yarn(w, lambda w: w.add_rope_scaling_attn_factors(1.5)),
     {**yarn4, "attention_factor": 1.5 * (0.1 * math.log(4.0) + 1)},
     against=({}, {"attention_factor": 0.1 * math.log(4.0) + 1}))
rope("rope-yarn-context", lambda w: (w.add_rope_scaling_type(gguf.RopeScalingType.YARN),
                                     w.add_rope_scaling_factor(2.0)),
     {"rope_type": "yarn", "factor": 2.0, "original_max_position_embeddings": 64})
rope("rope-none", lambda w: (w.add_rope_scaling_type(gguf.RopeScalingType.NONE), w.add_rope_scaling_factor(4.0)), {},
     against=())


def llama3_factors(c):
    p = c.rope_parameters
    dim = c.hidden_size // c.num_attention_heads
    freqs = 1.0 / (p["rope_theta"] ** (torch.arange(0, dim, 2, dtype=torch.float32) / dim))
    low = p["original_max_position_embeddings"] / p["low_freq_factor"]
    high = p["original_max_position_embeddings"] / p["high_freq_factor"]
    factors = []
    for freq in freqs:
        length = 2 * math.pi / freq
        if length < high:
            factors.append(1.0)
        elif length > low:
            factors.append(p["factor"])
        else:
            smooth = (p["original_max_position_embeddings"] / length - p["low_freq_factor"]) / (
                p["high_freq_factor"] - p["low_freq_factor"])
            factors.append(1 / ((1 - smooth) / p["factor"] + smooth))
    return torch.tensor(factors, dtype=torch.float32)


def plain_llama(name, more=lambda w: None, change=lambda state: state, kind="Llama", **config):
    made = model(kind, **config)
    answer(name, made)
    c = made.config
    write(name, "llama", change(weights(made)), c.num_hidden_layers, llama_keys(c, more), HEADS)
    return made


made = model("Llama", rope_parameters={"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0,
                                       "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                       "original_max_position_embeddings": 32})
answer("llama-llama3", made)
write("llama-llama3", "llama", {**weights(made), "rope_freqs.weight": llama3_factors(made.config)}, 2,
      llama_keys(made.config, lambda w: None), HEADS)
plain_llama("llama-biases", attention_bias=True, mlp_bias=True)


def some_biases(state):
    """Those of keys, of attention's output in one layer, of up: the rest are zero in the model and not in the file."""
    kept = ("k_proj.bias", "layers.1.self_attn.o_proj.bias", "up_proj.bias")
    return {k: v for k, v in state.items() if not k.endswith(".bias") or k.endswith(kept)}


made = model("Llama", attention_bias=True, mlp_bias=True)
with torch.no_grad():
    for key, value in made.state_dict().items():
        if key.endswith(".bias") and key not in some_biases(made.state_dict()):
            value.zero_()
answer("llama-some-biases", made)
write("llama-some-biases", "llama", some_biases(weights(made)), 2, llama_keys(made.config, lambda w: None), HEADS)


def fused_qkv(state):
    """As the converter's option does: permuted first, then stacked."""
    made = {}
    for key, value in state.items():
        if key.endswith("q_proj.weight"):
            layer = key.split(".")[2]
            k = permute(state[key.replace("q_proj", "k_proj")], HEADS[1])
            v = state[key.replace("q_proj", "v_proj")]
            made[f"blk.{layer}.attn_qkv.weight"] = torch.cat([permute(value, HEADS[0]), k, v])
        elif not key.endswith(("k_proj.weight", "v_proj.weight")):
            made[key] = value
    return made


plain_llama("llama-fused-qkv", change=fused_qkv)


def qwen(kind, name, **config):
    made = model(kind, **config)
    answer(name, made)
    c = made.config
    write(name, name.split("-")[0], weights(made), 2,
          lambda w: (sizes(w, c), w.add_rope_freq_base(c.rope_parameters["rope_theta"])))


qwen("Qwen2", "qwen2")
qwen("Qwen3", "qwen3-wide-heads", head_dim=16)
qwen("Qwen3", "qwen3-biases", head_dim=8, attention_bias=True)

TIED = dict(tie_word_embeddings=True, head_dim=16, rms_norm_eps=1e-6)
made = model("Gemma", **TIED)
answer("gemma", made)
write("gemma", "gemma", weights(made), 2, lambda w: sizes(w, made.config), shift=1.0)


def gemma2_keys(c):
    def keys(w):
        sizes(w, c)
        w.add_attn_logit_softcapping(c.attn_logit_softcapping)
        w.add_final_logit_softcapping(c.final_logit_softcapping)
        w.add_sliding_window(c.sliding_window)
    return keys


made = model("Gemma2", **{**TIED, "num_hidden_layers": 3}, sliding_window=6, query_pre_attn_scalar=16,
             attn_logit_softcapping=5.0, final_logit_softcapping=4.0)
answer("gemma2", made)
write("gemma2", "gemma2", weights(made), 3, gemma2_keys(made.config), shift=1.0)


def gemma3(name, more, layers, **config):
    made = model("Gemma3", **{**TIED, "num_hidden_layers": layers}, query_pre_attn_scalar=16, sliding_window=6, **config)
    answer(name, made)
    c = made.config

    def keys(w):
        sizes(w, c)
        w.add_rope_freq_base(c.rope_parameters["full_attention"]["rope_theta"])
        w.add_sliding_window(c.sliding_window)
        more(w, c)
    write(name, "gemma3", weights(made), layers, keys, shift=1.0)


full = {"rope_type": "linear", "rope_theta": 1000000.0, "factor": 8.0}
local = {"rope_type": "default", "rope_theta": 10000.0}


def gemma3_scaled(w, c):
    w.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
    w.add_rope_scaling_factor(8.0)
    w.add_rope_freq_base_swa(10000.0)


gemma3("gemma3", gemma3_scaled, 7, rope_parameters={"full_attention": full, "sliding_attention": local})
every2 = ["sliding_attention", "full_attention"]
gemma3("gemma3-pattern", lambda w, c: (w.add_sliding_window_pattern([True, False]),
                                       w.add_final_logit_softcapping(4.0)), 2,
       layer_types=every2, final_logit_softcapping=4.0)


def phi3(name, more, extra=None, **config):
    made = model("Phi3", **config)
    answer(name, made)
    c = made.config
    p = c.rope_parameters

    def keys(w):
        sizes(w, c, head_dim=False)
        w.add_rope_scaling_orig_ctx_len(p.get("original_max_position_embeddings", c.max_position_embeddings))
        w.add_rope_dimension_count(int(p.get("partial_rotary_factor", 1.0) * c.hidden_size) // c.num_attention_heads)
        w.add_rope_freq_base(p["rope_theta"])
        w.add_sliding_window(c.sliding_window or 0)
        more(w)
    write(name, "phi3", {**weights(made), **(extra or {})}, 2, keys)


phi3("phi3", lambda w: None, sliding_window=6)
phi3("phi3-partial", lambda w: None, rope_parameters={"rope_type": "default", "rope_theta": 10000.0,
                                                      "partial_rotary_factor": 0.5})
short, far = [1.0, 1.5, 2.0, 3.0], [2.0, 4.0, 8.0, 16.0]
amplitude = math.sqrt(1 + math.log(64 / 32) / math.log(32))
phi3("phi3-longrope", lambda w: w.add_rope_scaling_attn_factors(amplitude),
     {"rope_factors_long.weight": torch.tensor(far), "rope_factors_short.weight": torch.tensor(short)},
     original_max_position_embeddings=32,
     rope_parameters={"rope_type": "longrope", "rope_theta": 10000.0, "short_factor": short, "long_factor": far,
                      "original_max_position_embeddings": 32})

made = model("Olmo2")
answer("olmo2", made)
write("olmo2", "olmo2", weights(made), 2,
      lambda w: (sizes(w, made.config), w.add_rope_freq_base(made.config.rope_parameters["rope_theta"])))

made = model("Olmo3", num_hidden_layers=5, sliding_window=6, rope_parameters={
    "full_attention": {"rope_type": "yarn", "rope_theta": 500000.0, "factor": 4.0, "original_max_position_embeddings": 16},
    "sliding_attention": {"rope_type": "default", "rope_theta": 500000.0}})
windowed = [kind == "sliding_attention" for kind in made.config.layer_types]
answer("olmo3", made)
write("olmo3", "olmo2", weights(made), 5,
      lambda w: (sizes(w, made.config), w.add_rope_freq_base(500000.0), yarn(w), w.add_sliding_window(6),
                 w.add_sliding_window_pattern(windowed)))

made = model("Granite", embedding_multiplier=3.0, residual_multiplier=0.5, attention_multiplier=0.2, logits_scaling=4.0)
answer("granite", made)


def granite_keys(w):
    llama_keys(made.config, lambda w: None)(w)
    w.add_attention_scale(0.2)
    w.add_embedding_scale(3.0)
    w.add_residual_scale(0.5)
    w.add_logit_scale(4.0)


write("granite", "granite", weights(made), 2, granite_keys, HEADS)

# scale_emb 3, scale_depth 1.4, dim_model_base 8
depth = 1.4 / math.sqrt(2)
made = model("Granite", embedding_multiplier=3.0, residual_multiplier=depth, attention_multiplier=1 / math.sqrt(8),
             logits_scaling=4.0)
answer("minicpm", made)


def minicpm_keys(w):
    sizes(w, made.config)
    w.add_rope_dimension_count(8)
    w.add_embedding_scale(3.0)
    w.add_residual_scale(depth)
    w.add_logit_scale(4.0)


write("minicpm", "minicpm", weights(made), 2, minicpm_keys, HEADS)

# The keys of old files: scale_emb 12, scale_depth 1.4, logits * 256 / hidden_size.
made = model("Granite", 0.1, embedding_multiplier=12.0, residual_multiplier=depth, attention_multiplier=1 / math.sqrt(8),
             logits_scaling=32 / 256)
answer("minicpm-old", made)
write("minicpm-old", "minicpm", weights(made), 2, lambda w: sizes(w, made.config), HEADS)

made = model("Llama", num_key_value_heads=4)
answer("baichuan", made)
write("baichuan", "baichuan", weights(made), 2,
      lambda w: (sizes(w, made.config), w.add_tensor_data_layout("Meta AI original pth"), w.add_rope_dimension_count(8),
                 w.add_rope_freq_base(10000.0)), (4, 4))

made = model("Llama")
answer("internlm2", made)
write("internlm2", "internlm2", weights(made), 2,
      lambda w: (sizes(w, made.config), w.add_rope_freq_base(10000.0)), HEADS)

# Random blocks of all quantised types, and the model of the numbers that gguf.quants gives them.
TYPES = {"q_proj": "Q4_K", "k_proj": "Q5_0", "v_proj": "Q6_K", "o_proj": "Q3_K", "gate_proj": "Q5_K", "up_proj": "IQ4_XS",
         "down_proj": "Q2_K", "embed_tokens": "Q5_1", "lm_head": "IQ4_NL"}
SCALES = {"Q2_K": [80, 82], "Q3_K": [108], "Q6_K": [208], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q5_1": [0, 2]}


def blocks(rows, columns, kind, spread):
    """Rows of bytes whose F16 scales give numbers of about this spread."""
    size, width = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[kind]]
    raw = np.random.default_rng([rows, columns, len(kind)]).integers(0, 256, (rows * columns // size, width), np.uint8)
    for at in SCALES.get(kind, [0]):
        raw[:, at:at + 2] = np.full(1, 1, np.float16).view(np.uint8)
    numbers = gguf.quants.dequantize(raw, gguf.GGMLQuantizationType[kind])
    for at in SCALES.get(kind, [0]):
        raw[:, at:at + 2] = np.full(len(raw), spread / numbers.std(), np.float16).view(np.uint8).reshape(-1, 2)
    return raw.reshape(rows, columns // size * width)


made = model("Llama", hidden_size=256, intermediate_size=256, num_hidden_layers=1)
raws = {}
with torch.no_grad():
    for key, value in made.state_dict().items():
        if value.dim() == 2:
            kind = TYPES[key.split(".")[-2]]
            raws[key] = blocks(*value.shape, kind, 0.1)
            value.copy_(torch.from_numpy(gguf.quants.dequantize(raws[key], gguf.GGMLQuantizationType[kind])))
answer("quantised", made)
w = gguf.GGUFWriter(os.path.join(out, "quantised.gguf"), "llama")
llama_keys(made.config, lambda w: None)(w)
tokenizer(w)
names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, 1)
for key, value in made.state_dict().items():
    name = names.get_name(key, try_suffixes=(".weight",))
    if key in raws:
        heads = {"q_proj": 4, "k_proj": 2}.get(key.split(".")[-2])
        rows = raws[key] if heads is None else permute(torch.from_numpy(raws[key]), heads).contiguous().numpy()
        w.add_tensor(name, rows, raw_dtype=gguf.GGMLQuantizationType[TYPES[key.split(".")[-2]]])
    else:
        w.add_tensor(name, value.detach().numpy().astype(np.float32))
w.write_header_to_file()
w.write_kv_data_to_file()
w.write_tensors_to_file()
w.close()

with open(os.path.join(out, "models.json"), "w") as file:
    json.dump({"row": ROW, "models": answers}, file, indent=0)
    file.write("\n")
