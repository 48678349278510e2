#!/usr/bin/env python3
"""Converts files and reads the results with the libraries whose formats they have.

    tools/check_writers.py [--large] [CONVERTER ...]

Needs numpy, safetensors and torch. CONVERTER is the command that is given source and target;
build/release/ferrum convert by default. --large adds an array of more than 4 GiB, which takes
ZIP64, and needs 9 GB on the disk of the temporary folder.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

NUMPY = [torch.bool, torch.uint8, torch.int8, torch.int16, torch.uint16, torch.float16,
         torch.int32, torch.uint32, torch.float32, torch.complex64, torch.float64, torch.int64,
         torch.uint64]
OTHERS = [torch.bfloat16, torch.float8_e5m2, torch.float8_e4m3fn, torch.float8_e8m0fnu]
SHAPES = [(), (0,), (1,), (7,), (3, 5), (0, 4), (2, 3, 4), (1000, 333)]


def random_tensors(dtypes):
    tensors = {}
    for dtype in dtypes:
        for shape in SHAPES:
            raw = torch.randint(0, 256, (*shape, dtype.itemsize), dtype=torch.uint8)
            raw = raw % 2 if dtype == torch.bool else raw
            tensors[f"layer.{len(tensors)}/größe {dtype}"] = raw.view(dtype).reshape(shape)
    return tensors


def raw_bytes(tensor):
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def check_npz(path, tensors):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None, "CRC-32"
        names = archive.namelist()
        assert sorted(names) == sorted(f"{name}.npy" for name in tensors), names
    with np.load(path, allow_pickle=False) as arrays:
        for name, tensor in tensors.items():
            array = arrays[name]
            assert array.dtype == tensor.numpy().dtype and array.shape == tensor.shape, name
            assert array.tobytes() == raw_bytes(tensor), name


def check_safetensors(path, tensors):
    with safe_open(path, "pt") as file:
        assert sorted(file.keys()) == sorted(tensors)
        for name, tensor in tensors.items():
            found = file.get_tensor(name)
            assert found.dtype == tensor.dtype and found.shape == tensor.shape, name
            assert raw_bytes(found) == raw_bytes(tensor), name


def check_large(folder, convert):
    count = (1 << 30) + 77  # elements of four bytes
    source, target = folder / "large.npy", folder / "large.npz"
    array = np.lib.format.open_memmap(source, "w+", dtype="<u4", shape=(count,))
    for at in range(0, count, 1 << 26):
        array[at:at + (1 << 26)] = np.arange(at, min(at + (1 << 26), count), dtype="<u4")
    array.flush()
    del array
    convert(source, target)
    source.unlink()
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None, "CRC-32"
        with archive.open("large.npy") as entry:
            assert np.lib.format.read_magic(entry) == (1, 0)
            assert np.lib.format.read_array_header_1_0(entry)[0] == (count,)
            at = 0
            while chunk := entry.read(1 << 26):
                part = np.frombuffer(chunk, "<u4")
                assert (part == np.arange(at, at + len(part), dtype="<u4")).all(), at
                at += len(part)
            assert at == count
    print("ok  large.npz")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--large", action="store_true")
    parser.add_argument("converter", nargs="*", default=["build/release/ferrum", "convert"])
    arguments = parser.parse_args()

    def convert(source, target):
        subprocess.run([*arguments.converter, str(source), str(target)], check=True)

    torch.manual_seed(4)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        plain, everything = random_tensors(NUMPY), random_tensors(NUMPY + OTHERS)
        save_file(plain, folder / "plain.safetensors")
        save_file(everything, folder / "all.safetensors", metadata={"format": "pt"})
        torch.save(everything, folder / "all.pt")
        np.savez_compressed(folder / "packed.npz", **{k: v.numpy() for k, v in plain.items()})

        convert(folder / "plain.safetensors", folder / "plain.npz")
        check_npz(folder / "plain.npz", plain)
        print("ok  safetensors to npz")
        convert(folder / "packed.npz", folder / "again.npz")
        check_npz(folder / "again.npz", plain)
        print("ok  compressed npz to npz")
        convert(folder / "packed.npz", folder / "packed.safetensors")
        check_safetensors(folder / "packed.safetensors", plain)
        print("ok  compressed npz to safetensors")
        convert(folder / "all.safetensors", folder / "copy.safetensors")
        check_safetensors(folder / "copy.safetensors", everything)
        print("ok  safetensors to safetensors")
        for number, (key, tensor) in enumerate(plain.items()):
            save_file({key: tensor}, folder / "one.safetensors")
            convert(folder / "one.safetensors", folder / f"{number}.npy")
            array = np.load(folder / f"{number}.npy", allow_pickle=False)
            assert array.shape == tensor.shape and array.tobytes() == raw_bytes(tensor), key
        print("ok  safetensors to npy")
        if arguments.large:
            check_large(folder, convert)
        convert(folder / "all.pt", folder / "pt.safetensors")
        check_safetensors(folder / "pt.safetensors", everything)
        print("ok  PyTorch to safetensors")


if __name__ == "__main__":
    sys.exit(main())
