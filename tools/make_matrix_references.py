#!/usr/bin/env python3
"""Writes tests/data/weights/matrix and matrix_hub: one state dict in every format, by the formats'
own libraries, and the cache that huggingface_hub makes of it.

Needs torch, numpy, safetensors, huggingface_hub, onnx, gguf and ml_dtypes.

  state.json    {"tensors": {name: {dtype, shape, hex}},
                 "files": {path: {"tensors": [name, ...], "beside": [path, ...]}},
                 "models": {folder: [name, ...]}}
  ...           the files, each with all of the state that its format can hold

The state has of every dtype a matrix, a scalar and a tensor without elements, and of three dtypes
transposed, sliced and repeated views. What the libraries do not write is left out:

  safetensors, torch   4-bit integers and 6-bit floats, nor a scalar of 4 bits
  NumPy                bfloat16 and floats of 8 bits and less (only as bytes of no type)
  GGUF                 anything but f64 to i8 and bf16; its readers divide by an extent of zero
"""

import argparse
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

import gguf
import ml_dtypes
import numpy as np
import onnx
import onnx.external_data_helper
import safetensors.torch
import torch
from huggingface_hub import save_torch_state_dict

import check_hub_cache

TORCH = {
    "f64": torch.float64, "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16,
    "f8_e4m3": torch.float8_e4m3fn, "f8_e5m2": torch.float8_e5m2,
    "f8_e4m3fnuz": torch.float8_e4m3fnuz, "f8_e5m2fnuz": torch.float8_e5m2fnuz,
    "f8_e8m0": torch.float8_e8m0fnu, "f4_e2m1": torch.float4_e2m1fn_x2,
    "i64": torch.int64, "i32": torch.int32, "i16": torch.int16, "i8": torch.int8,
    "u64": torch.uint64, "u32": torch.uint32, "u16": torch.uint16, "u8": torch.uint8,
    "bool": torch.bool, "c64": torch.complex64,
}
NUMPY = {
    "f64": np.float64, "f32": np.float32, "f16": np.float16, "i64": np.int64, "i32": np.int32,
    "i16": np.int16, "i8": np.int8, "u64": np.uint64, "u32": np.uint32, "u16": np.uint16,
    "u8": np.uint8, "bool": np.bool_, "c64": np.complex64,
}
PACKED = {  # of less than a byte: bits, and the type of which each element has a byte
    "f6_e2m3": (6, ml_dtypes.float6_e2m3fn), "f6_e3m2": (6, ml_dtypes.float6_e3m2fn),
    "f4_e2m1": (4, ml_dtypes.float4_e2m1fn), "i4": (4, ml_dtypes.int4), "u4": (4, ml_dtypes.uint4),
}
ONNX = {
    **NUMPY, "bf16": ml_dtypes.bfloat16, "f8_e4m3": ml_dtypes.float8_e4m3fn,
    "f8_e5m2": ml_dtypes.float8_e5m2, "f8_e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "f8_e5m2fnuz": ml_dtypes.float8_e5m2fnuz, "f8_e8m0": ml_dtypes.float8_e8m0fnu,
    **{dtype: kind for dtype, (_, kind) in PACKED.items()},
}
GGUF = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "bf16": np.int16,
        "i64": np.int64, "i32": np.int32, "i16": np.int16, "i8": np.int8}
BLOCKS = ("Q4_0", "Q8_0")
ARRAYS = [*(f"matrix.{dtype}" for dtype in NUMPY), "scalar.f64", "empty.f32", "turned.f32",
          "cube.i64", "batch.f32"]
BIG_ENDIAN_ARRAYS = ["matrix.f32", "cube.i64"]


class State:
    """Of each tensor dtype, shape and packed bytes, and the forms in which libraries take it."""

    def __init__(self):
        self.generator = torch.Generator().manual_seed(3)
        self.tensors = {}   # name: (dtype, shape, bytes)
        self.torch = {}     # name: tensor, which may be strided
        for dtype in TORCH:
            self.add_torch(f"matrix.{dtype}", dtype, self.random(dtype, 3, 4))
            self.add_torch(f"empty.{dtype}", dtype, self.random(dtype, 0, 6))
            if dtype not in PACKED:
                self.add_torch(f"scalar.{dtype}", dtype, self.random(dtype, 1).reshape(()))
        for dtype in ("f32", "bf16", "i64"):
            views = {
                "turned": self.random(dtype, 5, 7).t(),
                "cube": self.random(dtype, 4, 3, 5).permute(2, 0, 1),
                "batch": self.random(dtype, 2, 3, 5, 4).permute(2, 0, 3, 1),
                "part": self.random(dtype, 6, 8)[1:5:2, 3:],
                "repeated": self.random(dtype, 1, 4).expand(3, 4),
            }
            for kind, tensor in views.items():
                self.add_torch(f"{kind}.{dtype}", dtype, tensor)
        for dtype in PACKED:
            for kind, shape in (("matrix", (3, 4)), ("empty", (0, 6)), ("scalar", ())):
                if f"{kind}.{dtype}" not in self.tensors:
                    self.add_codes(f"{kind}.{dtype}", dtype, shape)

    def random(self, dtype, *shape):
        size = torch.empty(0, dtype=TORCH[dtype]).element_size()
        if dtype == "f4_e2m1":  # of which torch counts pairs
            shape = (*shape[:-1], shape[-1] // 2)
        high = 2 if dtype == "bool" else 256
        data = torch.randint(0, high, (*shape, size), dtype=torch.uint8, generator=self.generator)
        return data.view(TORCH[dtype]).reshape(shape)

    def add_torch(self, name, dtype, tensor):
        shape = tuple(tensor.shape)
        if dtype == "f4_e2m1":
            shape = (*shape[:-1], shape[-1] * 2)
        data = tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
        self.tensors[name] = (dtype, shape, data)
        self.torch[name] = tensor

    def add_codes(self, name, dtype, shape):
        """Elements from the low bits of each byte on."""
        bits, count = PACKED[dtype][0], int(np.prod(shape))
        codes = torch.randint(0, 1 << bits, (count,), generator=self.generator).tolist()
        whole = sum(code << bits * i for i, code in enumerate(codes))
        data = whole.to_bytes((count * bits + 7) // 8, "little")
        self.tensors[name] = (dtype, shape, data)

    def arrays(self, types):
        """The tensors of `types` as NumPy's; what is strided comes in Fortran's order."""
        result = {}
        for name, (dtype, shape, data) in self.tensors.items():
            if dtype not in types:
                continue
            if dtype in PACKED:
                data = unpack(data, PACKED[dtype][0], int(np.prod(shape)))
            array = np.frombuffer(data, types[dtype]).reshape(shape)
            is_strided = name in self.torch and not self.torch[name].is_contiguous()
            result[name] = np.asfortranarray(array) if is_strided else array
        return result


def unpack(data, bits, count):
    """A byte for each element; those of signed ones have their sign in the high bits, too."""
    whole = int.from_bytes(data, "little")
    return bytes(whole >> bits * i & (1 << bits) - 1 for i in range(count))


def to_big_endian(array):
    return array.byteswap().view(array.dtype.newbyteorder(">"))


def write_torch(folder, state, files, models):
    whole = {name: tensor.contiguous() for name, tensor in state.torch.items()}
    safetensors.torch.save_file(whole, folder / "state.safetensors")
    torch.save(state.torch, folder / "state.pt")
    torch.save(state.torch, folder / "legacy.pt", _use_new_zipfile_serialization=False)
    for file in ("state.safetensors", "state.pt", "legacy.pt"):
        files[file] = {"tensors": list(whole), "beside": []}
    for kind, bytes_each in (("safetensors", 800), ("pytorch", 1600)):
        model = folder / f"sharded_{kind}"
        model.mkdir()
        save_torch_state_dict(whole, model, max_shard_size=bytes_each,
                              safe_serialization=kind == "safetensors")
        models[model.name] = list(whole)


def write_numpy(folder, state, files):
    arrays = state.arrays(NUMPY)
    np.savez(folder / "state.npz", **arrays)
    big = {name: to_big_endian(array) for name, array in arrays.items()}
    np.savez_compressed(folder / "deflated_big_endian.npz", **big)
    for file in ("state.npz", "deflated_big_endian.npz"):
        files[file] = {"tensors": list(arrays), "beside": []}
    (folder / "big_endian").mkdir()
    for file, array in [*((f"{name}.npy", arrays[name]) for name in ARRAYS),
                        *((f"big_endian/{name}.npy", big[name]) for name in BIG_ENDIAN_ARRAYS)]:
        np.save(folder / file, array)
        files[file] = {"tensors": [pathlib.Path(file).stem], "beside": []}


def write_onnx(folder, state, files):
    def save(file, tensors, **options):
        graph = onnx.helper.make_graph([], "state", [], [], tensors)
        onnx.save(onnx.helper.make_model(graph), folder / file, **options)
        files[file] = {"tensors": [tensor.name for tensor in tensors], "beside": []}

    arrays = state.arrays(ONNX)
    save("raw.onnx", [onnx.numpy_helper.from_array(a, name) for name, a in arrays.items()])
    save("typed.onnx", [typed(name, state.tensors[name][0], a) for name, a in arrays.items()])
    save("external.onnx", [onnx.numpy_helper.from_array(a, name) for name, a in arrays.items()],
         save_as_external_data=True, location="external.bin", size_threshold=0)
    files["external.onnx"]["beside"] = ["external.bin"]


def typed(name, dtype, array):
    kind = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
    if dtype in PACKED:
        return onnx.helper.make_tensor(name, kind, array.shape, array)
    tensor = onnx.TensorProto(name=name, data_type=kind, dims=array.shape)
    flat = np.ascontiguousarray(array).reshape(-1)
    if dtype in ("f32", "c64"):  # not by way of Python's float, which quiets a NaN
        tensor.MergeFromString(packed_field(4, flat.tobytes()))
    elif dtype == "f64":
        tensor.MergeFromString(packed_field(10, flat.tobytes()))
    elif dtype == "i64":
        tensor.int64_data.extend(flat.tolist())
    elif dtype in ("u32", "u64"):
        tensor.uint64_data.extend(flat.tolist())
    elif dtype in ("i32", "i16", "i8", "u16", "u8", "bool"):
        tensor.int32_data.extend(int(x) for x in flat.tolist())
    else:  # bit patterns
        bits = np.uint16 if flat.itemsize == 2 else np.uint8
        tensor.int32_data.extend(flat.view(bits).tolist())
    return tensor


def packed_field(field, data):
    """A packed repeated field of fixed width: tag, length, elements."""
    length, prefix = len(data), bytes([field << 3 | 2])
    while length >= 128:
        prefix += bytes([length & 127 | 128])
        length >>= 7
    return prefix + bytes([length]) + data if data else b""


def write_gguf(folder, state, files):
    """Whole and in parts; blocks stand in the state as what the library decodes them to."""
    plain = {name: entry for name, entry in state.tensors.items()
             if entry[0] in GGUF and 0 not in entry[1]}
    blocks, values = {}, np.random.default_rng(3)
    for kind in BLOCKS:
        code = gguf.GGMLQuantizationType[kind]
        data = gguf.quants.quantize(values.standard_normal((3, 64), np.float32), code)
        decoded = gguf.quants.dequantize(data, code)
        blocks[f"blocks.{kind}"] = (code, data)
        state.tensors[f"blocks.{kind}"] = ("f32", decoded.shape, decoded.tobytes())

    def write(**options):
        writer = gguf.GGUFWriter(folder / "state.gguf", "matrix", **options)
        for name, (dtype, shape, data) in plain.items():
            array = np.frombuffer(data, GGUF[dtype]).reshape(shape)
            writer.add_tensor(name, array, raw_dtype=gguf.GGMLQuantizationType[dtype.upper()])
        for name, (code, data) in blocks.items():
            writer.add_tensor(name, data, raw_dtype=code)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

    write()
    write(split_max_tensors=13)
    parts = sorted(path.name for path in folder.glob("state-*.gguf"))
    names = [*plain, *blocks]
    files["state.gguf"] = {"tensors": names, "beside": []}
    files[parts[0]] = {"tensors": names, "beside": parts[1:]}


def write_hub_cache(folder, cache, files, models):
    """What huggingface_hub downloads from a server on this machine."""
    names = [name for file, entry in files.items() for name in (file, *entry["beside"])]
    repos = {"state": (folder, names)}
    for model in models:
        repos[model] = (folder / model, [path.name for path in (folder / model).iterdir()])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), check_hub_cache.Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {**os.environ, "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
                   "no_proxy": "127.0.0.1,localhost", "HF_HUB_DISABLE_XET": "1", "HF_TOKEN": "",
                   "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_CACHE": str(cache),
                   "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    for repo, (place, files_there) in repos.items():
        check_hub_cache.FILES = {name: ((place / name).read_bytes(), i % 2 == 0)
                                 for i, name in enumerate(sorted(files_there))}
        code = f"from huggingface_hub import snapshot_download as s; s('org/{repo}')"
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    server.shutdown()
    shutil.rmtree(cache / ".locks")  # which nobody holds
    (cache / "CACHEDIR.TAG").unlink()  # by which backups would leave it out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = pathlib.Path(__file__).parent.parent / "tests/data/weights"
    parser.add_argument("--out", type=pathlib.Path, default=default)
    out = parser.parse_args().out
    folder, cache = out / "matrix", out / "matrix_hub"
    for each in (folder, cache):
        shutil.rmtree(each, ignore_errors=True)
        each.mkdir(parents=True)
    state, files, models = State(), {}, {}
    write_torch(folder, state, files, models)
    write_numpy(folder, state, files)
    write_onnx(folder, state, files)
    write_gguf(folder, state, files)
    write_hub_cache(folder, cache, files, models)
    tensors = {name: {"dtype": dtype, "shape": list(shape), "hex": data.hex()}
               for name, (dtype, shape, data) in state.tensors.items()}
    document = {"tensors": tensors, "files": files, "models": models}
    (folder / "state.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
