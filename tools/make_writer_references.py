#!/usr/bin/env python3
"""Writes tests/data/weights/writers: files that ours must equal byte for byte.

Needs torch and safetensors. tests/data/weights/numpy serves the writer of .npy files.
"""

import pathlib

import torch
from safetensors.torch import save_file

FOLDER = pathlib.Path(__file__).parent.parent / "tests/data/weights/writers"
DTYPES = [
    torch.bool, torch.uint8, torch.int8, torch.float8_e5m2, torch.float8_e4m3fn,
    torch.float8_e8m0fnu, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.int16, torch.uint16,
    torch.float16, torch.bfloat16, torch.int32, torch.uint32, torch.float32, torch.complex64,
    torch.float64, torch.int64, torch.uint64,
]


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(3)
    tensors = {}
    for i, dtype in enumerate(DTYPES):
        raw = torch.randint(0, 256, (3, 2 * dtype.itemsize), dtype=torch.uint8)
        raw = raw % 2 if dtype == torch.bool else raw
        name = str(dtype).removeprefix("torch.")
        tensors[f"{name}.{(7 * i) % 19}"] = raw.view(dtype)
        tensors[f"a {name}"] = raw.view(dtype)[1].clone()
    tensors["scalar"] = torch.tensor(2.5)
    tensors["empty"] = torch.zeros(0, 4)
    tensors['größe "→"\n\\/'] = torch.arange(3)
    save_file(tensors, FOLDER / "all.safetensors", metadata={"format": "pt"})
    for i in range(8):  # of every length of the padding
        save_file({"x" * (i + 1): torch.tensor([i])}, FOLDER / f"padding_{i}.safetensors")
    save_file({}, FOLDER / "none.safetensors")


if __name__ == "__main__":
    main()
