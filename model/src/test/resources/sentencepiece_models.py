"""SentencePiece models of a made-up corpus under several options, texts, and the ids that sentencepiece gives them.

python sentencepiece_models.py golden FILE.json   the committed cases: no rules but our own
python sentencepiece_models.py all FILE.json      these and the rules that sentencepiece brings, with more texts
"""

import base64
import io
import json
import pathlib
import random
import sys

import sentencepiece

WORDS = (
    "the cat dog sat on mat a house of little red blue once upon time there was girl who lived in big forest and she"
    " liked to play with her friends every day aaa aaaa hmmm zoooom bananas anna 123 2024 3.14 don't it's"
).split()
RULES = "FB01\t66 69\nFF21\t41\n65 301\tE9\n9\t20\n3000\t20\n200B\t\n2026\t2E 2E 2E\nC5 301\t1FA\nC5\t41\n"
PARTS = WORDS + [
    " ", "  ", "   ", "\n", "\n\n", "\t", "\r\n", "é", "e\u0301", "Å", "A\u030a\u0301", "Å\u0301", "ﬁ", "Ａ", "ｶﾞ", "한국", "각",
    "日本語", "テスト", "你好，世界", "🙂", "👩‍👩‍👧", "\u200b", "\u3000", "…", "¨", "１２", "0", "42", "-", "----", "<u>", "<sep>", "ab c",
    "▁", "▁▁", "<0x41>", "<unk>x", "\u0000", "\u0001", "\ufeff", "ü", "ß", "Ω", "a" * 9, "ananas", "aab" * 3, "{", "}", "\\", "\"",
]
LLAMA = dict(byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False, split_digits=True,
             allow_whitespace_only_pieces=True)
SYMBOLS = ["<u>", "<sep>", "▁▁", "\n\n", "ab c"]


def corpus():
    r = random.Random(1)
    lines = []
    for _ in range(1500):
        line = " ".join(r.choice(WORDS) for _ in range(r.randint(3, 15)))
        lines.append(line + r.choice([".", "!", "?", " - ok", "  twice", " é Å ü", " 日本語 テスト", " <u>", "   three"]))
        lines.append("a" * r.randint(1, 20) + " " * r.randint(1, 9) + "aab" * r.randint(1, 5) + " " + "-" * r.randint(1, 9))
    return lines


def trained(**options):
    out = io.BytesIO()
    given = dict(sentence_iterator=iter(corpus()), model_writer=out, vocab_size=400, hard_vocab_limit=False,
                 minloglevel=2, num_threads=1)
    if "rules" in options:
        path = pathlib.Path(sys.argv[2] + ".tsv")
        path.write_text(options.pop("rules"), encoding="utf-8")
        options["normalization_rule_tsv"] = str(path)
    given.update(options)
    sentencepiece.SentencePieceTrainer.train(**given)
    return out.getvalue()


def options(everything):
    cases = {
        "llama": dict(model_type="bpe", **LLAMA),
        "llama, legacy = false": dict(model_type="bpe", **LLAMA),
        "gemma": dict(model_type="bpe", add_dummy_prefix=False, pad_id=0, eos_id=1, bos_id=2, unk_id=3,
                      user_defined_symbols=SYMBOLS, **LLAMA),
        "internlm2": dict(model_type="bpe", user_defined_symbols=["[UNUSED_TOKEN_1]", "[UNUSED_TOKEN_2]", "<u>"], **LLAMA),
        "baichuan": dict(model_type="bpe", add_dummy_prefix=False, **LLAMA),
        "pairs without bytes": dict(model_type="bpe", normalization_rule_name="identity", remove_extra_whitespaces=False),
        "pairs, few spaces, own rules": dict(model_type="bpe", rules=RULES, user_defined_symbols=SYMBOLS),
        "pairs, space behind": dict(model_type="bpe", rules=RULES, treat_whitespace_as_suffix=True),
        "unigram": dict(model_type="unigram", rules=RULES),
        "unigram with bytes and symbols": dict(model_type="unigram", rules=RULES, byte_fallback=True,
                                               user_defined_symbols=SYMBOLS),
        "unigram without anything": dict(model_type="unigram", normalization_rule_name="identity",
                                         add_dummy_prefix=False, remove_extra_whitespaces=False),
    }
    if everything:
        for kind in ("bpe", "unigram"):
            for name in ("nmt_nfkc", "nfkc", "nmt_nfkc_cf"):
                cases[f"{kind}, {name}"] = dict(model_type=kind, normalization_rule_name=name, byte_fallback=kind == "bpe")
        cases["unigram, nmt_nfkc, symbols"] = dict(model_type="unigram", user_defined_symbols=SYMBOLS)
    return cases


def texts(count):
    r = random.Random(2)
    out = ["", " ", "  ", "\n", " a", "a ", "<u>", " <u> ", "<u>a<u>", "a" * 200, "the" + " " * 40 + "cat"]
    while len(out) < count:
        kind = r.randrange(4)
        if kind == 0:
            text = " ".join(r.choice(PARTS) for _ in range(r.randint(1, 9)))
        elif kind == 1:
            text = "".join(r.choice(PARTS) for _ in range(r.randint(1, 9)))
        elif kind == 2:
            text = "".join(r.choice("amno bt-") for _ in range(r.randint(1, 40)))
        else:
            text = "".join(chr(r.choice([r.randrange(32, 127), r.randrange(0xA0, 0x250), r.randrange(0x300, 0x370),
                                         r.randrange(0x3040, 0x30FF), r.randrange(0xAC00, 0xAD00),
                                         r.randrange(0xFF00, 0xFFF0), r.randrange(0x1F600, 0x1F650)]))
                           for _ in range(r.randint(1, 12)))
        if "\0" not in text and "<unk>" not in text:  # an end of text to C, and a special token to us
            out.append(text)
    return out


def without_prefix(model):
    """The model with add_dummy_prefix = false: a second normalizer_spec (field 3) is merged into the first."""
    return model + bytes([3 << 3 | 2, 2, 3 << 3, 0])


def with_specials(processor, bare, once):
    """Texts with control symbols: what is between them is encoded as texts of their own, by `bare` without a prefix."""
    special = {"<s>": processor.piece_to_id("<s>"), "</s>": processor.piece_to_id("</s>")}
    rows = []
    for text in ["<s>", "<s>the cat</s>", "a<s> b </s>  c", "</s></s>", "the <s>\n</s>é", "<s> <u> </s>"]:
        ids = []
        for i, part in enumerate(text.replace("<s>", "\0<s>\0").replace("</s>", "\0</s>\0").split("\0")):
            ids += [special[part]] if part in special else (bare if once and i > 0 else processor).encode(part)
        rows.append([text, ids])
    return rows


if __name__ == "__main__":
    everything = sys.argv[1] == "all"
    cases = []
    for name, how in options(everything).items():
        model = trained(**dict(how))
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        rows = [[text, processor.encode(text)] for text in texts(2000 if everything else 250)]
        bare = sentencepiece.SentencePieceProcessor(model_proto=without_prefix(model))
        rows += with_specials(processor, bare, "legacy = false" in name)
        cases.append({"name": name, "model": base64.b64encode(model).decode(), "texts": rows})
    pathlib.Path(sys.argv[2]).write_text(json.dumps(cases, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    pathlib.Path(sys.argv[2] + ".tsv").unlink(missing_ok=True)
