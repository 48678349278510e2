#!/usr/bin/env python3
"""Writes tests/data/weights/onnx: models by the onnx package, and what their elements are.

Needs onnx, numpy and ml_dtypes. Each NAME.onnx has an entry in expected.json: its tensors by their
names in Ferrum, each with shape, dtype in Ferrum's names, and the bytes of the elements as
onnx.numpy_helper.to_array reads them from the file, in C order, little-endian, packed from the low
bits of each byte on where they have less than a byte, in hexadecimal.
"""

import json
import pathlib
import shutil

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = pathlib.Path(__file__).parent.parent / "tests/data/weights/onnx"
DTYPES = {
    "FLOAT": "f32", "UINT8": "u8", "INT8": "i8", "UINT16": "u16", "INT16": "i16", "INT32": "i32",
    "INT64": "i64", "BOOL": "bool", "FLOAT16": "f16", "DOUBLE": "f64", "UINT32": "u32",
    "UINT64": "u64", "COMPLEX64": "c64", "BFLOAT16": "bf16", "FLOAT8E4M3FN": "f8_e4m3",
    "FLOAT8E4M3FNUZ": "f8_e4m3fnuz", "FLOAT8E5M2": "f8_e5m2", "FLOAT8E5M2FNUZ": "f8_e5m2fnuz",
    "UINT4": "u4", "INT4": "i4", "FLOAT4E2M1": "f4_e2m1", "FLOAT8E8M0": "f8_e8m0",
    "FLOAT6E2M3": "f6_e2m3", "FLOAT6E3M2": "f6_e3m2",
}
PACK = {4: numpy_helper._pack_4bitx2, 6: lambda a: numpy_helper._pack_6bit(a.view(np.uint8))}
RNG = np.random.default_rng(1)


def packed_bits(dtype):
    return {"u4": 4, "i4": 4, "f4_e2m1": 4, "f6_e2m3": 6, "f6_e3m2": 6}.get(dtype)


def element_bytes(tensor, folder=""):
    array = numpy_helper.to_array(tensor, str(folder))
    bits = packed_bits(DTYPES[TensorProto.DataType.Name(tensor.data_type)])
    return (PACK[bits](array) if bits else np.ascontiguousarray(array)).tobytes()


def entry(tensor, folder=""):
    return {"dtype": DTYPES[TensorProto.DataType.Name(tensor.data_type)],
            "shape": list(tensor.dims), "hex": element_bytes(tensor, folder).hex()}


def array_of(kind, shape):
    """Any bits that the type has, but NaN, which may lose its payload on the way."""
    dtype = helper.tensor_dtype_to_np_dtype(TensorProto.DataType.Value(kind))
    if kind == "BOOL":
        return RNG.integers(0, 2, shape).astype(bool)
    if kind in ("FLOAT", "DOUBLE", "COMPLEX64"):
        return np.asarray(RNG.standard_normal(shape) * 100).astype(dtype)
    bits = packed_bits(DTYPES[kind])
    if bits:
        return RNG.integers(0, 1 << bits, shape, dtype=np.uint8).view(dtype)
    raw = RNG.integers(0, 256, (*shape, dtype.itemsize), dtype=np.uint8)
    array = raw.view(dtype).reshape(shape)
    if array.dtype.kind in "fV":
        array = np.where(np.isnan(array.astype(np.float32)), dtype.type(1), array).astype(dtype)
    return array


def raw_tensor(kind, shape, name):
    return helper.make_tensor(name, TensorProto.DataType.Value(kind), shape,
                              array_of(kind, shape), raw=True)


def model_of(initializers=(), nodes=(), functions=(), **properties):
    graph = helper.make_graph(list(nodes), "g", [], [], initializer=list(initializers))
    model = helper.make_model(graph, producer_name="ferrum references", functions=list(functions),
                              opset_imports=[helper.make_opsetid("", 21),
                                             helper.make_opsetid("ferrum.test", 1)])
    model.producer_version = "1"
    helper.set_model_props(model, properties)
    return model


def raw_model():
    tensors = [raw_tensor(kind, (3, 4), kind) for kind in DTYPES]
    tensors += [raw_tensor(kind, (3, 5), kind + " odd") for kind in ("UINT4", "INT4", "FLOAT4E2M1")]
    tensors += [raw_tensor("FLOAT", (), "scalar"), raw_tensor("FLOAT16", (0, 7), "none"),
                raw_tensor("UINT8", (1, 2, 1, 2, 1, 2, 1, 2), "deep"),
                raw_tensor("INT16", (1,), "na\u00efve \u2713 \"quoted\"/weight:0")]
    return model_of(tensors, author="somebody", note="line\nbreak \u2713"), tensors


def typed_model():
    tensors = [helper.make_tensor(kind, TensorProto.DataType.Value(kind), (3, 5),
                                  array_of(kind, (3, 5)))
               for kind in DTYPES]
    tensors.append(helper.make_tensor("none", TensorProto.FLOAT, (2, 0), []))
    edges = {"INT32": "i4", "INT64": "i8", "UINT64": "u8", "UINT32": "u4", "INT8": "i1"}
    for kind, code in edges.items():
        info = np.iinfo(code)
        values = np.array([info.min, info.max, 0, 1, info.max - 1], code)
        tensors.append(helper.make_tensor(kind + " edges", TensorProto.DataType.Value(kind), (5,),
                                          values))
    texts = helper.make_tensor("texts", TensorProto.STRING, (2,), ["a", "b\u2713"])
    return model_of(tensors + [texts]), tensors


def varint(number):
    number &= (1 << 64) - 1
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def unpacked(message, fields):
    """`message` without these repeated fields of numbers, and these as one field per number, some
    of them, and packed, the rest."""
    out = type(message)()
    out.CopyFrom(message)
    tail = b""
    for field, (wire, code) in fields.items():
        number = out.DESCRIPTOR.fields_by_name[field].number
        values = list(getattr(out, field))
        out.ClearField(field)
        write = (lambda v: varint(int(v))) if wire == 0 else (lambda v: np.array(v, code).tobytes())
        half = len(values) // 2
        tail += b"".join(varint(number << 3 | wire) + write(v) for v in values[:half])
        rest = b"".join(map(write, values[half:]))
        if rest:
            tail += varint(number << 3 | 2) + varint(len(rest)) + rest
    raw = out.SerializeToString() + tail
    assert type(message).FromString(raw) == message
    return raw


def unpacked_model():
    fields = {"FLOAT": ("float_data", (5, "<f4")), "INT32": ("int32_data", (0, "")),
              "BFLOAT16": ("int32_data", (0, "")), "INT64": ("int64_data", (0, "")),
              "DOUBLE": ("double_data", (1, "<f8")), "UINT64": ("uint64_data", (0, "")),
              "COMPLEX64": ("float_data", (5, "<f4"))}
    tensors = [helper.make_tensor(kind, TensorProto.DataType.Value(kind), (7,),
                                  array_of(kind, (7,))) for kind in fields]
    graph = b""
    for tensor, (field, how) in zip(tensors, fields.values()):
        raw = unpacked(tensor, {field: how, "dims": (0, "")})
        graph += varint(5 << 3 | 2) + varint(len(raw)) + raw
    raw = varint(1 << 3) + varint(10) + varint(7 << 3 | 2) + varint(len(graph)) + graph
    assert list(onnx.ModelProto.FromString(raw).graph.initializer) == tensors
    return raw, tensors


def constant(output, kind="FLOAT", shape=(2,)):
    return helper.make_node("Constant", [], [output], value=raw_tensor(kind, shape, "ignored"))


def branch(name):
    return helper.make_graph([constant("inner")], name, [], [],
                             initializer=[raw_tensor("FLOAT", (2, 2), "w")])


def nested_model():
    loop = helper.make_graph([helper.make_node("If", ["c"], ["deep"], then_branch=branch("t"),
                                               else_branch=branch("e"))], "body", [], [],
                             initializer=[raw_tensor("INT64", (3,), "step")])
    nodes = [
        constant("ids", "INT64", (4,)),
        helper.make_node("If", ["c"], ["chosen"], then_branch=branch("t"), else_branch=branch("e")),
        helper.make_node("Loop", [], ["", "last"], body=loop),
        helper.make_node("ConstantOfShape", ["s"], ["filled"],
                         value=raw_tensor("FLOAT", (1,), "v")),
        helper.make_node("Trees", ["x"], ["y"], domain="ferrum.test",
                         splits=[raw_tensor("DOUBLE", (2,), "a"), raw_tensor("FLOAT", (3,), "b")],
                         bodies=[branch("p"), branch("q")]),
        helper.make_node("Print", ["x"], [], name="printer", domain="ferrum.test",
                         table=raw_tensor("UINT8", (2,), "")),
    ]
    function = helper.make_function("ferrum.test", "Scale", ["x"], ["y"], [constant("factor")],
                                    [helper.make_opsetid("", 21)])
    model = model_of([raw_tensor("FLOAT", (2, 3), "w")], nodes, [function])

    def graph_tensors(prefix, graph):
        found = {prefix + t.name: t for t in graph.initializer}
        for node in graph.node:
            found.update(node_tensors(prefix, node))
        return found

    def node_tensors(prefix, node):
        label = prefix + (next((o for o in node.output if o), "") or node.name)
        found = {}
        for attribute in node.attribute:
            name = f"{label}/{attribute.name}"
            if attribute.HasField("t"):
                found[label if node.op_type == "Constant" else name] = attribute.t
            if attribute.HasField("g"):
                found.update(graph_tensors(name + "/", attribute.g))
            found.update({f"{name}/{i}": t for i, t in enumerate(attribute.tensors)})
            for i, graph in enumerate(attribute.graphs):
                found.update(graph_tensors(f"{name}/{i}/", graph))
        return found

    named = graph_tensors("", model.graph)
    for node in function.node:
        named.update(node_tensors("ferrum.test.Scale/", node))
    return model, named


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    expected = {}

    def write(name, raw, tensors):
        (FOLDER / f"{name}.onnx").write_bytes(raw)
        named = tensors if isinstance(tensors, dict) else {t.name: t for t in tensors}
        expected[name] = {n: entry(t) for n, t in named.items()}

    def write_model(name, model_and_tensors):
        model, tensors = model_and_tensors
        write(name, model.SerializeToString(deterministic=True), tensors)

    write_model("raw", raw_model())
    write_model("typed", typed_model())
    write("unpacked", *unpacked_model())
    write_model("nested", nested_model())
    many = [raw_tensor("FLOAT16", (i % 3, 2), f"layers.{i}.weight") for i in range(100)]
    write_model("many", (model_of(many), many))

    def write_external(name, kinds, location):
        """Elements in one file at `location`, or each tensor's in the file of its name there."""
        tensors = [raw_tensor(kind, (3, 4), kind) for kind in kinds]
        tensors.append(raw_tensor("FLOAT", (0, 2), "none"))
        expected[name] = {t.name: entry(t) for t in tensors}
        for tensor in tensors:
            file = location.format(tensor.name.lower())
            (FOLDER / file).parent.mkdir(exist_ok=True)
            onnx.external_data_helper.set_external_data(tensor, file)
        onnx.save(model_of(tensors), FOLDER / f"{name}.onnx")
        again = onnx.load(FOLDER / f"{name}.onnx", load_external_data=False)
        assert {t.name: entry(t, FOLDER) for t in again.graph.initializer} == expected[name]

    write_external("external", DTYPES, "external.onnx.data")
    write_external("external_each", ["FLOAT", "INT4"], "each/{}.bin")

    with open(FOLDER / "expected.json", "w") as file:
        json.dump(expected, file, indent=0, sort_keys=True, ensure_ascii=True)
        file.write("\n")


if __name__ == "__main__":
    main()
