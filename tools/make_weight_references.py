#!/usr/bin/env python3
"""Writes tests/data/weights: files of the safetensors library, and what transformations must give.

Needs torch, numpy, safetensors and huggingface_hub.

  dtypes.safetensors    every dtype that the library writes, scalars and tensors without elements
  dtypes.json           name -> dtype, shape and bytes in hex, of the same tensors
  sharded/              two shards and their index, split by huggingface_hub
  casts.safetensors     "f32" are inputs, "f32 bf16" their cast. NaNs may differ in sign and payload
  chains.safetensors    inputs and results of chains.json: [{input, transformations, result}, ...]
"""

import argparse
import bisect
import ctypes
import json
import math
import pathlib
from fractions import Fraction

import numpy as np
import torch
from huggingface_hub import save_torch_state_dict
from safetensors import TensorSpec, safe_open, serialize_file

FLOATS = {  # ours: (torch dtype, name in the format)
    "f64": (torch.float64, "F64"),
    "f32": (torch.float32, "F32"),
    "f16": (torch.float16, "F16"),
    "bf16": (torch.bfloat16, "BF16"),
    "f8_e4m3": (torch.float8_e4m3fn, "F8_E4M3"),
    "f8_e5m2": (torch.float8_e5m2, "F8_E5M2"),
    "f8_e4m3fnuz": (torch.float8_e4m3fnuz, "F8_E4M3FNUZ"),
    "f8_e5m2fnuz": (torch.float8_e5m2fnuz, "F8_E5M2FNUZ"),
    "f8_e8m0": (torch.float8_e8m0fnu, "F8_E8M0"),
}
INTEGERS = {
    "i64": (np.int64, "I64"), "i32": (np.int32, "I32"), "i16": (np.int16, "I16"),
    "i8": (np.int8, "I8"), "u64": (np.uint64, "U64"), "u32": (np.uint32, "U32"),
    "u16": (np.uint16, "U16"), "u8": (np.uint8, "U8"), "bool": (np.bool_, "BOOL"),
}
UNSIGNED = {1: torch.uint8, 2: torch.uint16, 4: torch.uint32, 8: torch.uint64}


def file_name(dtype):
    return (FLOATS.get(dtype) or INTEGERS[dtype])[1]


def entry(dtype, data, shape=None):
    size = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}.get(file_name(dtype), 1)
    if dtype in INTEGERS:
        size = np.dtype(INTEGERS[dtype][0]).itemsize
    return {"dtype": file_name(dtype), "shape": shape or [len(data) // size], "data": data}


LIBRARY_NAMES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz", "F8_E8M0": "float8_e8m0fnu", "F4": "float4_e2m1fn_x2",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U64": "uint64",
    "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool",
}


def write(path, tensors, metadata=None):
    specs, alive = {}, []
    for name, tensor in tensors.items():
        shape = list(tensor["shape"])
        if tensor["dtype"] == "F4":
            shape[-1] //= 2  # the library is given bytes of two elements
        alive.append(ctypes.create_string_buffer(tensor["data"], max(1, len(tensor["data"]))))
        specs[name] = TensorSpec(dtype=LIBRARY_NAMES[tensor["dtype"]], shape=shape,
                                 data_ptr=ctypes.addressof(alive[-1]), data_len=len(tensor["data"]))
    serialize_file(specs, path, metadata=metadata or {})


def decode_codes(dtype, codes):
    """Values of 8- or 16-bit codes, by torch."""
    size = FLOATS[dtype][0].itemsize
    raw = torch.tensor(codes, dtype=torch.int64).to(torch.uint8 if size == 1 else torch.int16)
    return raw.view(FLOATS[dtype][0]).to(torch.float32).tolist()


class Rounding:
    """To nearest, ties to even, by search among all values that torch gives the codes."""

    def __init__(self, dtype):
        bits = 8 * FLOATS[dtype][0].itemsize
        self.dtype = dtype
        values = decode_codes(dtype, list(range(1 << (bits - 1))))
        finite = sorted((v, c) for c, v in enumerate(values) if math.isfinite(v))
        self.values = [Fraction(v) for v, _ in finite]
        self.codes = [c for _, c in finite]
        self.bits = bits
        self.fnuz = dtype.endswith("fnuz")
        self.nan = 1 << (bits - 1) if self.fnuz else values.index(next(
            v for v in reversed(values) if v != v))
        self.saturates = bits == 8
        self.inf = None if self.saturates else values.index(math.inf)

    def magnitude(self, x):
        if math.isinf(x):
            return self.codes[-1] if self.saturates else self.inf
        x = Fraction(x)
        i = bisect.bisect_left(self.values, x)
        if i == len(self.values):
            if self.saturates:
                return self.codes[-1]
            unit = self.values[-1] - self.values[-2]
            return self.inf if x >= self.values[-1] + unit / 2 else self.codes[-1]
        if self.values[i] == x:
            return self.codes[i]
        low, high = x - self.values[i - 1], self.values[i] - x
        if low == high:
            return self.codes[i] if self.codes[i] % 2 == 0 else self.codes[i - 1]
        return self.codes[i] if high < low else self.codes[i - 1]

    def code(self, x):
        if isinstance(x, float) and math.isnan(x):
            return self.nan
        negative = math.copysign(1, x) < 0
        code = self.magnitude(abs(x))
        if negative and not (self.fnuz and code == 0):
            code |= 1 << (self.bits - 1)
        return code


ROUNDINGS = {d: Rounding(d) for d in FLOATS if d not in ("f64", "f32", "f8_e8m0")}


def check_rounding_against_torch():
    x = np.random.default_rng(1).standard_normal(4000).astype(np.float32) * 100
    for dtype, rounding in ROUNDINGS.items():
        top = float(rounding.values[-1])
        ours = [rounding.code(float(v)) for v in np.clip(x, -top, top)]
        theirs = torch.from_numpy(np.clip(x, -top, top)).to(FLOATS[dtype][0])
        raw = theirs.view(torch.uint8 if rounding.bits == 8 else torch.int16)
        assert [int(v) & ((1 << rounding.bits) - 1) for v in raw] == ours, dtype


def cast(values, target):
    """Bytes of Python numbers (exact int or float) in `target`."""
    if target == "f64":
        return np.array([float(v) for v in values], np.float64).tobytes()
    if target == "f32":
        # int -> float32 in one rounding: numpy does it from the integer type.
        return b"".join(
            (np.uint64(v) if isinstance(v, int) and v > 2**63 - 1 else
             np.int64(v) if isinstance(v, int) else np.float64(v)).astype(np.float32).tobytes()
            for v in values)
    if target in ROUNDINGS:
        rounding = ROUNDINGS[target]
        return np.array([rounding.code(v) for v in values],
                        np.uint8 if rounding.bits == 8 else np.uint16).tobytes()
    if target == "bool":
        return np.array([v != 0 for v in values], np.bool_).tobytes()
    info = np.iinfo(INTEGERS[target][0])

    def whole(v):
        if isinstance(v, float):
            if math.isnan(v):
                return 0
            v = int(v) if math.isfinite(v) else (info.max if v > 0 else info.min)
        return min(max(v, info.min), info.max)

    return np.array([whole(v) for v in values], INTEGERS[target][0]).tobytes()


def cast_inputs():
    rng = np.random.default_rng(2)
    reals = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, 1 + 2.0**-11, 1 + 3 * 2.0**-11,
             1 + 2.0**-9, 65504.0, 65519.0, 65520.0, 2.0**-24, 2.0**-25, 3 * 2.0**-26, 448.0, 464.0,
             465.0, -500.0, 240.0, 248.0, 57344.0, 61440.0, 61439.0, 1e30, 3.4028234e38, 1e-45,
             math.inf, -math.inf, math.nan, 127.9, -128.9, 255.5, 65535.9, 2.0**31, -2.0**31,
             2.0**63, 2.0**64, 2.0**-9, 2.0**-10, 3 * 2.0**-11, 2.0**-16, 2.0**-17]
    reals += [float(np.float32(v)) for v in np.exp(rng.standard_normal(24) * 4)]
    doubles = reals + [1 + 2.0**-11 + 2.0**-40, 1 + 2.0**-8 + 2.0**-50, 1 + 3 * 2.0**-8 - 2.0**-52,
                       16 + 1 + 2.0**-45, 1e300, -1e300, 1e-300, 65519.999999999, 2.0**53 + 2]
    inputs = {
        "f64": (doubles, np.array(doubles, np.float64).tobytes()),
        "f32": (reals, np.array(reals, np.float32).tobytes()),
    }
    inputs["f32"] = ([float(v) for v in np.frombuffer(inputs["f32"][1], np.float32)],
                     inputs["f32"][1])
    for dtype, rounding in ROUNDINGS.items():
        if rounding.bits == 8:
            codes = list(range(256))
        else:
            codes = [rounding.code(v) for v in reals]
        raw = np.array(codes, np.uint8 if rounding.bits == 8 else np.uint16).tobytes()
        inputs[dtype] = (decode_codes(dtype, codes), raw)
    codes = [0, 1, 2, 100, 126, 127, 128, 129, 150, 190, 253, 254, 255]
    inputs["f8_e8m0"] = (decode_codes("f8_e8m0", codes), bytes(codes))
    for dtype, (kind, _) in INTEGERS.items():
        if dtype == "bool":
            inputs[dtype] = ([0, 1], bytes([0, 1]))
            continue
        info = np.iinfo(kind)
        values = {0, 1, 2, 3, 7, 100, 127, info.min, info.max, info.max - 1}
        for power in (8, 11, 12, 15, 16, 24, 25, 31, 32, 53, 54, 62, 63):
            for v in (2**power - 1, 2**power, 2**power + 1, 3 * 2**(power - 8) + 1,
                      2**power + 2**(max(power - 9, 0)) + 1, -2**power, -2**power - 1):
                if info.min <= v <= info.max:
                    values.add(v)
        values = sorted(values)
        inputs[dtype] = (values, np.array(values, kind).tobytes())
    return inputs


def make_casts(folder):
    tensors = {}
    for source, (values, raw) in cast_inputs().items():
        tensors[source] = entry(source, raw)
        for target in [*FLOATS, *INTEGERS]:
            if target not in (source, "f8_e8m0"):
                tensors[f"{source} {target}"] = entry(target, cast(values, target))
    write(folder / "casts.safetensors", tensors)


def make_dtypes(folder):
    rng = np.random.default_rng(3)
    sizes = {"C64": 64, "F4": 4}  # the library's Python face does not write the 6-bit floats
    for dtype in [*FLOATS, *INTEGERS]:
        sizes[file_name(dtype)] = 8 * len(np.zeros(1, INTEGERS[dtype][0]).tobytes()) \
            if dtype in INTEGERS else 8 * FLOATS[dtype][0].itemsize
    tensors = {}
    for name, bits in sizes.items():
        shape = [3, 4, 2]
        data = rng.integers(0, 2 if name == "BOOL" else 256, 24 * bits // 8, np.uint8).tobytes()
        tensors[f"{name} matrix"] = {"dtype": name, "shape": shape, "data": data}
    tensors["scalar"] = {"dtype": "F32", "shape": [], "data": np.float32(3.25).tobytes()}
    tensors["none"] = {"dtype": "F16", "shape": [0, 5], "data": b""}
    tensors["na\u00efve \u2713 \"quoted\""] = {"dtype": "U8", "shape": [1], "data": b"\x2a"}
    write(folder / "dtypes.safetensors", tensors, {"format": "pt", "note": "line\nbreak"})
    listing = {k: {"dtype": v["dtype"], "shape": v["shape"], "hex": v["data"].hex()}
               for k, v in tensors.items()}
    (folder / "dtypes.json").write_text(json.dumps(listing, indent=1) + "\n")


def make_sharded(folder):
    torch.manual_seed(4)
    state = {f"layers.{i}.{part}.weight": torch.randn(8, 4).to(torch.bfloat16)
             for i in range(3) for part in ("up", "down")}
    state["norm.weight"] = torch.ones(8)
    target = folder / "sharded"
    target.mkdir(exist_ok=True)
    save_torch_state_dict(state, target, max_shard_size=256)


def apply(x, step):
    kind = step["kind"]
    if kind == "transpose":
        return x.transpose(step["dim0"], step["dim1"])
    if kind == "reshape":
        return x.reshape(step["shape"])
    if kind == "scale":
        # The factor is f32; torch computes 16-bit types in f32 and rounds once.
        return x * torch.tensor(step["factor"], dtype=torch.float32).item()
    if kind == "slice":
        index = [slice(None)] * x.dim()
        index[step["dim"]] = slice(step.get("start"), step.get("end"))
        return x[tuple(index)]
    return x.to(FLOATS[step["dtype"]][0] if step["dtype"] in FLOATS
                else getattr(torch, {"i32": "int32", "i8": "int8"}[step["dtype"]]))


def make_chains(folder):
    torch.manual_seed(5)
    inputs = {
        "m": torch.randn(7, 5), "b": torch.randn(70, 130).to(torch.bfloat16) * 3,
        "t": torch.randn(3, 4, 6).to(torch.float16), "q": torch.randn(2, 3, 4, 5),
        "i": torch.arange(-12, 12, dtype=torch.int32).reshape(4, 6), "s": torch.tensor(2.5),
        "e": torch.randn(4, 0, 3),
    }
    transpose = lambda a, b: {"kind": "transpose", "dim0": a, "dim1": b}
    reshape = lambda *shape: {"kind": "reshape", "shape": list(shape)}
    to = lambda dtype: {"kind": "cast", "dtype": dtype}
    scale = lambda f: {"kind": "scale", "factor": f}

    def cut(dim, start=None, end=None):
        step = {"kind": "slice", "dim": dim}
        step.update({k: v for k, v in (("start", start), ("end", end)) if v is not None})
        return step

    chains = [
        ("m", []), ("m", [transpose(0, 1)]), ("m", [transpose(-1, -2)]), ("m", [transpose(1, 1)]),
        ("m", [cut(0, 2)]), ("m", [cut(0, None, 3)]), ("m", [cut(0, -3, -1)]),
        ("m", [cut(1, 1, 4)]),
        ("m", [cut(1, -2)]), ("m", [cut(0, 5, 2)]), ("m", [cut(0, -100, 100)]), ("m", [cut(0, 9)]),
        ("m", [reshape(5, 7)]), ("m", [transpose(0, 1), reshape(7, 5)]),
        ("m", [reshape(5, 7), transpose(0, 1)]), ("m", [reshape(35), cut(0, 3, 30), reshape(3, 9)]),
        ("m", [to("f16"), scale(0.1), to("f32")]), ("m", [scale(0.1), to("f16"), to("f32")]),
        ("m", [to("bf16"), scale(3.0), scale(1 / 3)]),
        ("m", [scale(1 / 3), scale(3.0), to("bf16")]),
        ("m", [scale(50.0), to("i32"), to("f32"), scale(0.02)]), ("m", [scale(20.0), to("i8")]),
        ("m", [cut(1, 1, 3), to("f64"), scale(1.1), transpose(0, 1), reshape(14), cut(0, 1, -1)]),
        ("b", [to("f32")]), ("b", [transpose(0, 1)]), ("b", [transpose(0, 1), to("f32")]),
        ("b", [to("f32"), scale(0.3), transpose(0, 1), cut(0, 3, 100), cut(1, 2, 69)]),
        ("b", [cut(1, 64), to("f16")]),
        ("t", [transpose(0, 2)]), ("t", [transpose(0, 1), to("f32")]), ("t", [transpose(1, 2)]),
        ("t", [transpose(0, 2), transpose(0, 1), cut(1, 1), to("bf16")]),
        ("q", [transpose(1, 2), reshape(2, 4, 15)]), ("q", [transpose(0, 3), to("f16")]),
        ("q", [cut(3, 2, 3)]), ("q", [cut(3, 2, 3), reshape(24), to("bf16")]),
        ("q", [transpose(1, 3), transpose(0, 2), scale(2.0), reshape(120)]),
        ("i", [transpose(0, 1)]), ("i", [to("f32"), scale(0.5)]), ("s", [to("f16"), reshape(1, 1)]),
        ("e", [transpose(0, 2), to("f16")]), ("e", [reshape(0)]),
    ]
    names = {torch.float64: "f64", torch.float32: "f32", torch.float16: "f16",
             torch.bfloat16: "bf16", torch.int32: "i32", torch.int8: "i8"}

    def stored(x):
        x = x.contiguous()
        raw = x.view(-1).view(torch.uint8).numpy().tobytes() if x.numel() else b""
        return {"dtype": file_name(names[x.dtype]), "shape": list(x.shape), "data": raw}

    tensors = {name: stored(x) for name, x in inputs.items()}
    listing = []
    for number, (name, steps) in enumerate(chains):
        x = inputs[name]
        for step in steps:
            x = apply(x, step)
        tensors[f"result {number}"] = stored(x)
        listing.append({"input": name, "transformations": steps, "result": f"result {number}"})
    write(folder / "chains.safetensors", tensors)
    (folder / "chains.json").write_text("[\n" + ",\n".join(map(json.dumps, listing)) + "\n]\n")


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=root / "tests" / "data" / "weights")
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    check_rounding_against_torch()
    make_dtypes(folder)
    make_sharded(folder)
    make_casts(folder)
    make_chains(folder)
    for path in sorted(folder.rglob("*.safetensors")):
        with safe_open(path, framework="np") as reader:  # the library accepts what it wrote
            count = len(reader.keys())
        print(f"{path.relative_to(folder)}: {path.stat().st_size} bytes, {count} tensors")


if __name__ == "__main__":
    main()
