#!/usr/bin/env python3
"""Writes tests/data/weights/quantized.*: what the compressed-tensors library makes of matrices.

Needs torch, safetensors and compressed-tensors.

  quantized.safetensors   "<dtype> <name>": a matrix; "<case>|<suffix>": a part of its compressed
                          form; "<case>|decoded": what the library decompresses that to
  quantized.json          [{case, input, config, checkpoint}, ...]: config is Ferrum's
                          QuantizationConfig, checkpoint the weights' entry of a quantization_config
"""

import json
import pathlib

import torch
from compressed_tensors.compressors import BaseCompressor
from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
from compressed_tensors.quantization.utils import calculate_qparams
from safetensors.torch import save_file

ROWS, COLUMNS = 21, 96
DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


def matrix(dtype, columns):
    random = torch.Generator().manual_seed(columns)
    w = torch.randn(ROWS, columns, generator=random) * 0.05
    w[1] = 0
    w[2, : columns // 2] = 0
    w[3] = w[3].abs()
    w[4] = -w[4].abs()
    w[5] = 0.75
    w[6] = torch.arange(columns) - columns // 2  # many ties
    w[7] = (torch.arange(columns) - columns // 2) * 0.5
    w[7, 0] = 127.5
    w[8] *= torch.finfo(dtype).tiny * 4  # subnormal scales
    w[9] = torch.finfo(dtype).smallest_normal * torch.finfo(dtype).eps  # scales of zero
    w[10] = -torch.finfo(dtype).smallest_normal * torch.finfo(dtype).eps
    w[11, 0] = 30000.0  # an outlier
    w[12] *= 1e4
    w[13, ::2] = -0.0
    if dtype != torch.float16:
        w[14] *= 1e34
    return w.to(dtype)


def args_of(config):
    kind = config["kind"]
    group_size = config.get("group_size", -1)
    return QuantizationArgs(
        num_bits=4 if kind == "int4" else 8,
        type="float" if kind == "fp8" else "int",
        symmetric=config.get("symmetric", True),
        strategy="channel" if group_size == -1 else "group",
        group_size=None if group_size == -1 else group_size,
    )


FORMATS = {"int8": "int-quantized", "int4": "pack-quantized", "fp8": "float-quantized"}


def compress(weight, config):
    args = args_of(config)
    groups = weight
    if args.group_size:
        groups = weight.unflatten(-1, (-1, args.group_size))
    least, most = torch.aminmax(groups, dim=-1, keepdim=not args.group_size)
    scale, zero_point = calculate_qparams(least, most, args)
    state = {"weight": weight, "weight_scale": scale}
    if not args.symmetric:
        state["weight_zero_point"] = zero_point
    scheme = QuantizationScheme(targets=["Linear"], weights=args)
    compressor = BaseCompressor.get_value_from_registry(FORMATS[config["kind"]])
    parts = compressor.compress(state, scheme)
    decoded = compressor.decompress(parts, scheme)["weight"]
    return parts, decoded, args


def main():
    tensors, cases = {}, []
    configs = [
        {"kind": "int8", "symmetric": True},
        {"kind": "int8", "symmetric": False},
        {"kind": "int4", "group_size": 32, "symmetric": True},
        {"kind": "int4", "group_size": 32, "symmetric": False},
        {"kind": "int4", "group_size": -1, "symmetric": True},
        {"kind": "int4", "group_size": -1, "symmetric": False},
        {"kind": "fp8", "format": "e4m3"},
    ]
    for dtype, torch_dtype in DTYPES.items():
        for columns in (COLUMNS, 13):
            name = f"{dtype} {columns}"
            tensors[name] = matrix(torch_dtype, columns)
            for config in configs:
                if columns % config.get("group_size", 1) != 0:
                    continue
                parts, decoded, args = compress(tensors[name], config)
                case = f"{name} {json.dumps(config)}"
                for part, tensor in parts.items():
                    tensors[f"{case}|{part.removeprefix('weight')}"] = tensor.contiguous()
                tensors[f"{case}|decoded"] = decoded.contiguous()
                checkpoint = json.loads(args.model_dump_json())
                cases.append({"case": case, "input": name, "config": config,
                              "checkpoint": checkpoint})
    folder = pathlib.Path(__file__).parent.parent / "tests/data/weights"
    save_file(tensors, folder / "quantized.safetensors")
    (folder / "quantized.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
