#!/usr/bin/env python3
"""Writes tests/data/weights/pytorch: files of torch.save, and what their tensors are.

Needs torch. expected.json has an entry for each file that can be read: the tensors by name (shape,
dtype in Ferrum's names, the elements in C order, little-endian, in hexadecimal), what else it says
("extra"), and the part that is asked for ("key"). The files of refused/ cannot be read.

torch writes neither tar archives, as version 0.1.9 did, nor parts of storages in streams of
pickles, nor the order of bytes of another machine: those are made here from torch's own reader.
"""

import collections
import io
import json
import pathlib
import pickle
import struct
import sys
import tarfile
import zipfile

import torch

FOLDER = pathlib.Path(__file__).parent.parent / "tests/data/weights/pytorch"
NAMES = {
    torch.float64: "f64", torch.float32: "f32", torch.float16: "f16", torch.bfloat16: "bf16",
    torch.int64: "i64", torch.int32: "i32", torch.int16: "i16", torch.int8: "i8",
    torch.uint64: "u64", torch.uint32: "u32", torch.uint16: "u16", torch.uint8: "u8",
    torch.bool: "bool", torch.complex64: "c64", torch.float8_e4m3fn: "f8_e4m3",
    torch.float8_e5m2: "f8_e5m2", torch.float8_e4m3fnuz: "f8_e4m3fnuz",
    torch.float8_e5m2fnuz: "f8_e5m2fnuz", torch.float8_e8m0fnu: "f8_e8m0",
    torch.float4_e2m1fn_x2: "f4_e2m1",
}
expected = {}


def describe(tensor):
    tensor = tensor.detach()
    shape = list(tensor.shape)
    if tensor.dtype == torch.float4_e2m1fn_x2:  # bytes of two
        raw, shape[-1] = tensor.view(torch.uint8), shape[-1] * 2
    else:
        raw = torch.empty(shape, dtype=tensor.dtype)
        raw.untyped_storage().copy_(tensor.clone(memory_format=torch.contiguous_format)
                                    .untyped_storage())
    size = raw.numel() * raw.element_size()
    return {"shape": shape, "dtype": NAMES[tensor.dtype],
            "hex": bytes(raw.contiguous().untyped_storage())[:size].hex()}


def record(name, tensors, extra=None, key=None):
    expected[name] = {"tensors": {key: describe(value) for key, value in tensors.items()},
                      "extra": extra or {}}
    if key is not None:
        expected[name]["key"] = key


def save(name, value, tensors=None, extra=None, key=None, **options):
    torch.save(value, FOLDER / name, **options)
    record(name, value if tensors is None else tensors, extra, key)


def random(dtype, shape):
    size = torch.empty((), dtype=dtype).element_size()
    raw = torch.randint(0, 2 if dtype == torch.bool else 256, (*shape, size), dtype=torch.uint8)
    return raw.view(dtype).reshape(shape)


def dtypes():
    return {f"{name} {'x'.join(map(str, shape)) or 'scalar'}": random(dtype, shape)
            for dtype, name in NAMES.items() for shape in [(2, 3), (), (0, 4)]
            if dtype != torch.float4_e2m1fn_x2 or shape == (2, 3)}


def views():
    base = torch.arange(60, dtype=torch.float32).reshape(3, 4, 5)
    return {
        "whole": base, "transposed": base.transpose(0, 2), "permuted": base.permute(1, 2, 0),
        "row": base[1], "element": base[2, 3, 4], "column": base[:, 1, 2],
        "steps": base[::2, 1::2, ::3], "expanded": base[0, 0].expand(3, 5),
        "repeated": base[2, 1, 3].expand(2, 2), "overlapping": base.flatten().unfold(0, 4, 2),
        "diagonal": base[0].diagonal(), "none": base[1:1], "flat": base.view(60),
    }


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(7, 4)
        self.layers = torch.nn.ModuleList(torch.nn.Linear(4, 4, bias=i > 0) for i in range(2))
        self.norm = torch.nn.BatchNorm1d(4)
        self.head = torch.nn.Linear(4, 7, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens):
        x = self.embed(tokens)
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.head(self.norm(x))


def train(net):
    optimizer = torch.optim.Adam(net.parameters(), lr=0.5)
    net(torch.arange(7)).square().mean().backward()
    optimizer.step()
    return optimizer


def write_modules():
    net = Net()
    save("module.pt", net.state_dict())
    save("module_stream.pt", net.state_dict(), _use_new_zipfile_serialization=False)
    save("module_protocol4.pt", net.state_dict(), pickle_protocol=4)
    save("module_protocol5_stream.pt", net.state_dict(), pickle_protocol=5,
         _use_new_zipfile_serialization=False)
    save("parameters.pt", dict(net.named_parameters()))
    noted = torch.nn.Parameter(torch.arange(3.0))
    noted.note = "kept beside the tensor"
    noted_tensor = torch.arange(4.0)
    noted_tensor.note = [1, 2]
    save("attributes.pt", {"parameter": noted, "tensor": noted_tensor,
                           "buffer": torch.nn.Buffer(torch.ones(2))})
    optimizer = train(net)
    checkpoint = {"epoch": 3, "loss": 0.25, "name": "tiny", "done": True, "note": None,
                  "model_state_dict": net.state_dict(), "optimizer": optimizer.state_dict()}
    extra = {"epoch": 3, "loss": 0.25, "name": "tiny", "done": True}
    save("checkpoint.ckpt", checkpoint, net.state_dict(), extra)
    state = {f"{index}.{key}": value for index, values in optimizer.state_dict()["state"].items()
             for key, value in values.items()}
    save("checkpoint_optimizer.pt", checkpoint, state, extra, key="optimizer.state")
    save("two_parts.pt", {"model": net.state_dict(), "state_dict": net.state_dict()},
         net.state_dict(), key="model")
    blocks = [torch.zeros(1), {"b": torch.ones(1)}]
    nested = {"encoder": {"weight": torch.ones(2), "blocks": blocks},
              "decoder.weight": torch.ones(3), "decoder": {"steps": 4}, 5: (torch.ones(1, 1),)}
    save("nested.pt", nested,
         {"encoder.weight": torch.ones(2), "encoder.blocks.0": torch.zeros(1),
          "encoder.blocks.1.b": torch.ones(1), "decoder.weight": torch.ones(3),
          "5.0": torch.ones(1, 1)})
    save("alone.pt", torch.arange(6).reshape(2, 3).t(),
         {"alone": torch.arange(6).reshape(2, 3).t()})
    save("list.pt", [torch.ones(1), torch.zeros(2)], {"0": torch.ones(1), "1": torch.zeros(2)})
    save("empty.pt", {}, {})


def swapped(tensor):
    word = tensor.element_size() // (2 if tensor.is_complex() else 1)
    raw = tensor.contiguous().view(-1).view(torch.uint8).reshape(-1, word).flip(1)
    return raw.reshape(-1).clone().view(tensor.dtype).reshape(tensor.shape)


def write_big_endian():
    tensors = {name: value for name, value in dtypes().items() if value.dim() == 2}
    foreign = {name: swapped(value) for name, value in tensors.items()}
    tensors["transposed"] = tensors["i32 2x3"].t()
    foreign["transposed"] = foreign["i32 2x3"].t()
    real, sys.byteorder = sys.byteorder, "big"
    try:
        torch.save(foreign, FOLDER / "big_endian.pt")
    finally:
        sys.byteorder = real
    record("big_endian.pt", tensors)


def write_old_zip():
    """As versions 1.6 to 2.0 wrote: nothing but pickle, storages and version; no padding."""
    buffer = io.BytesIO()
    torch.save(views(), buffer)
    with zipfile.ZipFile(buffer) as new, zipfile.ZipFile(FOLDER / "old_zip.pt", "w") as old:
        for name in new.namelist():
            name = name.split("/", 1)[1]
            if name == "data.pkl" or name == "version" or name.startswith("data/"):
                data = new.read(f"archive/{name}")
                old.writestr(zipfile.ZipInfo(f"archive/{name}"), data)
    record("old_zip.pt", views())


class Persistent:
    """What a pickle refers to by `id`."""
    def __init__(self, id):
        self.id = id


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        return value.id if isinstance(value, Persistent) else None


def pickled(*values):
    buffer = io.BytesIO()
    for value in values:
        Pickler(buffer, protocol=2).dump(value)
    return buffer.getvalue()


class Rebuilt:
    def __init__(self, *arguments):
        self.arguments = arguments

    def __reduce__(self):
        return torch._utils._rebuild_tensor, self.arguments


def write_stream_of_views():
    """Parts of storages, as versions up to 0.3 knew them, and tensors rebuilt without flags."""
    data = torch.arange(20, dtype=torch.float32)
    view = lambda key, offset, size: Persistent(
        ("storage", torch.FloatStorage, "100", "cpu", 20, (key, offset, size)))
    tensors = collections.OrderedDict(
        whole=Rebuilt(Persistent(("storage", torch.FloatStorage, "100", "cpu", 20, None)),
                      0, (4, 5), (5, 1)),
        part=Rebuilt(view("101", 5, 10), 1, (2, 3), (4, 1)),
        late=Rebuilt(view("102", 18, 2), 1, (1,), (1,)))
    content = pickled(torch.serialization.MAGIC_NUMBER, torch.serialization.PROTOCOL_VERSION,
                      {"little_endian": True}, tensors, ["100"])
    path = FOLDER / "stream_views.pt"
    path.write_bytes(content + struct.pack("<q", 20) + data.numpy().tobytes())
    loaded = torch.load(path, weights_only=True)
    assert torch.equal(loaded["part"], torch.tensor([[6.0, 7, 8], [10, 11, 12]]))
    record(path.name, loaded)


def write_tar():
    data = torch.arange(12, dtype=torch.float32)
    longs = torch.tensor([7, -1], dtype=torch.int64)
    storages = pickled(2, (1000, "cpu", torch.FloatStorage)) + struct.pack("<q", 12)
    storages += data.numpy().tobytes() + pickled((2000, "cpu", torch.LongStorage))
    storages += struct.pack("<q", 2) + longs.numpy().tobytes() + pickled([(3000, 1000, 4, 6)])

    def tensor(key, storage, kind, sizes, strides, offset):
        return (pickled((key, storage, kind)) + struct.pack("<ii", len(sizes), 0) +
                struct.pack(f"<{2 * len(sizes) + 1}q", *sizes, *strides, offset))

    tensors = pickled(4) + tensor(1, 1000, torch.FloatTensor, (3, 4), (4, 1), 0)
    tensors += tensor(2, 1000, torch.FloatTensor, (4, 3), (1, 4), 0)
    tensors += tensor(3, 3000, torch.FloatTensor, (2, 2), (3, 1), 1)
    tensors += tensor(4, 2000, torch.LongTensor, (2,), (1,), 0)
    names = ["weight", "transposed", "part", "steps"]
    value = collections.OrderedDict((n, Persistent(i)) for i, n in enumerate(names, 1))
    path = FOLDER / "tar.pt"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in [("sys_info", pickled({})), ("storages", storages),
                           ("tensors", tensors), ("pickle", pickled(value))]:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1.5  # which makes an extended header
            tar.addfile(info, io.BytesIO(data))
    record(path.name, torch.load(path, weights_only=False))


def write_sharded():
    (FOLDER / "sharded").mkdir(exist_ok=True)
    parts = [{"a.weight": torch.ones(2, 3), "a.bias": torch.zeros(2)},
             {"b.weight": torch.full((3,), 2.0).to(torch.bfloat16)}]
    index = {}
    for i, part in enumerate(parts, 1):
        name = f"pytorch_model-{i:05}-of-{len(parts):05}.bin"
        torch.save(part, FOLDER / "sharded" / name)
        index.update(dict.fromkeys(part, name))
    text = json.dumps({"metadata": {"total_size": 38}, "weight_map": index}, indent=2)
    (FOLDER / "sharded/pytorch_model.bin.index.json").write_text(text + "\n")
    (FOLDER / "single").mkdir(exist_ok=True)
    torch.save(parts[0], FOLDER / "single/pytorch_model.bin")


def write_refused():
    (FOLDER / "refused").mkdir(exist_ok=True)
    def refuse(name, value):
        torch.save(value, FOLDER / "refused" / name)
    refuse("sparse.pt", {"x": torch.eye(3).to_sparse()})
    refuse("quantised.pt", {"x": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8)})
    refuse("meta.pt", {"x": torch.empty(3, device="meta")})
    refuse("conjugated.pt", {"x": torch.ones(3, dtype=torch.complex64).conj()})
    refuse("complex128.pt", {"x": torch.ones(3, dtype=torch.complex128)})
    refuse("module.pt", Net())
    refuse("ranks.pt", {"x": torch.ones([1] * 9)})
    torch.jit.script(torch.nn.Linear(2, 2)).save(FOLDER / "refused/torchscript.pt")
    with zipfile.ZipFile(FOLDER / "module.pt") as old, \
            zipfile.ZipFile(FOLDER / "refused/compressed.pt", "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name), zipfile.ZIP_DEFLATED)


def write_pickles():
    """The pickles of some of the archives by themselves, from which a fuzzer sets out."""
    (FOLDER / "pickles").mkdir(exist_ok=True)
    for path in ["attributes.pt", "checkpoint.ckpt", "dtypes.pt", "module_protocol4.pt",
                 "views.pth", "refused/quantised.pt", "refused/sparse.pt"]:
        with zipfile.ZipFile(FOLDER / path) as archive:
            name = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
            (FOLDER / "pickles" / f"{pathlib.Path(path).stem}.pkl").write_bytes(archive.read(name))


def main():
    torch.manual_seed(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    save("dtypes.pt", dtypes())
    save("dtypes_stream.pt", dtypes(), _use_new_zipfile_serialization=False)
    save("views.pth", views())
    save("views_stream.pt", views(), _use_new_zipfile_serialization=False)
    write_modules()
    write_big_endian()
    write_old_zip()
    write_stream_of_views()
    write_tar()
    write_sharded()
    write_refused()
    write_pickles()
    with open(FOLDER / "expected.json", "w") as file:
        json.dump(expected, file, indent=0, sort_keys=True)
        file.write("\n")


if __name__ == "__main__":
    main()
