#!/usr/bin/env python3
"""Writes tests/data/weights/numpy: .npy files by NumPy, and what their elements are.

Needs numpy and ml_dtypes. Each file NAME.npy has an entry in expected.json: shape, dtype in
Ferrum's names, and the bytes of the elements in C order, little-endian, in hexadecimal. Archives
NAME.npz of many arrays have theirs in archives.json; void/DTYPE.npy hold what NumPy calls void.
"""

import json
import pathlib

import ml_dtypes
import numpy as np
from numpy.lib import format as npy

FOLDER = pathlib.Path(__file__).parent.parent / "tests/data/weights/numpy"
DTYPES = {
    "bool": "?", "i8": "i1", "u8": "u1", "i16": "i2", "u16": "u2", "f16": "f2", "i32": "i4",
    "u32": "u4", "f32": "f4", "i64": "i8", "u64": "u8", "f64": "f8", "c64": "c8",
}


def elements(rng, code, shape):
    size = np.dtype(code).itemsize
    if code == "?":
        return rng.integers(0, 2, shape).astype(bool)
    if code[0] in "fc":
        values = rng.standard_normal((*shape, 2))
        real, imaginary = values[..., 0], values[..., 1]
        return (real + 1j * imaginary if code[0] == "c" else real).astype(code)
    raw = rng.integers(0, 256, (*shape, size), dtype=np.uint8)
    return np.ascontiguousarray(raw).view("<" + code).reshape(shape)


def main():
    rng = np.random.default_rng(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    expected = {}

    def write(name, dtype, array, version=(1, 0)):
        with open(FOLDER / f"{name}.npy", "wb") as file:
            npy.write_array(file, array, version=version, allow_pickle=False)
        expected[name] = describe(dtype, array)

    for name, code in DTYPES.items():
        array = elements(rng, code, (2, 3))
        write(f"{name}_little", dtype=name, array=array)
        write(f"{name}_big", dtype=name, array=array.astype(np.dtype(code).newbyteorder(">")))
        write(f"{name}_fortran", dtype=name, array=np.asfortranarray(array))
    big = elements(rng, "f4", (2, 3, 4)).astype(">f4")
    write("big_fortran", "f32", np.asfortranarray(big), version=(3, 0))
    write("scalar", "f64", np.array(2.5))
    write("vector_fortran", "i32", np.asfortranarray(np.arange(5, dtype="i4")))
    write("empty", "f32", np.zeros((0, 7), "f4"))
    write("empty_fortran", "i16", np.zeros((3, 0, 2), "i2", order="F"), version=(2, 0))
    write("deep", "u8", elements(rng, "u1", (1, 2, 1, 2, 1, 2, 1, 2)), version=(2, 0))
    write("deep_fortran", "u16", np.asfortranarray(elements(rng, "u2", (2, 1, 3, 1, 2, 1, 2, 1))))
    write_json("expected.json", expected)
    write_archives(rng)
    write_void(rng)


def write_json(name, content):
    with open(FOLDER / name, "w") as file:
        json.dump(content, file, indent=0, sort_keys=True)
        file.write("\n")


def describe(dtype, array):
    plain = array.astype(array.dtype.newbyteorder("<"))
    return {"shape": list(array.shape), "dtype": dtype,
            "hex": np.ascontiguousarray(plain).tobytes().hex()}


def write_archives(rng):
    arrays = {name: (name, elements(rng, code, (4, 3))) for name, code in DTYPES.items()}
    swapped = elements(rng, "f4", (2, 3, 4)).astype(">f4")
    arrays["layer.0/big"] = ("f32", swapped)
    arrays["layer.0/big_fortran"] = ("f32", np.asfortranarray(swapped))
    arrays["größe"] = ("i16", np.asfortranarray(elements(rng, "i2", (5, 2))))
    arrays["scalar"] = ("f64", np.array(2.5))
    arrays["empty"] = ("f32", np.zeros((0, 7), "f4"))
    plain = {name: array for name, (_, array) in arrays.items()}
    np.savez(FOLDER / "stored.npz", **plain)
    np.savez_compressed(FOLDER / "deflated.npz", **plain)
    # Larger than the chunks in which it is inflated: element i is i % 251.
    counting = (np.arange(600_000) % 251).astype("i4").reshape(600, 1000)
    np.savez_compressed(FOLDER / "large.npz", rows=counting, columns=np.asfortranarray(counting),
                        swapped=counting.astype(">i4"))
    write_json("archives.json", {name: describe(*entry) for name, entry in arrays.items()})


def write_void(rng):
    (FOLDER / "void").mkdir(exist_ok=True)
    types = {"bf16": ml_dtypes.bfloat16, "f8_e4m3": ml_dtypes.float8_e4m3fn,
             "f8_e5m2": ml_dtypes.float8_e5m2, "f8_e8m0": ml_dtypes.float8_e8m0fnu}
    expected = {}
    for name, dtype in types.items():
        array = np.abs(rng.standard_normal((2, 5))).astype(dtype)
        np.save(FOLDER / "void" / f"{name}.npy", array)
        expected[name] = {"shape": [2, 5], "dtype": name, "hex": array.tobytes().hex()}
    write_json("void/expected.json", expected)


if __name__ == "__main__":
    main()
