#!/usr/bin/env python3
"""Writes src/quant/ggml/codebooks.inc: the lattice points of GGUF's IQ block types, which are part
of the format (llama.cpp, ggml-common.h). They are read from the Python package `gguf`, which has
them packed: four elements of two bits, or two of three, in each byte.

Run: tools/make_gguf_codebooks.py
"""
import pathlib

from gguf import quants

OUT = pathlib.Path(__file__).resolve().parent.parent / "src/quant/ggml/codebooks.inc"
LINE = 96  # digits
BOOKS = {"kIq2xxsDigits": quants.IQ2_XXS, "kIq2xsDigits": quants.IQ2_XS,
         "kIq2sDigits": quants.IQ2_S, "kIq3xxsDigits": quants.IQ3_XXS,
         "kIq3sDigits": quants.IQ3_S, "kIq1Digits": quants.IQ1_S}

lines = ["// Written by tools/make_gguf_codebooks.py."]
for name, book in BOOKS.items():
    digits = book.grid_hex.decode()
    lines.append(f"constexpr std::string_view {name} =")
    rows = [digits[i:i + LINE] for i in range(0, len(digits), LINE)]
    lines += [f'"{row}"' for row in rows]
    lines[-1] += ";"
OUT.write_text("\n".join(lines) + "\n")
