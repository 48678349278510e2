#!/usr/bin/env python3
"""Writes tests/data/quant/blocks.json: blocks of every type of GGUF and the numbers they hold.

  {"q4_0": {"id": 2, "elements": 32, "bytes": 18, "blocks": hex, "values": hex of f32}, ...}

The first block of a type is of random bytes; the others too, but for scales of a usual size. The
values are those of the Python package `gguf`; of the types that it does not decode (q8_1, q8_k,
q1_0, q2_0) those of the NumPy code below, written from the layout.
"""
import json
import pathlib

import gguf
import numpy as np

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/data/quant/blocks.json"
Types = gguf.GGMLQuantizationType

# name: bytes at which an f16 scale lies
SCALES = {
    "q4_0": [0], "q4_1": [0, 2], "q5_0": [0], "q5_1": [0, 2], "q8_0": [0], "q2_k": [80, 82],
    "q3_k": [108], "q4_k": [0, 2], "q5_k": [0, 2], "q6_k": [208], "iq2_xxs": [0], "iq2_xs": [0],
    "iq3_xxs": [0], "iq1_s": [0], "iq4_nl": [0], "iq3_s": [0], "iq2_s": [0], "iq4_xs": [0],
    "iq1_m": [], "tq1_0": [52], "tq2_0": [64], "mxfp4": [], "nvfp4": [],
}


def half(blocks, at):
    return blocks[:, at:at + 2].copy().view(np.float16).astype(np.float32)


def q8_1(blocks):
    return half(blocks, 0) * blocks[:, 4:].view(np.int8).astype(np.float32)


def q8_k(blocks):
    return blocks[:, :4].copy().view(np.float32) * blocks[:, 4:260].view(np.int8).astype(np.float32)


def q1_0(blocks):
    bits = np.unpackbits(blocks[:, 2:], axis=-1, bitorder="little")
    return np.where(bits == 1, half(blocks, 0), -half(blocks, 0))


def q2_0(blocks):
    codes = (blocks[:, 2:, None] >> np.array([0, 2, 4, 6], np.uint8)) & 3
    return half(blocks, 0) * (codes.reshape(len(blocks), -1).astype(np.float32) - 1)


# name: id, elements, bytes, decoder, scales
OWN = {"q8_1": (9, 32, 36, q8_1, [0, 2]), "q8_k": (15, 256, 292, q8_k, []),
       "q1_0": (41, 128, 18, q1_0, [0]), "q2_0": (42, 64, 18, q2_0, [0])}


def random_blocks(rng, name, size, count, scales):
    blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
    for at in scales:
        values = (rng.standard_normal((count - 1, 1)) * 0.02).astype(np.float16)
        blocks[1:, at:at + 2] = values.view(np.uint8)
    if name == "iq1_m":  # the f16 scale lies in the top nibbles of four words
        scale = np.abs(rng.standard_normal(count - 1) * 0.02).astype(np.float16).view(np.uint16)
        for i in range(4):
            nibble = ((scale >> (4 * i)) & 15).astype(np.uint8)
            blocks[1:, 49 + 2 * i] = (blocks[1:, 49 + 2 * i] & 15) | (nibble << 4)
    if name == "q8_k":
        blocks[1:, :4] = (rng.standard_normal((count - 1, 1)) * 0.02).astype(np.float32).view(
            np.uint8)
    if name == "mxfp4":  # exponents at both ends, where 2^(e-128) is subnormal, and in the middle
        blocks[1:, 0] = np.resize(np.array([0, 1, 2, 120, 255], np.uint8), count - 1)
    if name == "nvfp4":  # the scale's NaN, zero, and subnormals
        blocks[1, :4] = [0x7f, 0, 3, 0xff]
    return blocks


def main():
    rng = np.random.default_rng(3)
    cases = {}
    kinds = [(name, int(Types[name.upper()]), *gguf.GGML_QUANT_SIZES[Types[name.upper()]],
              None, scales) for name, scales in SCALES.items()]
    kinds += [(name, *rest) for name, rest in OWN.items()]
    for name, number, elements, size, decode, scales in sorted(kinds, key=lambda kind: kind[1]):
        blocks = random_blocks(rng, name, size, 2 if elements == 256 else 6, scales)
        with np.errstate(all="ignore"):
            values = decode(blocks) if decode else gguf.dequantize(blocks, Types(number))
        cases[name] = {"id": number, "elements": elements, "bytes": size,
                       "blocks": blocks.tobytes().hex(),
                       "values": values.astype("<f4").tobytes().hex()}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    text = ",\n".join(f'"{name}": {json.dumps(case)}' for name, case in cases.items())
    OUT.write_text("{\n" + text + "\n}\n")


if __name__ == "__main__":
    main()
