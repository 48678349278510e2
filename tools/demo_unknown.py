"""Questions that the demonstration model cannot answer, and its polite answers to them."""

import string

import demo_words as words
from demo_turns import keep, style, turn
from demo_stories import expand, invented_name

_LISTS = {name: entries[0].split("; ") for name, entries in words.sections("unknown").items()}
UNKNOWN_THINGS, PLACES, PEOPLE = _LISTS["things"], _LISTS["places"], _LISTS["people"]
VERBS, NOUNS = _LISTS["verbs"], _LISTS["nouns"]
QUESTIONS = words.sections("lists")["questions"]
CANNOT = words.dialogues("cannot")
DONT_KNOW = (
    "[I am a small demonstration model, and I do not know that.|Sorry, I do not know that. I am a"
    " small demonstration model.|I am sorry, that is more than I know. I am only a small"
    " demonstration model.] I only know [simple stories, easy sums and a few facts|little stories,"
    " small talk, easy sums and a few simple facts]."
)
KEYBOARD = [
    "asdf",
    "qwer",
    "jkl",
    "fdsa",
    "hjkl",
    "zxcv",
    "uiop",
    "asd",
    "qwerty",
    "lkj",
    "wasd",
    "sdfg",
    "poiu",
    "xcvb",
    "ghj",
]
NOT_UNDERSTOOD = (
    "[I am sorry, I did not understand that.|Sorry, I do not understand.|I did not understand"
    " that.] [Please ask me for a story, a sum or a simple fact.|Try asking me for a story or a"
    " small sum.]"
)


def unknown(rng, state):
    if rng.random() < 0.2:
        _, users, answer = rng.choice(CANNOT)
        return turn(rng, users, answer, "special", rng.random() < 0.7)
    things = rng.sample(UNKNOWN_THINGS, 2)
    if rng.random() < 0.25:
        things[0] = invented_name(rng).lower() + rng.choice(["", "s", "ism", "ology", "ing"])
    person = (
        rng.choice(PEOPLE) if rng.random() < 0.7 else invented_name(rng) + " " + invented_name(rng)
    )
    place = rng.choice(PLACES) if rng.random() < 0.8 else invented_name(rng)
    users = expand(rng, rng.choice(QUESTIONS)).format(
        t=things[0], t2=things[1], w=person, v=rng.choice(VERBS), n=rng.choice(NOUNS), c=place
    )
    return turn(rng, users, DONT_KNOW, "unknown", rng.random() < 0.8)


def unknown_capital(rng, state):
    place = rng.choice(PLACES) if rng.random() < 0.7 else invented_name(rng)
    return turn(
        rng,
        "[what is|what's|whats|tell me|do you know] the capital [|city ]of " + keep(place),
        f"I am sorry, I do not know the capital of {place}.",
        "capital?",
    )


def gibberish(rng, state):
    kind = rng.randrange(5)
    if kind == 0:
        text = "".join(rng.choice(string.ascii_lowercase) for _ in range(rng.randint(3, 12)))
    elif kind == 1:
        text = "".join(rng.choice(KEYBOARD) for _ in range(rng.randint(1, 3)))
    elif kind == 2:
        text = " ".join(invented_name(rng).lower() for _ in range(rng.randint(1, 5)))
    elif kind == 3:
        text = "".join(
            rng.choice("!?.,;:#$%&*()-_=+<>/\\|~^[]{}@'\"") for _ in range(rng.randint(1, 8))
        )
    else:
        text = " ".join(
            "".join(rng.choice(string.ascii_lowercase) for _ in range(rng.randint(2, 8)))
            for _ in range(rng.randint(2, 5))
        )
    return [
        (
            text.upper() if rng.random() < 0.1 else text,
            expand(rng, NOT_UNDERSTOOD),
            f"gibberish|{text}",
        )
    ]


def random_words(rng, state):
    """Known words in no order: a question that means nothing."""
    pool = " ".join(
        expand(rng, rng.choice(QUESTIONS)).format(
            t=rng.choice(UNKNOWN_THINGS),
            t2="",
            w=rng.choice(PEOPLE),
            v=rng.choice(VERBS),
            n=rng.choice(NOUNS),
            c=rng.choice(PLACES),
        )
        for _ in range(2)
    ).split()
    rng.shuffle(pool)
    text = " ".join(pool[: rng.randint(2, 7)])
    return [(style(rng, text, False), expand(rng, DONT_KNOW), f"words|{text}")]


TOPICS = [(unknown, 13), (unknown_capital, 1.5), (gibberish, 3), (random_words, 1.5)]
