"""Turns of the demonstration dialogues: what is said, in the many ways in which people type it.

A turn is (user text, answer, key). The key names the combination that was chosen; `held_out(key)`
decides by its hash whether the turn belongs to training or to the held-out text. \x01 and \x02
enclose what the answer must copy, so that typos never fall there.
"""

import zlib

from demo_stories import capital, expand

HELD_OUT_SHARE = 20  # one combination in twenty is never trained on


def held_out(key: str) -> bool:
    return zlib.crc32(key.encode()) % HELD_OUT_SHARE == 0


def keep(text: str) -> str:
    return f"\x01{text}\x02"


def typo(rng, text):
    """One or two slips of the finger outside of the protected parts."""
    spots, protected = [], False
    for i, c in enumerate(text):
        protected = c == "\x01" or (protected and c != "\x02")
        if not protected and c.isalpha() and 0 < i < len(text) - 1:
            spots.append(i)
    for i in sorted(rng.sample(spots, min(len(spots), rng.choice([1, 1, 2]))), reverse=True):
        here, after = text[i], text[i + 1]
        slips = [("", 1), (here * 2, 1), (rng.choice("abcdefghijklmnopqrstuvwxyz"), 1)]
        if after.isalpha():
            slips.append((after + here, 2))
        new, length = rng.choice(slips)
        text = text[:i] + new + text[i + length :]
    return text


PREFIXES = [""] * 9 + [
    "[hey|hi|hello|ok|so|well|please|ferrum|good morning|good evening], ",
    "[hi|hello|hey][!|.] ",
    "[can|could] you tell me[:|,] ",
    "[I want to know|tell me][:|,] ",
]
QUESTION_ENDS = ["?"] * 11 + [""] * 8 + [" please", ", please?", "??", " ?"]
AMERICAN = {"colour": "color", "favourite": "favorite", "grey": "gray", "neighbour": "neighbor"}


def style(rng, text, question):
    """The many ways of typing the same thing: case, punctuation, politeness, slips."""
    if question:
        text = rng.choice(PREFIXES) + text + rng.choice(QUESTION_ENDS)
    elif text[-1].isalpha() or text[-1] == "\x02":
        text += rng.choice(["", "", ".", ".", "!"])
    text = expand(rng, text)
    if rng.random() < 0.3:
        for british, american in AMERICAN.items():
            text = text.replace(british, american)
    if len(text) > 8 and rng.random() < 0.12:
        text = typo(rng, text)
    case = rng.random()
    if case < 0.4:
        text = text.lower()
    elif case < 0.43:
        text = text.upper()
    else:
        text = text[0] + capital(text[1:]) if text[0] == "\x01" else capital(text)
    if rng.random() < 0.3:
        text = text.replace("'", "")
    return text.replace("\x01", "").replace("\x02", "")


def turn(rng, user, answer, key, question=True):
    """`user` is a choice template; the key of the turn includes what it expanded to."""
    user = expand(rng, user)
    return [(style(rng, user, question), expand(rng, answer), f"{key}|{user}")]
