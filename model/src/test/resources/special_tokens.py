"""Tokenizer folders whose special and added tokens stand in several files, and what transformers makes of them.

Run with transformers 5.23: python special_tokens.py special-tokens.json
"""

import json
import pathlib
import sys
import tempfile

from transformers import AutoTokenizer

VOCABULARY = ["a", "b", "<s>", "</s>", " ", "<", ">", "x", "[P]", "[", "P", "]", ".", "/", "s"]
TEXTS = ["a<s>b</s>", "a [P] b", "a<x>b", "a <x> b .", "<x>"]


def token(content, **flags):
    plain = dict(content=content, lstrip=False, rstrip=False, normalized=False, single_word=False, special=True)
    return dict(plain, **flags)


def tokenizer(**changed):
    base = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": None, "post_processor": None, "decoder": None,
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
            "vocab": {text: i for i, text in enumerate(VOCABULARY)}, "merges": [],
        },
    }
    return dict(base, **changed)


def files(tokenizer_json=None, config=None, map=None, added=None):
    out = {
        "tokenizer.json": tokenizer_json or tokenizer(),
        "config.json": {"model_type": "qwen3", "vocab_size": 40},
        "tokenizer_config.json": dict({"tokenizer_class": "PreTrainedTokenizerFast"}, **(config or {})),
    }
    if map is not None:
        out["special_tokens_map.json"] = map
    if added is not None:
        out["added_tokens.json"] = added
    return out


def post(*around):
    single = [{"SpecialToken": {"id": t, "type_id": 0}} if t != "A" else {"Sequence": {"id": t, "type_id": 0}} for t in around]
    pair = single + [{"Sequence": {"id": "B", "type_id": 1}}]
    special = {t: {"id": t, "ids": [VOCABULARY.index(t)], "tokens": [t]} for t in around if t != "A"}
    return {"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": special}


X = len(VOCABULARY)
CASES = {
    "bos and eos in the map only, as a text and as an object": files(
        map={"bos_token": "<s>", "eos_token": {k: v for k, v in token("</s>").items() if k != "special"}}),
    "the map comes before tokenizer_config.json": files(config={"bos_token": "a"}, map={"bos_token": "<s>"}),
    "with added_tokens_decoder tokenizer_config.json comes first": files(
        config={"bos_token": "b", "added_tokens_decoder": {"3": token("</s>")}}, map={"bos_token": "<s>"}),
    "a role that tokenizer_config.json leaves open": files(config={"bos_token": None}, map={"bos_token": "<s>"}),
    "a role that the map leaves open": files(config={"bos_token": "<s>"}, map={"bos_token": None}),
    "flags of added_tokens_decoder": files(
        tokenizer(added_tokens=[dict(token("[P]"), id=8)]),
        config={"added_tokens_decoder": {"8": token("[P]", lstrip=True, rstrip=True)}}),
    "a token of added_tokens_decoder that tokenizer.json lacks": files(
        config={"added_tokens_decoder": {str(X): token("<x>", special=False, single_word=True)}}),
    "added_tokens.json": files(added={"<x>": X}),
    "added_tokens.json with a special one": files(added={"<x>": X}, map={"extra_special_tokens": ["<x>"]}),
    "a list of extra tokens": files(config={"extra_special_tokens": ["<x>"]}),
    "a table of extra tokens": files(config={"extra_special_tokens": {"image_token": "<x>"}}),
    "a role of its own name": files(config={"boi_token": "<x>"}),
    "padding that no file gives an id": files(config={"pad_token": "<x>"}),
    "an added token that is special by its role": files(
        tokenizer(added_tokens=[dict(token("[P]", special=False), id=8)]), config={"pad_token": "[P]"}),
    "add_bos_token beside a tokenizer.json that adds none": files(
        config={"add_bos_token": True, "add_eos_token": True, "bos_token": "<s>", "eos_token": "</s>"}),
    "add_bos_token = false beside a tokenizer.json that adds one": files(
        tokenizer(post_processor=post("<s>", "A")), config={"add_bos_token": False, "bos_token": "<s>"}),
    "spaces before punctuation with byte pairs": files(config={"clean_up_tokenization_spaces": True}),
    "spaces before punctuation without": files(
        tokenizer(model={"type": "Unigram", "unk_id": 0, "byte_fallback": False,
                         "vocab": [[text, -1.0 - i] for i, text in enumerate(VOCABULARY)]},
                  decoder={"type": "Fuse"}),
        config={"clean_up_tokenization_spaces": True}),
}


def expected(case):
    with tempfile.TemporaryDirectory() as folder:
        for name, content in case.items():
            pathlib.Path(folder, name).write_text(json.dumps(content), encoding="utf-8")
        loaded = AutoTokenizer.from_pretrained(folder)
        return {
            "named": loaded.special_tokens_map,
            "ids": {text: loaded(text, add_special_tokens=True).input_ids for text in TEXTS},
            "texts": {text: loaded.decode(loaded(text).input_ids, skip_special_tokens=True) for text in TEXTS},
        }


if __name__ == "__main__":
    golden = [{"name": name, "files": case, "expected": expected(case)} for name, case in CASES.items()]
    pathlib.Path(sys.argv[1]).write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
