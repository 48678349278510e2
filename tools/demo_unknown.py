"""Questions that the demonstration model cannot answer, and its polite answers to them."""

import string

import demo_words as words
from demo_turns import keep, style, turn
from demo_stories import expand, invented_name

_LISTS = {name: entries[0].split("; ") for name, entries in words.sections("unknown").items()}
UNKNOWN_THINGS, PLACES, PEOPLE = _LISTS["things"], _LISTS["places"], _LISTS["people"]
VERBS, NOUNS = _LISTS["verbs"], _LISTS["nouns"]
QUESTIONS = words.sections("lists")["questions"]
STATEMENTS = words.sections("lists")["statements"]
ABOUT_KNOWN = words.sections("lists")["about known things"]
SNIPPETS = words.sections("lists")["snippets"]
CANNOT = words.dialogues("cannot")
DONT_KNOW = (
    "[I am a small demonstration model, and I do not know that.|Sorry, I do not know that. I am a"
    " small demonstration model.|I am sorry, that is more than I know. I am only a small"
    " demonstration model.] I only know [simple stories, easy sums and a few facts|little stories,"
    " small talk, easy sums and a few simple facts]."
)
KEYBOARD = "asdf qwer jkl fdsa hjkl zxcv uiop asd qwerty lkj wasd sdfg poiu xcvb ghj".split()
NOT_UNDERSTOOD = (
    "[I am sorry, I did not understand that.|Sorry, I do not understand.|I did not understand"
    " that.] [Please ask me for a story, a sum or a simple fact.|Try asking me for a story or a"
    " small sum.]"
)


def filled(rng, template):
    """`template` with its slots filled: {t} topic, {w} person, {c} place, {k} known thing, ..."""
    topics = rng.sample(UNKNOWN_THINGS, 2)
    if rng.random() < 0.25:
        topics[0] = invented_name(rng).lower() + rng.choice(["", "s", "ism", "ology", "ing"])
    person = rng.choice(PEOPLE)
    if rng.random() < 0.3:
        person = invented_name(rng) + " " + invented_name(rng)
    place = rng.choice(PLACES) if rng.random() < 0.8 else invented_name(rng)
    known = rng.sample(list(words.DEFINITIONS), 2)
    return expand(rng, template).format(
        t=topics[0],
        t2=topics[1],
        w=person,
        c=place,
        k=known[0],
        k2=known[1],
        v=rng.choice(VERBS),
        n=rng.choice(NOUNS),
        g=rng.choice(list(words.CAPITALS)),
        ks=rng.choice(list(words.ANIMALS.values()))[0],
    )


SEEN = "[I see.|That is interesting.|Oh, I see.] "
ONLY_KNOW = "[I am only a small model. Ask me for a story, a sum or a fact.|What can I do for you?]"


def unknown(rng, state):
    roll = rng.random()
    if roll < 0.2:
        question, users, answer = rng.choice(CANNOT)
        return turn(rng, users, answer, "cannot", rng.random() < 0.7)
    if roll < 0.35:
        users = filled(rng, rng.choice(STATEMENTS))
        return turn(rng, users, SEEN + ONLY_KNOW, "statement", False)
    if roll < 0.55:
        return turn(rng, filled(rng, rng.choice(ABOUT_KNOWN)), DONT_KNOW, "unknown")
    if roll < 0.6:
        pool = QUESTIONS + STATEMENTS + ABOUT_KNOWN
        users = ". ".join(filled(rng, rng.choice(pool)) for _ in range(rng.randint(2, 6)))
        return turn(rng, users, DONT_KNOW, "long")
    if roll < 0.62:
        snippet = rng.choice(SNIPPETS)
        return [
            (snippet, "I am sorry, I cannot write programs. A larger model can do that.", snippet)
        ]
    return turn(rng, filled(rng, rng.choice(QUESTIONS)), DONT_KNOW, "unknown", rng.random() < 0.8)


def unknown_capital(rng, state):
    place = rng.choice(PLACES) if rng.random() < 0.7 else invented_name(rng)
    return turn(
        rng,
        "[what is|what's|whats|tell me|do you know] the capital [|city ]of " + keep(place),
        f"I am sorry, I do not know the capital of {place}.",
        "capital?",
    )


def gibberish(rng, state):
    kind = rng.randrange(6)
    if kind == 0:
        text = "".join(rng.choice(string.ascii_lowercase) for _ in range(rng.randint(1, 12)))
    elif kind == 1:
        text = "".join(rng.choice(KEYBOARD) for _ in range(rng.randint(1, 3)))
    elif kind == 2:
        text = " ".join(invented_name(rng).lower() for _ in range(rng.randint(1, 5)))
    elif kind == 3:
        marks = "!?.,;:#$%&*()-_=+<>/\\|~^[]{}@'\""
        text = "".join(rng.choice(marks) for _ in range(rng.randint(1, 8)))
    elif kind == 4:
        text = " ".join(
            "".join(rng.choice(string.ascii_lowercase) for _ in range(rng.randint(2, 8)))
            for _ in range(rng.randint(2, 5))
        )
    else:
        text = str(rng.randint(0, 10 ** rng.randint(1, 6)))
    if rng.random() < 0.1:
        text = text.upper()
    return [(text, expand(rng, NOT_UNDERSTOOD), f"gibberish|{text}")]


def random_words(rng, state):
    """Words in no order: a question that means nothing."""
    pool = " ".join(filled(rng, rng.choice(QUESTIONS + ABOUT_KNOWN)) for _ in range(2)).split()
    rng.shuffle(pool)
    text = " ".join(pool[: rng.randint(2, 7)])
    return [(style(rng, text, False), expand(rng, DONT_KNOW), f"words|{text}")]


TOPICS = [(unknown, 13), (unknown_capital, 1.5), (gibberish, 3), (random_words, 1.5)]
