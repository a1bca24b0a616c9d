"""Random quantised blocks and the numbers that gguf.quants gives them.

    gguf_blocks.py OUT SEED BLOCKS      needs gguf and numpy

OUT/TYPE.bin holds BLOCKS blocks of random bits, then their numbers as little-endian F32. Every scale (F16) is finite:
some are subnormal, negative or zero. Committed: seed 20, 6 blocks of 256 or 24 of 32.
"""

import os
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

# Where the F16 numbers of a block are.
SCALES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "IQ4_NL": [0], "IQ4_XS": [0],
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
}


def blocks(name, random, count):
    size, width = GGML_QUANT_SIZES[GGMLQuantizationType[name]]
    made = random.integers(0, 256, (count, width), dtype=np.uint8)
    for at in SCALES[name]:
        halves = random.integers(0, 1 << 16, count, dtype=np.uint16)
        halves = np.where(halves >> 10 & 31 == 31, halves ^ np.uint16(1 << 12), halves)
        halves[random.integers(0, count)] = 0
        made[:, at:at + 2] = halves.astype("<u2").view(np.uint8).reshape(count, 2)
    return made


def main(out, seed, count):
    for name in SCALES:
        kind = GGMLQuantizationType[name]
        size = GGML_QUANT_SIZES[kind][0]
        random = np.random.default_rng([seed, int(kind)])
        made = blocks(name, random, count if size == 256 else 4 * count)
        values = dequantize(made, kind).astype("<f4")
        with open(os.path.join(out, name + ".bin"), "wb") as file:
            file.write(made.tobytes() + values.tobytes())


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
