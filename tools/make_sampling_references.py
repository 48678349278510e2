#!/usr/bin/env python3
"""Makes tests/parity/sampling.json: which token transformers' logits processors leave for a number.

Each case has logits, sampling parameters and draws [uniform, token]: `token` is the first, from the
most probable down, at which the cumulated probability of what the processors leave exceeds
`uniform`. The numbers are the middles of the tokens' intervals, so that rounding cannot matter,
which together pin down both the set of tokens left and their probabilities.
Needs torch and transformers.
"""

import json
import pathlib

import torch
from transformers import (MinPLogitsWarper, RepetitionPenaltyLogitsProcessor,
                          TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper,
                          TypicalLogitsWarper)

PATH = pathlib.Path(__file__).resolve().parent.parent / "tests" / "parity" / "sampling.json"
VOCAB = 300
MOST_DRAWS = 24

CASES = [
    dict(temperature=1.0), dict(temperature=0.6), dict(temperature=2.5),
    dict(top_k=1), dict(top_k=5), dict(top_k=40, temperature=0.8),
    dict(top_p=0.1), dict(top_p=0.5), dict(top_p=0.9), dict(top_p=0.95, temperature=1.7),
    dict(min_p=0.05), dict(min_p=0.5), dict(min_p=1.0),
    dict(typical_p=0.2), dict(typical_p=0.7), dict(typical_p=0.95, temperature=1.5),
    dict(repetition_penalty=1.3), dict(repetition_penalty=0.7),
    dict(presence_penalty=1.5), dict(frequency_penalty=0.7),
    dict(presence_penalty=-1.0, frequency_penalty=0.4, temperature=0.9),
    dict(logit_bias={"3": 5.0, "7": -100.0, "250": 2.5}),
    dict(temperature=0.7, top_k=50, top_p=0.9),
    dict(temperature=1.2, top_k=100, typical_p=0.8, top_p=0.85, min_p=0.02),
    dict(temperature=0.9, repetition_penalty=1.1, presence_penalty=0.5, frequency_penalty=0.2,
         top_k=30, top_p=0.92, min_p=0.01, logit_bias={"11": 1.5}),
]


def final_probabilities(logits, tokens, prompt_length, case):
    """The documented order: bias, penalties, temperature, top-k, typical-p, top-p, min-p."""
    scores = logits.clone()[None]
    for token, bias in case.get("logit_bias", {}).items():
        scores[0, int(token)] += bias
    ids = torch.tensor([tokens])
    if "repetition_penalty" in case:
        scores = RepetitionPenaltyLogitsProcessor(case["repetition_penalty"])(ids, scores)
    for token in set(tokens[prompt_length:]):  # as OpenAI's API defines the two
        count = tokens[prompt_length:].count(token)
        scores[0, token] -= (case.get("presence_penalty", 0) +
                             count * case.get("frequency_penalty", 0))
    warpers = [("temperature", TemperatureLogitsWarper), ("top_k", TopKLogitsWarper),
               ("typical_p", TypicalLogitsWarper), ("top_p", TopPLogitsWarper),
               ("min_p", MinPLogitsWarper)]
    for key, warper in warpers:
        if key in case:
            scores = warper(case[key])(ids, scores)
    return torch.softmax(scores[0], -1)


def draws_of(probabilities):
    ranked = sorted(range(VOCAB), key=lambda t: (-probabilities[t].item(), t))
    below, draws = 0.0, []
    for token in ranked[:MOST_DRAWS]:
        p = probabilities[token].item()
        if p < 1e-4:
            break
        draws.append([below + p / 2, token])
        below += p
    kept = [t for t in ranked if probabilities[t] > 0]
    if len(kept) <= MOST_DRAWS:  # the whole set: nothing lies beyond the last
        draws.append([1 - 1e-9, kept[-1]])
    return draws


def main():
    generator = torch.Generator().manual_seed(7)
    cases = []
    for case in CASES:
        logits = torch.randn(VOCAB, generator=generator, dtype=torch.float64) * 2.5
        logits = logits.float()
        top = logits.topk(8).indices.tolist()  # penalties must meet probable tokens
        tokens = top[:4] + [1, 2, 2] + top[2:6] + [top[3], top[3], 9]
        probabilities = final_probabilities(logits.double(), tokens, 7, case)
        cases.append(dict(parameters=case, logits=[float(f"{x:.9g}") for x in logits.tolist()],
                          tokens=tokens, prompt_length=7, draws=draws_of(probabilities)))
    text = ",\n".join(json.dumps(case) for case in cases)
    PATH.write_text("[" + text + "]\n")


if __name__ == "__main__":
    main()
