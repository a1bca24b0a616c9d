"""The keys of GGUF metadata that the gguf package names, one a line, with llama for {arch}, 0 for {id}, x for {name}.

    gguf_keys.py > golden/gguf/keys.txt      committed: gguf 0.19
"""

from gguf.constants import Keys


def walk(place):
    for name, value in vars(place).items():
        if isinstance(value, type):
            yield from walk(value)
        elif isinstance(value, str) and not name.startswith("_"):
            yield value.format(arch="llama", id=0, name="x", dense="dense_2")


print("\n".join(sorted(set(walk(Keys)))))
