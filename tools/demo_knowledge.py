"""What the demonstration model knows of animals, colours, days, capitals and words."""

import demo_words as words
from demo_stories import capital, with_article
from demo_turns import keep, turn


def animals(rng, state):
    name = rng.choice(list(words.ANIMALS))
    plural, baby, sound, home, food, legs = words.ANIMALS[name]
    one, kind = with_article(name), rng.randrange(6)
    if kind == 0:
        answer = (
            f"{capital(one)} makes no sound that we can hear."
            if sound.startswith("no ")
            else (
                f"{capital(one)} says {sound}."
                if " " not in sound and sound not in ("growl", "chatter", "grunt")
                else f"{capital(one)} makes {with_article(sound)}."
            )
        )
        return turn(
            rng,
            f"[[what|which] [sound|noise] does {one} make|what does {one} say|how does {one}"
            f" [sound|speak|go]|what [sound|noise] do {plural} make|what do {plural} say|{name}"
            f" sound|make the sound of {one}]",
            answer,
            f"sound|{name}",
        )
    if kind == 1 and not sound.startswith(
        ("no ", "soft", "hiss", "chatter", "squeak", "growl", "roar", "bleat", "long")
    ):
        return turn(
            rng,
            f"[which|what] animal [says|goes|makes] {keep(sound)}",
            f"{capital(one)} says {sound}.",
            f"who says|{name}",
        )
    if kind <= 2:
        return turn(
            rng,
            f"how many legs [does {one} have|do {plural} have|has {one}]",
            f"{capital(one)} has {words.NUMBER_WORDS[legs] if legs else 'no'} legs.",
            f"legs|{name}",
        )
    if kind == 3:
        return turn(
            rng,
            f"[what is|what's|what do you call] [a baby {name}|the baby of {one}|a young {name}][|"
            " called]",
            f"A baby {name} is called {with_article(baby)}.",
            f"baby|{name}",
        )
    if kind == 4:
        return turn(
            rng,
            f"where [does {one}|do {plural}] live",
            f"{capital(plural)} live {home}.",
            f"home|{name}",
        )
    return turn(
        rng, f"what [does {one}|do {plural}] eat", f"{capital(plural)} eat {food}.", f"food|{name}"
    )


def colours(rng, state):
    if rng.random() < 0.25:
        (a, b), c = rng.choice(list(words.MIXES.items()))
        if rng.random() < 0.5:
            a, b = b, a
        return turn(
            rng,
            "[what [colour|color] do you get|what do you get|which colour is it] [when|if]"
            f" [you|I|we] mix {a} and {b}",
            f"{capital(a)} and {b} make {c}.",
            "mix",
        )
    thing = rng.choice(list(words.THING_COLOURS))
    colour = words.THING_COLOURS[thing]
    if rng.random() < 0.3:
        guess = colour if rng.random() < 0.5 else rng.choice(words.COLOURS)
        return turn(
            rng,
            f"is {thing} {guess}",
            f"{'Yes' if guess == colour else 'No'}, {thing} is {colour}.",
            f"colour?|{thing}",
        )
    if rng.random() < 0.15:
        same = [t for t, c in words.THING_COLOURS.items() if c == colour]
        return turn(
            rng,
            f"[what is|what's|name something|tell me something] {colour}",
            f"{capital(rng.choice(same))} is {colour}.",
            "thing",
        )
    return turn(
        rng,
        f"[what|which] [colour|color] [is {thing}|has {thing}|does {thing} have]|what is the"
        f" [colour|color] of {thing}".join("[]"),
        f"{capital(thing)} is {colour}.",
        f"colour|{thing}",
    )


def opposites(rng, state):
    a, b = rng.choice(words.OPPOSITES)
    if rng.random() < 0.5:
        a, b = b, a
    return turn(
        rng,
        f"[[what is|what's|whats|tell me|give me|] the opposite of {a}|what is the contrary of"
        f" {a}|opposite of {a}|{a} opposite]",
        f"The opposite of {a} is {b}.",
        f"opposite|{a}",
    )


def calendar(rng, state):
    kind = rng.randrange(8)
    names, what = rng.choice(
        [
            (words.DAYS, "day"),
            (words.DAYS, "day"),
            (words.MONTHS, "month"),
            (words.SEASONS, "season"),
        ]
    )
    i = rng.randrange(len(names))
    after, before = names[(i + 1) % len(names)], names[i - 1]
    this = capital(names[i])
    if kind <= 1:
        return turn(
            rng,
            f"[[what|which] {what} [comes|is] after {names[i]}|what comes after {names[i]}|which"
            f" {what} follows {names[i]}]",
            f"After {names[i]} comes {after}.",
            f"after|{this}",
        )
    if kind == 2:
        return turn(
            rng,
            f"[[what|which] {what} [comes|is] before {names[i]}|what comes before {names[i]}]",
            f"Before {names[i]} comes {before}.",
            f"before|{this}",
        )
    if kind == 3:
        group = {
            "day": "[days of the week|weekdays|days]",
            "month": "[months|months of the year]",
            "season": "[seasons|four seasons]",
        }
        return turn(
            rng,
            f"[name|list|what are|tell me|say] the {group[what]}",
            capital(", ".join(names[:-1])) + f" and {names[-1]}.",
            f"list|{what}",
        )
    if kind == 4:
        when = rng.choice(["tomorrow", "yesterday"])
        day = rng.randrange(7)
        other = words.DAYS[(day + (1 if when == "tomorrow" else 6)) % 7]
        return turn(
            rng,
            f"[if today is|today is] {words.DAYS[day]}, what [day"
            f" |]{'is' if when == 'tomorrow' else 'was'} {when}",
            f"If today is {words.DAYS[day]}, {when} {'is' if when == 'tomorrow' else 'was'}"
            f" {other}.",
            f"{when}|{day}",
        )
    if kind == 5 and what != "season":
        group = "week" if what == "day" else "year"
        return turn(
            rng,
            f"[what|which] is the {words.ORDINALS[i]} {what} of the {group}",
            f"The {words.ORDINALS[i]} {what} of the {group} is {names[i]}.",
            f"nth|{this}",
        )
    if kind == 6:
        i = rng.randrange(12)
        days = 28 if i == 1 else 30 if i in (3, 5, 8, 10) else 31
        return turn(
            rng,
            f"how many days [does {words.MONTHS[i]} have|are in {words.MONTHS[i]}|has"
            f" {words.MONTHS[i]}]",
            f"{words.MONTHS[i]} has {days} days" + (", and 29 in a leap year." if i == 1 else "."),
            f"days in|{i}",
        )
    season = rng.choice(words.SEASONS)
    facts = {
        "spring": "the flowers bloom and the days grow longer",
        "summer": "it is warm and the days are long",
        "autumn": "the leaves turn red and fall",
        "winter": "it is cold and the nights are long",
    }
    return turn(
        rng,
        f"[what is|tell me about|what happens in|how is|describe] {season}",
        f"In {season} {facts[season]}.",
        "season",
    )


def capitals(rng, state):
    country, city = rng.choice(list(words.CAPITALS.items()))
    kind = rng.random()
    if kind < 0.75:
        return turn(
            rng,
            "[[what is|what's|whats|which city is|tell me|do you know|] the capital [|city ]of"
            f" {country}|capital of {country}|{country} capital]",
            f"The capital of {country} is {city}.",
            f"capital|{country}",
        )
    if kind < 0.9:
        return turn(
            rng,
            f"[where is {city}|which country is {city} in|{city} is the capital of which country]",
            f"{city} is the capital of {country}.",
            f"city|{city}",
        )
    guess = city if rng.random() < 0.5 else rng.choice(list(words.CAPITALS.values()))
    return turn(
        rng,
        f"is {guess} the capital of {country}",
        f"{'Yes' if guess == city else 'No'}, the capital of {country} is {city}.",
        f"capital?|{country}",
    )


def definitions(rng, state):
    thing = rng.choice(list(words.DEFINITIONS))
    meaning, group = words.DEFINITIONS[thing]
    if rng.random() < 0.25:
        other = group if rng.random() < 0.5 else rng.choice(list(words.DEFINITIONS.values()))[1]
        return turn(
            rng,
            f"is {thing} {with_article(other)}",
            f"{'Yes' if other == group else 'No'}, {thing} is {with_article(group)}.",
            f"is|{thing}|{other}",
        )
    bare = thing.removeprefix("a ").removeprefix("an ").removeprefix("the ")
    return turn(
        rng,
        "[[what is|what's|whats|define|explain|describe|tell me about|do you know what is]"
        f" [{thing}|{thing}|{bare}]|what does {bare} mean]",
        f"{capital(thing)} is {meaning}.",
        f"define|{thing}",
    )


NO_ARTICLE = ("colours", "planets", "countries", "metals")


def lists(rng, state):
    group = rng.choice(list(words.LISTS))
    items = rng.sample(words.LISTS[group], 5)
    n = rng.choice([1, 2, 3, 3, 3, 4, 5])
    one = {"countries": "country"}.get(group, group[:-1])
    if n == 1:
        return turn(
            rng,
            f"[name|tell me|give me|say] [{with_article(one)}|one {one}|some {one}]",
            capital(items[0] if group in NO_ARTICLE else with_article(items[0])) + ".",
            f"list1|{group}",
        )
    answer = ", ".join(items[: n - 1]) + " and " + items[n - 1]
    users = (
        "[name|list|tell me|give me|say|can you name]"
        f" {keep(rng.choice([words.NUMBER_WORDS[n], str(n)]))} {group}"
    )
    if n == 3 and rng.random() < 0.4:
        users = f"[name|list|tell me|give me|what are] some {group}"
    return turn(rng, users, capital(answer) + ".", f"list|{group}|{n}", rng.random() < 0.5)


def grammar(rng, state):
    kind = rng.randrange(4)
    if kind == 0:
        one, many = rng.choice(list(words.PLURALS.items()))
        return turn(
            rng,
            f"[[what is|what's|] the plural of {one}|plural of {one}|one {one}, two what]",
            f"The plural of {one} is {many}.",
            "plural",
        )
    if kind == 1:
        now, past = rng.choice(list(words.PASTS.items()))
        return turn(
            rng,
            f"[[what is|what's|] the past [tense |]of {now}|past tense of {now}]",
            f"The past tense of {now} is {past}.",
            "past",
        )
    if kind == 2:
        group = rng.choice(words.RHYMES)
        word, *others = rng.sample(group, 3)
        return turn(
            rng,
            "[what rhymes with|a rhyme for|give me a rhyme for|which word rhymes with|find a rhyme"
            f" for] {word}",
            f"{capital(word)} rhymes with {others[0]} and {others[1]}.",
            f"rhyme|{word}",
        )
    language, hello = rng.choice(list(words.HELLOS.items()))
    return turn(
        rng,
        f"how do [you|I] say [hello|hi] in {language}|what is hello in {language}|hello in"
        f" {language}".join("[]"),
        f"Hello in {language} is {hello}.",
        "hello",
    )


def spelling(rng, state):
    pool = (
        list(words.PLURALS)
        + list(words.ANIMALS)
        + list(words.COLOURS)
        + [w for group in words.RHYMES for w in group]
    )
    word = rng.choice([w for w in pool if len(w) <= 8])
    if rng.random() < 0.3:
        return turn(
            rng,
            f"[what is|what's] the [first|first|1st] letter of {keep(word)}",
            f"The first letter of {word} is {word[0].upper()}.",
            f"letter|{word}",
        )
    return turn(
        rng,
        f"[spell|how do you spell|can you spell|spell the word] {keep(word)}",
        " - ".join(word.upper()) + ".",
        f"spell|{word}",
    )


def echo(rng, state):
    pieces = [
        "hello",
        "good morning",
        "I like cake",
        "the cat is asleep",
        "Ferrum",
        "one two three",
        "blue",
        "I am happy",
        "yes",
        "banana",
        "the sun is warm",
        "my dog is big",
        "we are friends",
        "snow is white",
        "tomorrow",
    ]
    text = (
        rng.choice(pieces)
        if rng.random() < 0.5
        else " ".join(
            rng.sample(list(words.ANIMALS) + words.COLOURS + list(words.OBJECTS), rng.randint(1, 3))
        )
    )
    return turn(
        rng,
        f"[say|repeat|repeat after me:|please say|can you say|write] {keep(text)}",
        capital(text) + ".",
        f"say|{text}",
        False,
    )


TOPICS = [
    (animals, 7),
    (colours, 4),
    (opposites, 4),
    (calendar, 5),
    (capitals, 6),
    (definitions, 6),
    (lists, 3),
    (grammar, 4),
    (spelling, 2),
    (echo, 1.5),
]
