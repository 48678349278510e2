#!/usr/bin/env python3
"""Trains the demonstration model that is embedded in Ferrum, on text that demo_*.py generate.

    python3 tools/train_demo_model.py --steps 4000 --work /tmp/demo --out models/demo

Needs torch, tokenizers, safetensors and numpy. Training and held-out text differ by seed and by the
combinations that occur in them (demo_turns.held_out). The same arguments give the same text and
order of training.
"""

import argparse
import json
import math
import multiprocessing
import pathlib
import time

import numpy as np
import tokenizers
import torch
import torch.nn.functional as F
from torch import nn

import demo_dialogues

LENGTH = 512  # tokens of one training row; whole documents are packed into it
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 2048,
    "hidden_size": 256,
    "intermediate_size": 576,
    "num_hidden_layers": 5,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "hidden_act": "silu",
    "max_position_embeddings": 1024,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "tie_word_embeddings": True,
    "attention_bias": False,
    "mlp_bias": False,
    "attention_dropout": 0.0,
    "initializer_range": 0.02,
    "use_cache": True,
    "torch_dtype": "bfloat16",
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 1,
}
SPECIAL = ["<|bos|>", "<|eos|>", "<|im_start|>", "<|im_end|>"]
BOS, EOS, IM_START, IM_END = range(4)
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] | trim }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


# Text


def generate(job):
    first, count, held = job
    return [demo_dialogues.document(seed, held) for seed in range(first, first + count)]


def documents(count, held=False):
    jobs = [(first, min(500, count - first), held) for first in range(0, count, 500)]
    with multiprocessing.Pool(2) as pool:
        for part in pool.imap(generate, jobs):
            yield from part


def train_tokenizer(texts):
    from tokenizers import Regex, decoders, models, pre_tokenizers, processors, trainers

    tok = tokenizers.Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tok.decoder = decoders.ByteLevel()
    tok.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=CONFIG["vocab_size"],
            special_tokens=SPECIAL,
            show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    tok.post_processor = processors.TemplateProcessing(
        single="<|bos|> $A", pair="<|bos|> $A $B", special_tokens=[("<|bos|>", BOS)]
    )
    return tok


def encode(tok, docs):
    """Per document (ids, scored): stories, and answers with their end token, are scored."""
    pieces, plan = [], []
    for kind, content in docs:
        if kind == "story":
            plan.append([(len(pieces), "story")])
            pieces.append(content)
            continue
        plan.append([])
        for message in content:
            plan[-1].append((len(pieces), message["role"]))
            pieces.append(f"{message['role']}\n{message['content']}")
    ids = [e.ids for e in tok.encode_batch(pieces, add_special_tokens=False)]
    newline = tok.encode("\n", add_special_tokens=False).ids
    header = len(tok.encode("assistant\n", add_special_tokens=False).ids)
    for parts in plan:
        out, scored = [BOS], [False]
        for i, role in parts:
            if role == "story":
                out, scored = out + ids[i] + [EOS], scored + [True] * (len(ids[i]) + 1)
                continue
            out += [IM_START] + ids[i] + [IM_END] + newline
            score = role == "assistant"
            scored += [False] * (1 + header) if score else [False] * (2 + len(ids[i]))
            scored += [True] * (len(ids[i]) - header + 1) if score else []
            scored += [False] * len(newline)
        yield out, scored


def pack(encoded):
    """Rows [LENGTH + 1] of ids, of scored flags and of document numbers (0 = padding)."""
    open_rows, done = [], []
    for out, scored in encoded:
        out, scored = out[: LENGTH + 1], scored[: LENGTH + 1]
        row = next((r for r in open_rows if len(r[0]) + len(out) <= LENGTH + 1), None)
        if row is None:
            row = ([], [], [])
            open_rows.append(row)
        row[2].extend([row[2][-1] + 1 if row[2] else 1] * len(out))
        row[0].extend(out)
        row[1].extend(scored)
        if len(open_rows) > 12:
            done.append(
                open_rows.pop(max(range(len(open_rows)), key=lambda i: len(open_rows[i][0])))
            )
    rows = np.zeros((3, len(done) + len(open_rows), LENGTH + 1), np.uint16)
    for i, row in enumerate(done + open_rows):
        for k in range(3):
            rows[k, i, : len(row[k])] = row[k]
    return rows


# Model
# Parameter names are those of transformers' LlamaForCausalLM, so the state is exported as it is.


def rotate(x, cos, sin):
    a, b = x.chunk(2, -1)
    return (x * cos + torch.cat([-b, a], -1) * sin).to(x.dtype)


class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(CONFIG["hidden_size"]))

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, CONFIG["rms_norm_eps"])


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        hidden, self.dim = CONFIG["hidden_size"], CONFIG["head_dim"]
        self.heads, self.kv = CONFIG["num_attention_heads"], CONFIG["num_key_value_heads"]
        self.q_proj = nn.Linear(hidden, self.heads * self.dim, bias=False)
        self.k_proj = nn.Linear(hidden, self.kv * self.dim, bias=False)
        self.v_proj = nn.Linear(hidden, self.kv * self.dim, bias=False)
        self.o_proj = nn.Linear(self.heads * self.dim, hidden, bias=False)

    def forward(self, x, cos, sin, mask):
        b, t, _ = x.shape
        q, k, v = (
            p(x).view(b, t, -1, self.dim).transpose(1, 2)
            for p in (self.q_proj, self.k_proj, self.v_proj)
        )
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        k, v = (z.repeat_interleave(self.heads // self.kv, 1) for z in (k, v))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.o_proj(y.transpose(1, 2).reshape(b, t, -1))


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        hidden, inner = CONFIG["hidden_size"], CONFIG["intermediate_size"]
        self.gate_proj = nn.Linear(hidden, inner, bias=False)
        self.up_proj = nn.Linear(hidden, inner, bias=False)
        self.down_proj = nn.Linear(inner, hidden, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.input_layernorm, self.self_attn = Norm(), Attention()
        self.post_attention_layernorm, self.mlp = Norm(), Mlp()

    def forward(self, x, cos, sin, mask):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, mask)
        return x + self.mlp(self.post_attention_layernorm(x))


class Trunk(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed_tokens = nn.Embedding(CONFIG["vocab_size"], CONFIG["hidden_size"])
        self.layers = nn.ModuleList(Layer() for _ in range(CONFIG["num_hidden_layers"]))
        self.norm = Norm()

    def forward(self, ids, cos, sin, mask):
        x = self.embed_tokens(ids)
        for layer in self.layers:
            x = layer(x, cos, sin, mask)
        return self.norm(x)


class Llama(nn.Module):
    """Token losses of packed rows; a token sees only the tokens before it in its own document."""

    def __init__(self):
        super().__init__()
        self.model = Trunk()
        for name, p in self.named_parameters():
            if p.dim() == 2:
                last = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(
                    p, std=0.02 / (math.sqrt(2 * CONFIG["num_hidden_layers"]) if last else 1)
                )
        angle = torch.arange(LENGTH)[:, None] * CONFIG["rope_theta"] ** (
            -torch.arange(0, CONFIG["head_dim"], 2) / CONFIG["head_dim"]
        )
        self.angles = torch.cat([angle.cos(), angle.cos()], -1), torch.cat(
            [angle.sin(), angle.sin()], -1
        )
        self.causal = torch.ones(LENGTH, LENGTH, dtype=torch.bool).tril()
        self.trunk = self.model

    def forward(self, rows):
        ids, scored, doc = rows
        same = (doc[:, :-1, None] == doc[:, None, :-1]) & self.causal
        with torch.autocast("cpu", torch.bfloat16):
            x = self.trunk(ids[:, :-1], *self.angles, same[:, None])
            logits = F.linear(x[scored[:, 1:] == 1], self.model.embed_tokens.weight)
        return F.cross_entropy(logits.float(), ids[:, 1:][scored[:, 1:] == 1], reduction="none")


# Training


def as_batch(rows, index):
    return torch.from_numpy(rows[:, index].astype(np.int64))


@torch.no_grad()
def perplexity(model, rows):
    losses = torch.cat(
        [model(as_batch(rows, slice(i, i + 16))) for i in range(0, rows.shape[1], 16)]
    )
    return math.exp(losses.mean()), len(losses)


def optimizers(model):
    matrices = [p for n, p in model.named_parameters() if p.dim() == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.dim() != 2 or "embed" in n]
    return [
        torch.optim.Muon(matrices, lr=0.02, weight_decay=0.05, momentum=0.95),
        torch.optim.AdamW(others, lr=4e-3, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def train(model, rows, args):
    work = pathlib.Path(args.work)
    opts = optimizers(model)
    base = [[g["lr"] for g in o.param_groups] for o in opts]
    order = np.random.default_rng(1)
    queue, start, average = np.array([], int), time.time(), None
    for step in range(args.steps):
        done = step / args.steps
        scale = min((step + 1) / 60, 1.0, (1 - done) / 0.6 + 0.01)
        for o, lrs in zip(opts, base):
            for group, lr in zip(o.param_groups, lrs):
                group["lr"] = lr * scale
        if len(queue) < args.batch:
            queue = np.concatenate([queue, order.permutation(rows.shape[1])])
        index, queue = queue[: args.batch], queue[args.batch :]
        loss = model(as_batch(rows, index)).mean()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for o in opts:
            o.step()
            o.zero_grad(set_to_none=True)
        average = loss.item() if average is None else 0.98 * average + 0.02 * loss.item()
        if step % 50 == 0:
            seconds = time.time() - start
            print(
                f"step {step} loss {average:.4f} {seconds:.0f} s "
                f"{(step + 1) * args.batch * LENGTH / seconds:.0f} tokens/s",
                flush=True,
            )
        if step % 250 == 249:
            torch.save(model.model.state_dict(), work / "checkpoint.pt")
    return time.time() - start


def export(model, tok, out):
    from safetensors.torch import save_file

    out.mkdir(parents=True, exist_ok=True)
    save_file(
        {
            f"model.{n}": p.to(torch.bfloat16).contiguous()
            for n, p in model.model.state_dict().items()
        },
        out / "model.safetensors",
        {"format": "pt"},
    )
    tok.save(str(out / "tokenizer.json"))
    files = {
        "config.json": CONFIG,
        "generation_config.json": {
            "bos_token_id": BOS,
            "eos_token_id": [EOS, IM_END],
            "pad_token_id": EOS,
            "do_sample": True,
            "temperature": 0.7,
            "top_p": 0.9,
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": "<|bos|>",
            "eos_token": "<|eos|>",
            "pad_token": "<|eos|>",
            "model_max_length": CONFIG["max_position_embeddings"],
            "clean_up_tokenization_spaces": False,
            "chat_template": TEMPLATE,
            "added_tokens_decoder": {
                str(i): {
                    "content": t,
                    "special": True,
                    "lstrip": False,
                    "rstrip": False,
                    "normalized": False,
                    "single_word": False,
                }
                for i, t in enumerate(SPECIAL)
            },
        },
    }
    for name, content in files.items():
        (out / name).write_text(json.dumps(content, indent=2) + "\n")


def rows_of(tok, count, held=False, kind=None):
    return pack(encode(tok, [d for d in documents(count, held) if kind in (None, d[0])]))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--batch", type=int, default=16, help="rows of %d tokens" % LENGTH)
    parser.add_argument("--documents", type=int, default=150000)
    parser.add_argument("--work", default="/tmp/demo", help="folder for checkpoints")
    parser.add_argument("--out", default="models/demo")
    parser.add_argument(
        "--compile", action="store_true", help="compile the model before training: faster"
    )
    parser.add_argument("--checkpoint", help="only export and score this checkpoint")
    args = parser.parse_args()
    pathlib.Path(args.work).mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    start = time.time()
    tok = train_tokenizer(
        text
        for kind, doc in documents(20000)
        for text in ([doc] if kind == "story" else [m["content"] for m in doc])
    )
    model = Llama()
    seconds = 0
    if args.checkpoint:
        model.model.load_state_dict(torch.load(args.checkpoint))
    else:
        rows = rows_of(tok, args.documents)
        print(
            f"{rows.shape[1]} rows, {(rows[2] > 0).mean():.1%} filled, {(rows[1] > 0).mean():.1%}"
            f" scored, {sum(p.numel() for p in model.parameters())} parameters,"
            f" {time.time() - start:.0f} s",
            flush=True,
        )
        if args.compile:
            model.trunk = torch.compile(model.model)
        seconds = train(model, rows, args)
        torch.save(model.model.state_dict(), pathlib.Path(args.work) / "final.pt")
    model.trunk = model.model
    export(model, tok, pathlib.Path(args.out))
    for p in model.parameters():  # score what was exported
        p.data = p.data.bfloat16().float()
    print(f"training took {seconds / 60:.1f} minutes")
    for kind in ("story", "dialogue", None):
        value, count = perplexity(model, rows_of(tok, 2000, held=True, kind=kind))
        print(f"held-out perplexity, {kind or 'all'}: {value:.3f} over {count} tokens")


if __name__ == "__main__":
    main()
