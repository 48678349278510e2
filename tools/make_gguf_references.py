#!/usr/bin/env python3
"""Writes tests/data/weights/gguf: files by the Python package `gguf`, and what they hold.

  blocks.gguf         a tensor of every type that the package quantises, of plain ones, and keys and
                      values of every type
  blocks.safetensors  the same tensors, decoded by the package
  split-*.gguf        some of them in three parts
  <name>_vocabulary.gguf  the tokens of tests/parity/tokenizers/<name>.json as llama.cpp's converter
                      writes them; of llama2, with scores instead of merges
  small_*.gguf        a model's head with a few tensors, and a vocabulary: what fuzzing begins with
  llama2_merges.json  the merges that transformers makes from those scores

Needs gguf, numpy, safetensors, transformers.
"""
import json
import pathlib

import gguf
import numpy as np
from safetensors.numpy import save_file
from transformers.convert_slow_tokenizer import generate_merges

TESTS = pathlib.Path(__file__).resolve().parent.parent / "tests"
OUT = TESTS / "data/weights/gguf"
Types = gguf.GGMLQuantizationType
PLAIN = {"f32": np.float32, "f16": np.float16, "f64": np.float64, "i8": np.int8, "i16": np.int16,
         "i32": np.int32, "i64": np.int64}
QUANTISED = ["q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "tq1_0", "tq2_0", "mxfp4"]
PRE = {"gpt2": "gpt-2", "llama3": "llama-bpe", "qwen2": "qwen2"}


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_values(writer):
    writer.add_uint8("test.u8", 255)
    writer.add_int8("test.i8", -128)
    writer.add_uint16("test.u16", 65535)
    writer.add_int16("test.i16", -32768)
    writer.add_uint32("test.u32", 2**32 - 1)
    writer.add_int32("test.i32", -2**31)
    writer.add_float32("test.f32", 0.1)
    writer.add_bool("test.bool", True)
    writer.add_string("test.text", "Grüße\n\"x\"")
    writer.add_uint64("test.u64", 2**64 - 1)
    writer.add_int64("test.i64", -2**63)
    writer.add_float64("test.f64", 0.1)
    writer.add_array("test.numbers", [1, -2, 3])
    writer.add_array("test.texts", ["a", "", "ß"])
    writer.add_array("test.flags", [True, False])
    writer.add_array("test.many_texts", [f"token {i}" for i in range(1000)])
    writer.add_array("test.many_numbers", [float(i) / 4 for i in range(100)])


def tensors(rng):
    for name, dtype in PLAIN.items():
        values = rng.standard_normal((3, 5)) * 100
        yield name, values.astype(dtype), None
    yield "bf16", gguf.quantize(rng.standard_normal((3, 8)).astype(np.float32), Types.BF16), \
        Types.BF16
    yield "scalar", np.array([2.5], np.float32), None
    yield "cube", rng.standard_normal((2, 3, 4, 5)).astype(np.float16), None
    for name in QUANTISED:
        number = Types[name.upper()]
        weights = (rng.standard_normal((3, 512)) * 0.02).astype(np.float32)
        yield name, gguf.quantize(weights, number), number


def write_blocks():
    writer = gguf.GGUFWriter(OUT / "blocks.gguf", "test")
    add_values(writer)
    expected = {}
    for name, data, number in tensors(np.random.default_rng(5)):
        writer.add_tensor(name, data, raw_dtype=number)
        expected[name] = data if number is None else gguf.dequantize(data, number)
    finish(writer)
    save_file(expected, OUT / "blocks.safetensors")


def write_split():
    writer = gguf.GGUFWriter(OUT / "split.gguf", "test", split_max_tensors=2)
    writer.add_string("test.text", "of all parts")
    rng = np.random.default_rng(6)
    for i in range(5):
        writer.add_tensor(f"part.{i}", rng.integers(0, 100, (2, 4)).astype(np.int32))
    finish(writer)


def write_vocabulary(name):
    document = json.loads((TESTS / f"parity/tokenizers/{name}.json").read_text())
    model, added = document["model"], {t["id"]: t for t in document["added_tokens"]}
    by_id = {i: token for token, i in model["vocab"].items()} | {
        i: token["content"] for i, token in added.items()}
    tokens = [by_id.get(i, f"[PAD{i}]") for i in range(max(by_id) + 1)]
    kinds = []
    for i, token in enumerate(tokens):
        if i not in by_id:
            kinds.append(gguf.TokenType.UNUSED)
        elif token == "<unk>":
            kinds.append(gguf.TokenType.UNKNOWN)
        elif i in added:
            special = added[i]["special"]
            kinds.append(gguf.TokenType.CONTROL if special else gguf.TokenType.USER_DEFINED)
        elif name == "llama2" and len(token) == 6 and token.startswith("<0x"):
            kinds.append(gguf.TokenType.BYTE)
        else:
            kinds.append(gguf.TokenType.NORMAL)
    writer = gguf.GGUFWriter(OUT / f"{name}_vocabulary.gguf", "llama")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    if name == "llama2":
        scores = [0.0 if kind != gguf.TokenType.NORMAL else -float(i - 259)
                  for i, kind in enumerate(kinds)]
        writer.add_tokenizer_model("llama")
        writer.add_token_scores(scores)
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)
        writer.add_unk_token_id(0)
        writer.add_add_eos_token(True)
        normal = [(t, s) for t, s, k in zip(tokens, scores, kinds) if k == gguf.TokenType.NORMAL]
        ids = {t: i for i, t in enumerate(tokens)}
        merges = generate_merges({t: ids[t] for t, _ in normal}, normal)
        lines = ",\n".join(json.dumps(pair, ensure_ascii=False) for pair in merges)
        (OUT / "llama2_merges.json").write_text("[\n" + lines + "\n]\n")
    else:
        merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(PRE[name])
        writer.add_token_merges(merges)
        writer.add_bos_token_id(min(added))
        writer.add_eos_token_id(min(added) + 1 if len(added) > 1 else min(added))
    finish(writer)


def write_small():
    rng = np.random.default_rng(7)
    writer = gguf.GGUFWriter(OUT / "small_llama.gguf", "llama")
    for key, value in {"context_length": 64, "embedding_length": 32, "block_count": 1,
                       "feed_forward_length": 32, "attention.head_count": 2,
                       "attention.head_count_kv": 1}.items():
        writer.add_uint32(f"llama.{key}", value)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(["<unk>", "<s>", "</s>", "<0x0A>", "\u2581", "a", "b", "ab"])
    writer.add_token_types([2, 3, 3, 6, 1, 1, 1, 1])
    writer.add_token_scores([0, 0, 0, 0, -1, -2, -3, -4])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template("{{ messages }}")
    for name, rows, number in [("token_embd", 8, Types.Q8_0), ("blk.0.attn_q", 32, Types.Q4_0),
                               ("blk.0.attn_k", 16, Types.F16)]:
        weights = rng.standard_normal((rows, 32)).astype(np.float32)
        writer.add_tensor(f"{name}.weight", gguf.quantize(weights, number), raw_dtype=number)
    writer.add_tensor("rope_freqs.weight", np.linspace(1, 8, 8, dtype=np.float32))
    finish(writer)
    writer = gguf.GGUFWriter(OUT / "small_vocabulary.gguf", "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    writer.add_token_list(["a", "b", "ab", "<|end|>"])
    writer.add_token_types([1, 1, 1, 3])
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(3)
    finish(writer)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    write_blocks()
    write_split()
    write_small()
    for name in [*PRE, "llama2"]:
        write_vocabulary(name)


if __name__ == "__main__":
    main()
