#!/usr/bin/env python3
"""Asks an exported demonstration model questions that it was not trained on; counts right answers.

    python3 tools/demo_score.py models/demo

Needs torch and transformers: the folder is loaded as any model of the Hub would be.
"""

import argparse
import random
import re

import torch
import transformers

import demo_dialogues
import demo_knowledge
import demo_numbers
import demo_smalltalk
import demo_unknown

EXACT = {  # topics whose answer is determined by the question
    "additions up to 99 + 99": demo_numbers.addition,
    "subtractions up to 99 - 99": demo_numbers.subtraction,
    "products up to 10 x 10": demo_numbers.product,
    "sums told as a small story": demo_numbers.word_problem,
    "counting and comparing numbers": demo_numbers.counting,
    "animals": demo_knowledge.animals,
    "opposites": demo_knowledge.opposites,
    "days, months, seasons": demo_knowledge.calendar,
    "capitals": demo_knowledge.capitals,
    "what a thing is": demo_knowledge.definitions,
    "single facts": demo_smalltalk.fact,
    "spelling": demo_knowledge.spelling,
}
REFUSALS = re.compile(
    "do not know|cannot|no clock|do not understand|did not understand|do not remember|too long"
    "|I see|interesting|only count to twenty|only speak|more than I know|too hard"
)


class Model:
    def __init__(self, folder):
        self.tok = transformers.AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32
        ).eval()

    @torch.no_grad()
    def continue_texts(self, texts, sample=False, limit=320):
        """[(text, did it end by itself?)]"""
        results = []
        for i in range(0, len(texts), 32):
            batch = self.tok(
                texts[i : i + 32], return_tensors="pt", padding=True, add_special_tokens=False
            )
            batch.pop("token_type_ids", None)
            how = {"do_sample": True} if sample else {"do_sample": False, "temperature": None}
            if not sample:
                how["top_p"] = None
            out = self.model.generate(**batch, max_new_tokens=limit, **how)
            for ids in out[:, batch["input_ids"].shape[1] :].tolist():
                ended = 1 in ids or 3 in ids
                results.append((self.tok.decode(ids, skip_special_tokens=True), ended))
        return results

    def answers(self, conversations, **how):
        return self.continue_texts(
            [
                self.tok.apply_chat_template(c, tokenize=False, add_generation_prompt=True)
                for c in conversations
            ],
            **how,
        )


def held_out_turns(topic, count):
    rng = random.Random(topic.__name__)
    turns = []
    while len(turns) < count:
        new = topic(rng, {})
        if len(new) == 1 and demo_dialogues.allowed(new, held=True):
            turns += new
    return turns


def ask(model, turns, **how):
    return model.answers([[{"role": "user", "content": t[0]}] for t in turns], **how)


def names_in(text):
    """Capitalised words that do not begin a sentence."""
    return set(re.findall(r"(?<=[a-z,] )[A-Z][a-z]+", text)) - {"I"}


def story_rates(model, count):
    turns = held_out_turns(demo_dialogues.story, count)
    told = ask(model, turns, sample=True)
    ended = sum(end for _, end in told)
    two = sum(1 <= len(names_in(text)) <= 2 for text, _ in told)
    plain = model.continue_texts(["<|bos|>Once upon a time"] * count, sample=True)
    return [
        ("stories on request end by themselves (temperature 0.7)", ended, count),
        ("stories on request keep to their one or two names (temperature 0.7)", two, count),
        (
            'stories continuing "Once upon a time" end by themselves (temperature 0.7)',
            sum(end for _, end in plain),
            count,
        ),
    ]


def rates(model, count=100):
    """[(what, right, asked)]"""
    found = []
    for name, topic in EXACT.items():
        turns = held_out_turns(topic, count)
        said = ask(model, turns, limit=80)
        wrong = [(t[0], s, t[1]) for t, (s, _) in zip(turns, said) if s.strip() != t[1]]
        for user, answer, expected in wrong[:3]:
            print(f"  {user!r}: {answer!r}, not {expected!r}")
        found.append((name, count - len(wrong), count))
        print(name, count - len(wrong), flush=True)
    turns = held_out_turns(demo_unknown.unknown, count)
    turns = [t for t in turns if REFUSALS.search(t[1])]
    said = ask(model, turns, limit=80)
    polite = sum(bool(REFUSALS.search(s)) for s, _ in said)
    found.append(("unknown questions answered by saying so", polite, len(turns)))
    return found + story_rates(model, 64)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--count", type=int, default=100)
    args = parser.parse_args()
    torch.manual_seed(0)
    for what, right, asked in rates(Model(args.folder), args.count):
        print(f"| {what} | {right} of {asked} |")


if __name__ == "__main__":
    main()
