#!/usr/bin/env python3
"""Trains the demonstration model that is embedded in Ferrum, on text that demo_*.py generate.

    python3 tools/train_demo_model.py --compile

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
from torch import nn

import demo_card
import demo_dialogues
from demo_model import CONFIG, Llama

# (tokens of a training row, share of the steps): whole documents are packed into rows, and the last
# steps see long dialogues, so that a conversation may fill the context
SHORT, LONG = 512, CONFIG["max_position_embeddings"]
LONG_SHARE = 0.12
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


def generate(job):
    first, count, held, long = job
    return [demo_dialogues.document(seed, held, long) for seed in range(first, first + count)]


def documents(count, held=False, long=False):
    jobs = [(first, min(500, count - first), held, long) for first in range(0, count, 500)]
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


def pack(encoded, length):
    """Rows [length + 1] of ids, of scored flags and of document numbers (0 = padding)."""
    open_rows, done = [], []
    for out, scored in encoded:
        out, scored = out[: length + 1], scored[: length + 1]
        row = next((r for r in open_rows if len(r[0]) + len(out) <= length + 1), None)
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
    rows = np.zeros((3, len(done) + len(open_rows), length + 1), np.uint16)
    for i, row in enumerate(done + open_rows):
        for k in range(3):
            rows[k, i, : len(row[k])] = row[k]
    return rows


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


def batches(rows, size, rng):
    """Every row once in random order, then again in another."""
    queue = np.array([], int)
    while True:
        if len(queue) < size:
            queue = np.concatenate([queue, rng.permutation(rows.shape[1])])
        yield as_batch(rows, queue[:size])
        queue = queue[size:]


def learning_rate(step, done):
    """Share of the full rate: a short rise, a plateau, a straight fall to almost zero."""
    return min((step + 1) / 60, 1.0, (1 - done) / 0.65 + 0.01)


def save(path, model, tok, record):
    torch.save({"weights": model.model.state_dict(), "tokenizer": tok.to_str(), **record}, path)


def train(model, tok, rows, past, args):
    """Trains on `rows` (short, long) and adds to `past` {steps, tokens, seconds}."""
    opts = optimizers(model)
    groups = [group for o in opts for group in o.param_groups]
    full = [group["lr"] for group in groups]
    rng = np.random.default_rng(1 + past["steps"])
    short = batches(rows[0], args.batch, rng)
    long = batches(rows[1], args.batch * SHORT // LONG, rng)
    start, average, step, done = time.time(), None, 0, 0.0
    while done < 1:
        for group, lr in zip(groups, full):
            group["lr"] = lr * learning_rate(step, done)
        loss = model(next(short if done < 1 - LONG_SHARE else long)).mean()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for o in opts:
            o.step()
            o.zero_grad(set_to_none=True)
        average = 0.98 * average + 0.02 * loss.item() if average else loss.item()
        step += 1
        seconds = time.time() - start
        done = max(step / args.steps, seconds / (60 * args.minutes))
        if step % 50 == 0:
            print(f"step {step} loss {average:.4f} {seconds:.0f} s", flush=True)
        if step % 150 == 0 or done >= 1:
            now = {"steps": step, "tokens": step * args.batch * SHORT, "seconds": seconds}
            record = {name: past[name] + value for name, value in now.items()}
            save(args.work / "checkpoint.pt", model, tok, record)
    return record


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


def rows_of(tok, docs, length):
    return pack(encode(tok, docs), length)


def learn(model, tok, past, args):
    start = time.time()
    rows = (
        rows_of(tok, documents(args.documents), SHORT),
        rows_of(tok, documents(args.documents // 12, long=True), LONG),
    )
    print(f"{rows[0].shape[1]} short, {rows[1].shape[1]} long rows, {time.time() - start:.0f} s")
    if args.compile:
        model.trunk = torch.compile(model.model)
    record = train(model, tok, rows, past, args)
    model.trunk = model.model
    return record


def score(model, tok):
    """{kind: held-out perplexity} of the weights as they are exported."""
    for p in model.parameters():
        p.data = p.data.bfloat16().float()
    found = {}
    for kind in ("story", "dialogue"):
        held = [doc for doc in documents(2000, held=True) if doc[0] == kind]
        found[kind], count = perplexity(model, rows_of(tok, held, LONG))
        print(f"held-out perplexity, {kind}: {found[kind]:.3f} over {count} tokens", flush=True)
    return found


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=4000, help="0: only export and score")
    parser.add_argument("--minutes", type=float, default=math.inf, help="end by then")
    parser.add_argument("--batch", type=int, default=8, help="rows of a step")
    parser.add_argument("--documents", type=int, default=100000)
    parser.add_argument("--resume", type=pathlib.Path, help="a checkpoint.pt to go on from")
    parser.add_argument("--work", type=pathlib.Path, default="/tmp/demo", help="for checkpoints")
    parser.add_argument("--out", type=pathlib.Path, default="models/demo")
    parser.add_argument("--compile", action="store_true", help="compile the model: faster")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    model, record = Llama(), {"steps": 0, "tokens": 0, "seconds": 0}
    if args.resume:
        record = torch.load(args.resume)
        model.model.load_state_dict(record.pop("weights"))
        tok = tokenizers.Tokenizer.from_str(record.pop("tokenizer"))
    else:
        tok = train_tokenizer(
            text
            for kind, doc in documents(20000)
            for text in ([doc] if kind == "story" else [m["content"] for m in doc])
        )
    if args.steps:
        record = learn(model, tok, record, args)
    export(model, tok, args.out)
    demo_card.write(args.out, {**record, "perplexity": score(model, tok)})


if __name__ == "__main__":
    main()
