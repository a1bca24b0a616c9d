"""Writes what Python's re says about expressions and names of modules, as golden/regex/matches.json.

    python_regex.py GOLDEN
"""

import json
import pathlib
import re
import sys
import warnings

warnings.simplefilter("ignore")
names = [
    "model.layers.0.self_attn.q_proj",
    "model.layers.11.self_attn.k_proj",
    "model.layers.1.mlp.up_proj",
    "model.layers.10.mlp.down_proj",
    "model.embed_tokens",
    "lm_head",
    "layers.2.feed_forward.w1",
    "q_proj",
    "xq_proj",
    "a[b.c_&d",
    "x{2}y",
]
patterns = [
    "q_proj", ".*q_proj", ".*\\.q_proj", "model.layers.0.self_attn.q_proj", "(q|k)_proj", ".*(q|k)_proj$", "^q_proj",
    "^model.layers.1.*", "layers\\.1\\.", "layers.1.mlp.up_proj", ".*layers\\.(0|1)\\..*", "[qk]_proj", "[^.]*",
    ".*\\.\\d+\\..*", ".*\\.\\d{2}\\..*", ".*\\.[0-9]{2,}\\..*", ".*\\d{,1}\\.mlp.*", "(?:.*\\.)?lm_head",
    "(?P<head>lm)_head", "(?P<a_b>l)(?P<Q>m)_.*", "(?P<x>m)odel.*(?P=x)lp.*", "(l)m_head|(.)\\2.*", ".*(?<!x)q_proj",
    ".*(?=proj)proj", ".*(?!q)._proj", "(?i)LM_HEAD", "(?i:MODEL).*", "(?s).*", "(?x) lm _head", "(?#note)lm_head",
    "model\\..+?_proj", "model\\..+_proj", "[\\w.]+", "[\\w.]*_proj\\Z", "\\Alm_head\\Z", ".*\\bmlp\\b.*",
    "a[[]b.*", "[a[]+b.*", "a\\[b\\.c_&d", "[&]+|[a&&b].*", ".*[a&&d]", "[]a]+.*", "[^]]+", "x{2}y", "x\\{2\\}y",
    "x{2\\}y", "x{a}y", "x{}y", "x\\{2}y", "x[{]2[}]y", "[a-z_]+", "[a-z_.\\d]+", "[\\s\\S]+", "[^\\W]+", "\\D+", "",
    ".", ".*", "model(?:\\.layers\\.\\d+)?\\.(?:embed_tokens|mlp\\.(?:up|down)_proj)", "(q_proj|lm_head|model.*)",
    "(.*)(\\1)", "[q-k]_proj", "(q_proj", "q_proj)", "*q", "q**", "q{3,1}", "[q", "\\", "\\q_proj", "\\ka", "\\Qq\\E",
    "\\p{L}+", "\\h+", "\\R", "(?<a>q)_proj", "(?P>a)", "(?P<1a>q)", "(?P<a>q)(?P<a>k)", "(?P=none)", "\\9", "(?z)q",
    "lm_head++", "(?>lm)_head", ".*+_proj", "[\\d-z]+", "q_proj$$", "(?m)^q_proj$", "lm.head", "\\u006cm_head",
    "\\x6cm_head", "\\154m_head", "lm\\_head", "lm\\-head", "{1}", "a{", "[-a]+.*", "[a\\]&&b[]+.*",
]
cases = []
for pattern in patterns:
    case = {"pattern": pattern}
    try:
        whole = re.compile(pattern)
        case["fullmatch"] = [bool(whole.fullmatch(n)) for n in names]
    except (re.error, OverflowError) as e:
        case["error"] = str(e)
    try:
        key = re.compile(rf"(.*\.)?({pattern})$")
        case["key"] = [bool(key.match(n)) for n in names]
    except (re.error, OverflowError) as e:
        case["key_error"] = str(e)
    cases.append(case)
out = pathlib.Path(sys.argv[1]) / "regex"
out.mkdir(exist_ok=True)
text = {"format": 1, "kind": "regex", "name": "matches", "source": {"package": "re", "version": sys.version.split()[0]}}
text |= {"names": names, "cases": cases}
(out / "matches.json").write_text(json.dumps(text, indent=1) + "\n")
print([c["pattern"] for c in cases if "error" in c])
