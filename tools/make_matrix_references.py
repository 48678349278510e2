#!/usr/bin/env python3
"""Writes tests/data/weights/matrix: one state dict in every format, by the formats' own libraries.

Needs torch, numpy, safetensors, huggingface_hub, onnx, gguf and ml_dtypes.

  state.json    {"tensors": {name: {dtype, shape, hex}}, "files": {path: [name, ...]}}
  ...           the files, each with all of the state that its format can hold

The state has every dtype, scalars, tensors without elements, transposed and repeated views.
"""

import argparse
import json
import pathlib

import gguf
import ml_dtypes
import numpy as np
import onnx
import onnx.external_data_helper
import safetensors.torch
import torch
from huggingface_hub import save_torch_state_dict

DTYPES = {
    "f64": torch.float64, "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16,
    "f8_e4m3": torch.float8_e4m3fn, "f8_e5m2": torch.float8_e5m2,
    "f8_e4m3fnuz": torch.float8_e4m3fnuz, "f8_e5m2fnuz": torch.float8_e5m2fnuz,
    "f8_e8m0": torch.float8_e8m0fnu,
    "i64": torch.int64, "i32": torch.int32, "i16": torch.int16, "i8": torch.int8,
    "u64": torch.uint64, "u32": torch.uint32, "u16": torch.uint16, "u8": torch.uint8,
    "bool": torch.bool, "c64": torch.complex64,
}
NUMPY = {
    "f64": np.float64, "f32": np.float32, "f16": np.float16, "i64": np.int64, "i32": np.int32,
    "i16": np.int16, "i8": np.int8, "u64": np.uint64, "u32": np.uint32, "u16": np.uint16,
    "u8": np.uint8, "bool": np.bool_, "c64": np.complex64,
}
ONNX = {
    **NUMPY, "bf16": ml_dtypes.bfloat16, "f8_e4m3": ml_dtypes.float8_e4m3fn,
    "f8_e5m2": ml_dtypes.float8_e5m2, "f8_e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "f8_e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
}
GGUF = {
    "f64": (np.float64, gguf.GGMLQuantizationType.F64),
    "f32": (np.float32, gguf.GGMLQuantizationType.F32),
    "f16": (np.float16, gguf.GGMLQuantizationType.F16),
    "bf16": (np.uint8, gguf.GGMLQuantizationType.BF16),
    "i64": (np.int64, gguf.GGMLQuantizationType.I64),
    "i32": (np.int32, gguf.GGMLQuantizationType.I32),
    "i16": (np.int16, gguf.GGMLQuantizationType.I16),
    "i8": (np.int8, gguf.GGMLQuantizationType.I8),
}


def make_state():
    """name -> (dtype, tensor); every tensor may be strided."""
    generator = torch.Generator().manual_seed(3)

    def random(dtype, *shape):
        size = torch.empty(0, dtype=DTYPES[dtype]).element_size()
        high = 2 if dtype == "bool" else 256
        data = torch.randint(0, high, (*shape, size), dtype=torch.uint8, generator=generator)
        return data.view(DTYPES[dtype]).reshape(shape)

    state = {}
    for dtype in DTYPES:
        state[f"matrix.{dtype}"] = (dtype, random(dtype, 3, 4))
    for dtype in ("f32", "bf16", "i64"):
        state[f"scalar.{dtype}"] = (dtype, random(dtype, 1).reshape(()))
        state[f"empty.{dtype}"] = (dtype, random(dtype, 0).reshape(0, 5))
        state[f"turned.{dtype}"] = (dtype, random(dtype, 5, 7).t())
        state[f"cube.{dtype}"] = (dtype, random(dtype, 2, 3, 5, 4).permute(2, 0, 3, 1))
        state[f"part.{dtype}"] = (dtype, random(dtype, 6, 8)[1:5:2, 3:])
        state[f"repeated.{dtype}"] = (dtype, random(dtype, 1, 4).expand(3, 4))
    return state


def raw(tensor):
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def to_numpy(dtype, tensor, types):
    """The same elements, as strided as they were."""
    flat = np.frombuffer(raw(tensor), types[dtype]).reshape(tuple(tensor.shape))
    return np.asfortranarray(flat) if tensor.dim() == 2 and not tensor.is_contiguous() else flat


def write_onnx(folder, state, files):
    def model(tensors):
        graph = onnx.helper.make_graph([], "state", [], [], tensors)
        return onnx.helper.make_model(graph)

    known = {name: to_numpy(dtype, tensor, ONNX) for name, (dtype, tensor) in state.items()
             if dtype in ONNX}
    to_kind = onnx.helper.np_dtype_to_tensor_dtype
    kind = {name: to_kind(array.dtype) for name, array in known.items()}
    inline = [onnx.helper.make_tensor(name, kind[name], array.shape, array.tobytes(), raw=True)
              for name, array in known.items()]
    onnx.save(model(inline), folder / "raw.onnx")
    files["raw.onnx"] = list(known)

    typed = []
    for name, array in known.items():
        tensor = onnx.TensorProto(name=name, data_type=kind[name], dims=array.shape)
        flat = np.ascontiguousarray(array).reshape(-1)
        dtype = state[name][0]
        if dtype in ("f32", "c64"):  # not by way of Python's float, which quiets a NaN
            tensor.MergeFromString(packed(4, flat.tobytes()))
        elif dtype == "f64":
            tensor.MergeFromString(packed(10, flat.tobytes()))
        elif dtype == "i64":
            tensor.int64_data.extend(flat.tolist())
        elif dtype in ("u32", "u64"):
            tensor.uint64_data.extend(flat.tolist())
        elif dtype in ("i32", "i16", "i8", "u16", "u8", "bool"):
            tensor.int32_data.extend(int(x) for x in flat.tolist())
        else:  # bit patterns
            bits = np.uint16 if flat.itemsize == 2 else np.uint8
            tensor.int32_data.extend(flat.view(bits).tolist())
        typed.append(tensor)
    onnx.save(model(typed), folder / "typed.onnx")
    files["typed.onnx"] = list(known)

    outside = model(inline)
    onnx.save(outside, folder / "external.onnx", save_as_external_data=True,
              location="external.bin", size_threshold=0)
    files["external.onnx"] = list(known)


def packed(field, data):
    """A packed repeated field of fixed width: tag, length, elements."""
    length, prefix = len(data), bytes([field << 3 | 2])
    while length >= 128:
        prefix += bytes([length & 127 | 128])
        length >>= 7
    return prefix + bytes([length]) + data if data else b""


def write_gguf(folder, state, files):
    writer = gguf.GGUFWriter(folder / "state.gguf", "matrix")
    names = []
    for name, (dtype, tensor) in state.items():
        if dtype not in GGUF or tensor.dim() == 0 or tensor.numel() == 0:
            continue
        kind, code = GGUF[dtype]
        width = tensor.element_size() if dtype == "bf16" else 1
        shape = (*tensor.shape[:-1], tensor.shape[-1] * width)
        writer.add_tensor(name, np.frombuffer(raw(tensor), kind).reshape(shape),
                          raw_dtype=code if dtype == "bf16" else None)
        names.append(name)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    files["state.gguf"] = names


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = pathlib.Path(__file__).parent.parent / "tests/data/weights/matrix"
    parser.add_argument("--out", type=pathlib.Path, default=default)
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    state, files = make_state(), {}

    whole = {name: tensor.contiguous() for name, (_, tensor) in state.items()}
    safetensors.torch.save_file(whole, folder / "state.safetensors")
    (folder / "sharded").mkdir(exist_ok=True)
    save_torch_state_dict(whole, folder / "sharded", max_shard_size=600)
    files["state.safetensors"] = files["sharded"] = list(state)

    views = {name: tensor for name, (_, tensor) in state.items()}
    torch.save(views, folder / "state.pt")
    torch.save(views, folder / "legacy.pt", _use_new_zipfile_serialization=False)
    files["state.pt"] = files["legacy.pt"] = list(state)

    arrays = {name: to_numpy(dtype, tensor, NUMPY) for name, (dtype, tensor) in state.items()
              if dtype in NUMPY}
    np.savez(folder / "state.npz", **arrays)
    np.savez_compressed(folder / "deflated.npz", **arrays)
    files["state.npz"] = files["deflated.npz"] = list(arrays)
    for name in ("turned.f32", "matrix.bool", "cube.i64", "scalar.f32"):
        np.save(folder / f"{name}.npy", arrays[name])
        files[f"{name}.npy"] = [name]

    write_onnx(folder, state, files)
    write_gguf(folder, state, files)

    tensors = {name: {"dtype": dtype, "shape": list(tensor.shape), "hex": raw(tensor).hex()}
               for name, (dtype, tensor) in state.items()}
    document = {"tensors": tensors, "files": files}
    (folder / "state.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
