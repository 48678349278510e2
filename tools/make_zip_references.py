#!/usr/bin/env python3
"""Writes tests/data/weights/zip: archives by zipfile, NumPy and PyTorch, and their content.

Needs numpy and torch. expected.json lists for each archive its entries in order, with size and
CRC-32, and in hexadecimal the bytes of those that are small.
"""

import io
import json
import pathlib
import zipfile

import numpy as np
import torch

FOLDER = pathlib.Path(__file__).parent.parent / "tests/data/weights/zip"
WHEN = (2024, 1, 1, 0, 0, 0)
COUNTING = bytes(i % 251 for i in range(3_000_000))


class Unseekable(io.RawIOBase):
    """A pipe: sizes and CRC-32 are then written after the data."""

    def __init__(self, file):
        self.file = file

    def writable(self):
        return True

    def write(self, data):
        return self.file.write(data)


def add(archive, name, data, method, force_zip64=False):
    info = zipfile.ZipInfo(name, WHEN)
    info.compress_type = method
    with archive.open(info, "w", force_zip64=force_zip64) as entry:
        entry.write(data)


def write_python(name, method, comment=b"", streamed=False, force_zip64=False):
    with open(FOLDER / name, "wb") as file:
        target = Unseekable(file) if streamed else file
        with zipfile.ZipFile(target, "w") as archive:
            add(archive, "empty", b"", method, force_zip64)
            add(archive, "folder/", b"", zipfile.ZIP_STORED)
            add(archive, "folder/text.txt", b"the quick brown fox " * 5, method, force_zip64)
            add(archive, "gewicht/größe→", bytes(range(256)), method, force_zip64)
            archive.comment = comment


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    stored, deflated = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
    write_python("stored.zip", stored)
    write_python("deflated.zip", deflated, comment=b"a comment of the archive")
    write_python("streamed.zip", deflated, streamed=True)
    write_python("streamed_stored.zip", stored, streamed=True, force_zip64=True)
    write_python("zip64.zip", stored, force_zip64=True)
    with zipfile.ZipFile(FOLDER / "large.zip", "w") as archive:
        add(archive, "counting", COUNTING, deflated)
        add(archive, "after", b"after", stored)
    with zipfile.ZipFile(FOLDER / "none.zip", "w"):
        pass
    rng = np.random.default_rng(2)
    arrays = {"weight": rng.standard_normal((2, 3)).astype("f4"), "bias": np.arange(3)}
    np.savez(FOLDER / "numpy.npz", **arrays)
    np.savez_compressed(FOLDER / "numpy_compressed.npz", **arrays)
    torch.manual_seed(2)
    torch.save({"weight": torch.randn(2, 3), "bias": torch.arange(3)}, FOLDER / "torch.pt")

    expected = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix == ".json":
            continue
        with zipfile.ZipFile(path) as archive:
            expected[path.name] = [
                {"name": info.filename, "bytes": info.file_size, "crc32": info.CRC,
                 **({"hex": archive.read(info).hex()} if info.file_size <= 4096 else {})}
                for info in archive.infolist()]
    with open(FOLDER / "expected.json", "w") as file:
        json.dump(expected, file, indent=0, sort_keys=True)
        file.write("\n")


if __name__ == "__main__":
    main()
