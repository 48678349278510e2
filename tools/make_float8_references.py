#!/usr/bin/env python3
"""Writes src/types/float8_references.h: PyTorch's conversions from and to the 8-bit floats.

    python3 tools/make_float8_references.py > src/types/float8_references.h
"""
import torch

KINDS = [
    ("kF8E4M3", torch.float8_e4m3fn),
    ("kF8E5M2", torch.float8_e5m2),
    ("kF8E4M3Fnuz", torch.float8_e4m3fnuz),
    ("kF8E5M2Fnuz", torch.float8_e5m2fnuz),
]


def inputs():
    generator = torch.Generator().manual_seed(1)
    scales = 2.0 ** torch.arange(-20, 18).float()
    values = torch.cat([
        scales,
        -scales * 1.5,
        scales * 1.0625,   # ties of both fraction lengths
        scales * 1.125,
        scales * (1 + torch.rand(scales.shape, generator=generator)),
        torch.tensor([0.0, -0.0, 448, 464, 465, 480, 240, 248, 249, 57344, 61440, 61441, 65536,
                      float("inf"), float("-inf"), float("nan"), 1e-30, -1e-30]),
    ])
    return values


def lines(numbers, per_line):
    for i in range(0, len(numbers), per_line):
        print("    " + ", ".join(numbers[i:i + per_line]) + ",")


def bits_of(floats):
    return [f"0x{x & 0xffffffff:08x}" for x in floats.view(torch.int32).tolist()]


def main():
    values = inputs()
    print("#pragma once")
    print("// PyTorch's conversions; made by tools/make_float8_references.py.\n")
    print("#include <array>\n#include <cstdint>\n\nnamespace ferrum::float8_references {\n")
    print("// f32 bit patterns to be encoded.")
    print(f"inline constexpr std::array<uint32_t, {len(values)}> kInputs{{")
    lines(bits_of(values), 8)
    print("};")
    for name, dtype in KINDS:
        codes = values.to(dtype).view(torch.uint8).tolist()
        print(f"\ninline constexpr std::array<uint8_t, {len(codes)}> {name}Codes{{")
        lines([f"0x{c:02x}" for c in codes], 16)
        print("};")
        decoded = torch.arange(256, dtype=torch.uint8).view(dtype).float()
        decoded = torch.where(decoded.isnan(), torch.tensor(float("nan")), decoded)
        print(f"// What each code stands for, as f32 bits; NaN is 0x7fc00000.")
        print(f"inline constexpr std::array<uint32_t, 256> {name}Values{{")
        lines(bits_of(decoded), 8)
        print("};")
    print("\n}  // namespace ferrum::float8_references")


if __name__ == "__main__":
    main()
