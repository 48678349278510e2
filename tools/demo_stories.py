"""The story grammar of the demonstration model.

Templates are written in a small choice language: "[a|b|c]" picks one (nested as wanted) and
"{name}" is filled from the cast of the story, so that names, pronouns and places stay the same.
"""

import random
import re

import demo_words as words

_CHOICE = re.compile(r"\[([^\[\]]*)\]")


def expand(rng: random.Random, text: str) -> str:
    """Resolves every "[a|b]" of `text`, innermost first."""
    while "[" in text:
        text = _CHOICE.sub(lambda m: rng.choice(m.group(1).split("|")), text)
    return text


def with_article(noun: str) -> str:
    vowel = noun[0].lower() in "aeiou" and not noun.startswith("uni")
    return ("an " if vowel else "a ") + noun


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def invented_name(rng: random.Random) -> str:
    count = rng.choice([2, 2, 2, 3])
    return capital(
        "".join(rng.choice(words.SYLLABLES) for _ in range(count)) + rng.choice(words.CODAS)
    )


TRAITS = "little kind curious brave cheerful clever gentle shy merry young".split()
PRONOUNS = {"he": ("he", "him", "his"), "she": ("she", "her", "her")}
HERO_KINDS = (
    ["girl", "boy"] * 6
    + list(words.ANIMALS)
    + [k for k in words.FIGURES if k not in ("girl", "boy")]
)
FRIEND_KINDS = [k for k in words.ANIMALS if k not in ("whale", "fish", "dolphin")] + [
    "girl",
    "boy",
    "farmer",
    "baker",
    "gardener",
    "sailor",
    "robot",
    "teacher",
]


def character(rng, kind=None, name=None, kinds=HERO_KINDS, avoid=(), trait=None):
    """{name, kind, he, him, his, desc}; `kind` and `name` may be given."""
    if name and not kind:
        kind = (
            "girl"
            if name in words.GIRLS
            else "boy" if name in words.BOYS else rng.choice(["girl", "boy"])
        )
    kind = kind or rng.choice([k for k in kinds if k not in avoid])
    he = words.FIGURES.get(kind) or rng.choice(["he", "she"])
    while not name or name in avoid:
        if rng.random() < 0.12:
            name = invented_name(rng)
        elif kind in words.ANIMALS or kind in (
            "dragon",
            "unicorn",
            "robot",
            "parrot",
            "dinosaur",
            "monster",
        ):
            name = rng.choice(words.PET_NAMES)
        else:
            name = rng.choice(words.GIRLS if he == "she" else words.BOYS)
    he, him, his = PRONOUNS[he]
    trait = trait or rng.choice(TRAITS)
    return {"name": name, "kind": kind, "he": he, "him": him, "his": his, "desc": f"{trait} {kind}"}


WEATHER = {
    "indoors": "It was a quiet day[, and the light was soft|].",
    "sunny": "The sun was shining[ and the sky was blue|| and the birds were singing].",
    "windy": "A [fresh|strong] wind was blowing[ and the clouds were racing by|].",
    "rainy": "It was raining a little[, but {h} did not mind|, and the air smelled of wet earth].",
    "snowy": "Snow lay [everywhere|on the ground|on every roof][, white and soft|].",
    "foggy": "A grey fog lay over the land[, and everything was quiet|].",
    "warm": "The air was warm[ and still| and full of sweet smells|].",
    "cold": "It was [cold|a cold day], and {h} could see {his} own breath.",
}
OPENINGS = [
    "Once upon a time, there [was|lived] a {desc} named {h}.",
    "[Long ago|Many years ago], a {desc} named {h} lived [near|not far from] {p}.",
    "There [once was|was once] a {desc} [named|whose name was] {h}.",
    "[Near|Not far from] {p} there lived a {desc} named {h}.",
    "This is the story of {h}, a {desc}[ who lived near {p}|].",
    "{h} was a {desc}[ who lived near {p}| who loved {p}|].",
    "[In a small house|In a quiet place] near {p} lived a {desc} named {h}.",
]
ENDINGS = [
    "From that day on, {h} and {f} were [the best of |good |best ]friends.",
    "That [night|evening], {h} [fell asleep with a smile|slept very well|dreamed of {f} and {p}].",
    "And whenever {h} [thought of|remembered] that day, {he} smiled.",
    (
        "After that, {h} and {f} [met every day|went {to} {p} together every week|were never lonely"
        " again]."
    ),
    "[And they lived happily ever after|And so everyone was happy again].",
]

# plot: (theme, is it about an object?, beats)
PLOTS = {}
for _title, _beats in words.sections("plots").items():
    _name, _theme, *_object = _title.split(", ")
    PLOTS[_name] = _theme, bool(_object), _beats
THEMES = sorted({plot[0] for plot in PLOTS.values()})
OUTDOOR_PLOTS = ("build", "garden", "wayhome", "race", "storm", "star", "soup")


def cast(rng, hero=None, friend=None, obj=None, place=None, name=None, trait=None):
    """Chooses everything that a story's slots are filled with."""
    h = character(rng, kind=hero, name=name, trait=trait)
    f = character(rng, kind=friend, kinds=FRIEND_KINDS, avoid=(h["name"], h["kind"]))
    obj = obj or rng.choice(list(words.OBJECTS))
    thing = (
        obj
        if " " in obj and obj.split()[-1] in words.OBJECTS
        else (rng.choice(words.OBJECTS[obj].split()) + " " + obj)
    )
    place = place or rng.choice(list(words.PLACES))
    prep, way, spots = words.PLACES[place]
    s1, s2, s3 = rng.sample(spots, 3)
    slots = {
        "h": h["name"],
        "f": f["name"],
        "he": h["he"],
        "him": h["him"],
        "his": h["his"],
        "He": capital(h["he"]),
        "His": capital(h["his"]),
        "desc": h["desc"],
        "a_fdesc": with_article(f["desc"]),
        "p": place,
        "in": prep,
        "to": way,
        "s1": s1,
        "s2": s2,
        "s3": s3,
        "s3_cap": capital(s3),
        "o": thing,
        "a_o": with_article(thing),
        "he_looked": capital(h["he"]) + " looked",
        "food": rng.choice(words.FOODS),
        "plant": rng.choice(words.PLANTS),
    }
    return h, f, thing, place, slots


def story(rng, plot=None, short=False, **chosen):
    """(text, key, facts): the key names the choices by which training and test are split."""
    place = chosen.pop("place", None) or rng.choice(
        [p for p in words.PLACES if not (plot in OUTDOOR_PLOTS and p in words.INDOORS)]
    )
    indoors = place in words.INDOORS
    plot = plot or rng.choice([p for p in PLOTS if not (indoors and p in OUTDOOR_PLOTS)])
    chosen["place"] = place
    h, f, thing, place, slots = cast(rng, **chosen)
    theme, uses_object, beats = PLOTS[plot]
    weather = "indoors" if indoors else rng.choice(list(WEATHER)[1:])
    parts = [rng.choice(OPENINGS)] + list(beats)
    if short:
        parts = parts[:-1]
    elif rng.random() < 0.7:
        parts.append(rng.choice(ENDINGS))
    slots["weather"] = ""
    text = " ".join(p.replace("{weather}", WEATHER[weather]) for p in parts)
    text = re.sub(r"  +", " ", expand(rng, text).format(**slots)).strip()
    facts = {
        "hero": h,
        "friend": f,
        "thing": thing if "the " + thing in text or with_article(thing) in text else None,
        "place": place if place in text else None,
        "theme": theme,
    }
    return text, f"story|{plot}|{h['kind']}|{f['kind']}|{place}|{weather}", facts


COUPLETS = words.sections("poems")  # subject: three rhyming couplets


def poem(rng, subject=None):
    subject = subject or rng.choice(list(COUPLETS))
    lines = COUPLETS[subject] if rng.random() < 0.6 else COUPLETS[subject][:2]
    return "\n".join(line.strip() for couplet in lines for line in capital_lines(couplet)), subject


def capital_lines(couplet):
    return [capital(line.strip()) for line in couplet.split("|")]


if __name__ == "__main__":
    for seed in range(8):
        print(story(random.Random(seed))[0], "\n")
