#!/usr/bin/env python3
"""Writes src/weights/transforms/packed_references.h: conversions of ml_dtypes from and to the
floats of less than a byte.

    python3 tools/make_packed_references.py > src/weights/transforms/packed_references.h
"""
import ml_dtypes
import numpy as np

from make_float8_references import lines

KINDS = [
    ("kF6E2M3", ml_dtypes.float6_e2m3fn, 64),
    ("kF6E3M2", ml_dtypes.float6_e3m2fn, 64),
    ("kF4E2M1", ml_dtypes.float4_e2m1fn, 16),
]


def inputs():
    """All numbers and ties of the formats, and numbers of all sizes."""
    grid = np.concatenate([np.arange(0, 1, 1 / 32), np.arange(1, 8, 1 / 16),
                           np.arange(8, 33, 1 / 2)])
    scales = np.float32(2) ** np.arange(-126, 128, 6, dtype=np.float32)
    beside = np.nextafter(np.array([0.25, 0.75, 5, 2.5, 7.25, 26], np.float32), np.float32(100))
    values = np.concatenate([grid, scales, beside, np.array([np.inf, 1e-45, 3.4e38], np.float32)])
    return np.concatenate([values, -values]).astype(np.float32)


def bits_of(floats):
    return [f"0x{x:08x}" for x in floats.view(np.uint32).tolist()]


def array(kind, name, numbers, per_line):
    print(f"inline constexpr std::array<{kind}, {len(numbers)}> {name}{{")
    lines(numbers, per_line)
    print("};")


def codes_of(values, dtype):
    return [f"0x{c:02x}" for c in values.astype(dtype).view(np.uint8).tolist()]


def main():
    values = inputs()
    print("#pragma once")
    print("// Conversions of ml_dtypes; made by tools/make_packed_references.py.\n")
    print("#include <array>\n#include <cstdint>\n\nnamespace ferrum::packed_references {\n")
    print("// f32 bit patterns to be encoded.")
    array("uint32_t", "kInputs", bits_of(values), 8)
    for name, dtype, codes in KINDS:
        array("uint8_t", name + "Codes", codes_of(values, dtype), 16)
        decoded = np.arange(codes, dtype=np.uint8).view(dtype).astype(np.float32)
        print("// What each code stands for, as f32 bits.")
        array("uint32_t", name + "Values", bits_of(decoded), 8)
    print("\n}  // namespace ferrum::packed_references")


if __name__ == "__main__":
    main()
