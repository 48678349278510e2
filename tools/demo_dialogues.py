"""Story requests, things to remember, and how turns become dialogues and documents."""

import random

import demo_knowledge
import demo_numbers
import demo_smalltalk
import demo_stories as stories
import demo_unknown
import demo_words as words
from demo_stories import capital, with_article
from demo_turns import held_out, keep, turn

ASK_STORY = (
    "[tell me|tell|can you tell me|please tell me|write|write me|can you write|I want|I would"
    " like|make up|give me|tell us|invent|do you know|could you tell me]"
)


def plain_request(rng):
    return (
        f"[{ASK_STORY} [a story|a story please|a little story|another story|a bedtime story|a nice"
        " story|some story|a tale|a fairy tale|a new story]|story|a story|story please|story"
        " time|one more story|another one|tell a story|once upon a time|[can|may] I hear a story|I"
        " want to hear a story|another story|more stories|[a|tell me a] different story]"
    )


STORY_OF = [" a story about "] * 4 + [
    " a story of ",
    " a short story about ",
    " a tale about ",
    " a bedtime story about ",
]
TAILS = [""] * 6 + [
    " who [wants to fly|lives in the woods|finds a treasure|is lost|has no friends|loves music]",
    " that [can talk|is afraid of the dark|got lost|could not sleep|wanted to see the world]",
    (
        " [and his friends|and her family|on an adventure|in space|and a secret|in winter|for"
        " children]"
    ),
]


def any_kind(rng):
    """A kind of hero: mostly a known one; an invented one teaches to take up what is asked for."""
    roll = rng.random()
    if roll < 0.1:
        return stories.invented_name(rng).lower()
    if roll < 0.35:
        return rng.choice(words.MORE_KINDS)
    return rng.choice(list(words.ANIMALS) * 2 + list(words.FIGURES))


def about_hero(rng):
    subject, chosen = hero_request(rng)
    kind = chosen.get("hero")
    return (subject.replace(kind, keep(kind), 1) if kind else subject), chosen


def hero_request(rng):
    kind, roll = any_kind(rng), rng.random()
    if roll < 0.55:
        tail = rng.choice(TAILS)
        if rng.random() < 0.25:
            trait = rng.choice(stories.TRAITS)
            return with_article(f"{trait} {kind}") + tail, {"hero": kind, "trait": trait}
        return rng.choice([with_article(kind)] * 3 + ["the " + kind]) + tail, {"hero": kind}
    if roll < 0.7:
        friend = rng.choice([k for k in stories.FRIEND_KINDS if k != kind])
        return f"{with_article(kind)} and {with_article(friend)}", {"hero": kind, "friend": friend}
    name = rng.choice(words.GIRLS + words.BOYS + words.PET_NAMES)
    if rng.random() < 0.4:
        name = stories.invented_name(rng)
    if rng.random() < 0.4:
        return keep(name), {"name": name}
    return f"{with_article(kind)} [named|called] {keep(name)}", {"hero": kind, "name": name}


def about_other(rng):
    roll = rng.random()
    if roll < 0.35:
        thing = rng.choice(list(words.OBJECTS))
        plot = rng.choice([p for p in stories.PLOTS if stories.PLOTS[p][1]])
        how = [with_article(thing), with_article(thing), "the " + thing, "a lost " + thing]
        return rng.choice(how), {"obj": thing, "plot": plot}
    if roll < 0.7:
        place = rng.choice(list(words.PLACES))
        return rng.choice([place, f"something {words.PLACES[place][0]} {place}"]), {"place": place}
    theme = rng.choice(stories.THEMES)
    plots = [p for p in stories.PLOTS if stories.PLOTS[p][0] == theme]
    return theme, {"plot": rng.choice(plots)}


def story_request(rng):
    """(user template, arguments of the story, what the answer says first)"""
    about = ASK_STORY + rng.choice(STORY_OF)
    if rng.random() < 0.15:
        about = "[story|a story|stories] about "
    roll = rng.random()
    if roll < 0.22:
        return plain_request(rng), {}, ""
    if roll < 0.28:
        size = " [a short story|a very short story|a quick story|a small story|something short]"
        return ASK_STORY + size, {"short": True}, ""
    if roll < 0.78:
        subject, chosen = about_hero(rng)
        return about + subject, chosen, ""
    if roll < 0.95:
        subject, chosen = about_other(rng)
        return about + subject, chosen, ""
    subject = rng.choice(demo_unknown.UNKNOWN_THINGS)
    first = "I do not know a story about that, but I can tell you another one. "
    return about + subject, {}, first


def story(rng, state):
    users, chosen, first = story_request(rng)
    text, key, facts = stories.story(rng, **chosen)
    state["story"] = facts
    user, answer, _ = turn(rng, users, "", key, rng.random() < 0.35)[0]
    return [(user, first + text, key)]


def story_question(rng, state):
    facts = state.get("story")
    if not facts:
        return story(rng, state)
    hero, friend = facts["hero"], facts["friend"]
    options = [
        (
            "[what was the name of the|what is the name of the|how was the|what was the] "
            + hero["kind"]
            + "[| called]",
            f"The {hero['kind']} was called {hero['name']}.",
        ),
        (
            "who was [the story|it] about|who is the main character|who was the hero|who is the"
            " hero[| of the story]".join("[]"),
            f"The story was about {hero['name']}, a {hero['desc'].split()[0]} {hero['kind']}."
            .replace("a " + hero["desc"], with_article(hero["desc"])),
        ),
        (
            f"[who was|who is] {friend['name']}",
            f"{friend['name']} was {with_article(friend['desc'])}.",
        ),
        (f"[who was|who is] {hero['name']}", f"{hero['name']} was {with_article(hero['desc'])}."),
        (
            (
                f"[what was the name of the friend|who was {hero['name']}'s friend|who helped"
                f" {hero['name']}|who was the friend]"
            ),
            f"The friend was {friend['name']}, {with_article(friend['desc'])}.",
        ),
        (
            (
                "what kind of animal was " + hero["name"]
                if hero["kind"] in words.ANIMALS
                else "what was " + hero["name"]
            ),
            f"{hero['name']} was {with_article(hero['kind'])}.",
        ),
        (
            (
                "[what did I learn|what is the moral|what was the story about|what does the story"
                " teach|what is the moral of the story]"
            ),
            f"It was a story about {facts['theme']}.",
        ),
        (
            (
                "[I liked it|I liked the story|nice story|great story|that was a nice story|good"
                " story|beautiful|that was beautiful|what a nice story|lovely]"
            ),
            "[Thank you! I am glad that you liked it.|Thank you! Shall I tell you another one?]",
        ),
    ]
    if facts["place"]:
        options.append(
            (
                "[where was|where did the story happen|where did it happen|where was the story]"
                .replace("where was|", ""),
                f"It happened {words.PLACES[facts['place']][0]} {facts['place']}.",
            )
        )
    users, answer = rng.choice(options)
    return turn(rng, users, answer, f"about story|{hero['kind']}|{friend['kind']}")


OFFERS = (
    "tell you a story?",
    "another one?",
    "like a story?",
    "hear a story?",
    "bedtime story?",
    "tell you a story.",
)


def reply_to_offer(rng, state):
    if rng.random() < 0.25:
        return turn(
            rng,
            "[no|no thanks|no, thank you|not now|nope|no thank you|maybe later]",
            "All right. [What would you like to talk about?|Just ask me when you want one.]",
            "no story",
            False,
        )
    text, key, state["story"] = stories.story(rng)
    users = (
        "[yes|yes please|yes, please|ok|sure|yeah|please|please do|of course|I would like that|go"
        " on|yes, tell me|okay|do it]"
    )
    user, answer, _ = turn(rng, users, "", key, False)[0]
    return [(user, text, key)]


NAME_UNKNOWN = (
    "[I do not know your name yet. What is it?|You have not told me your name yet. What is it?]"
)
ASK_NAME = (
    "[what is my name|what's my name|do you know my name|do you remember my name|who am I|can you"
    " remember my name|whats my name|tell me my name|what was my name]"
)


def person_name(rng):
    return (
        stories.invented_name(rng) if rng.random() < 0.35 else rng.choice(words.GIRLS + words.BOYS)
    )


def my_name(rng, state):
    if "name" not in state and rng.random() < 0.25:
        turns = turn(rng, ASK_NAME, NAME_UNKNOWN, "my name?")
        if rng.random() < 0.5:
            return turns
        state["name"] = name = person_name(rng)
        return turns + turn(
            rng,
            f"[|my name is |it is |it's |I am ]{keep(name)}",
            f"[Nice to meet you|Hello], {name}!",
            f"name|{name}",
            False,
        )
    if "name" not in state or rng.random() < 0.1:
        state["name"] = name = person_name(rng)
        users = (
            "[[|hello, |hi, |hi! |hello! ][my name is|I am|I'm|call me|my name's|you can call"
            f" me|they call me] {keep(name)}|this is {keep(name)}]"
        )
        return turn(
            rng,
            users,
            f"[Nice to meet you, {name}!|Hello {name}, nice to meet you!] [How can I help you?|]",
            f"name|{name}",
            False,
        )
    return turn(rng, ASK_NAME, f"Your name is {state['name']}.", f"my name|{state['name']}")


def name_and_question(rng, state):
    """Two things in one message."""
    state["name"] = name = person_name(rng)
    users = f"[hi|hello|hey], [my name is|I am|I'm] {keep(name)}[. |, |! ]"
    more, answer = rng.choice(
        [
            ("[who|what] are you", "I am Ferrum, a small demonstration model."),
            ("what is your name", "My name is Ferrum."),
            ("what can you do", "I can tell stories, write little poems and do easy sums."),
            ("how are you", "I am fine, thank you."),
        ]
    )
    return turn(rng, users + more, f"Nice to meet you, {name}! {answer}", f"name+|{name}", False)


MEMORIES = {  # what: (statement, acknowledgement, question, answer, values)
    "colour": (
        "my favourite [colour|color] is {x}|I like {x} best|I love the colour {x}",
        "[{X} is a beautiful colour!|I like {x} too!]",
        "[what is|what's] my favourite [colour|color]|which colour do I like",
        "Your favourite colour is {x}.",
        words.COLOURS,
    ),
    "animal": (
        "my favourite animal is the {x}|I like {xs} best|I love {xs}",
        "[{Xs} are wonderful animals!|I like {xs} too!]",
        "[what is|what's] my favourite animal|which animal do I like",
        "Your favourite animal is the {x}.",
        list(words.ANIMALS),
    ),
    "pet": (
        "I have {a_kind} [named|called] {x}|my {kind} is called {x}|my {kind}'s name is {x}",
        "[{X} is a lovely name for {a_kind}!|What a nice name!]",
        (
            "[what is|what's] the name of my {kind}|how is my {kind} called|[what is|what's] my"
            " {kind}'s name|what is my {kind} called"
        ),
        "Your {kind} is called {x}.",
        None,
    ),
    "city": (
        "I live in {x}|I am from {x}|I come from {x}|my home is {x}",
        "[{X} must be a nice place!|I hear that {x} is a nice place.]",
        "where do I live|where am I from|what is my home",
        "You live in {x}.",
        None,
    ),
    "age": (
        "I am {x} years old|I'm {x} years old|my age is {x}",
        "[{x} is a fine age!|That is a fine age!]",
        "how old am I|what is my age|what's my age",
        "You are {x} years old.",
        [str(n) for n in range(5, 90)],
    ),
    "food": (
        "my favourite food is {x}|I like to eat {x}|I love {x}",
        "[{X} is delicious!|That sounds delicious!]",
        "[what is|what's] my favourite food|what do I like to eat",
        "You like {x}.",
        words.FOODS + ["pizza", "pasta", "rice", "bread", "ice cream"],
    ),
}


def memory(rng, state):
    told = state.setdefault("told", {})
    what = rng.choice(list(MEMORIES))
    statement, reply, question, answer, values = MEMORIES[what]
    if what not in told:
        if rng.random() < 0.12:
            kind = rng.choice(["cat", "dog"])
            return turn(
                rng,
                "[" + question.format(kind=kind, a_kind="") + "]",
                "I do not know. You have not told me yet.",
                f"{what}?",
            )
        kind = rng.choice("cat dog rabbit horse parrot hen goat".split())
        value = (
            rng.choice(values)
            if values
            else (
                stories.invented_name(rng)
                if rng.random() < 0.2
                else rng.choice(
                    words.PET_NAMES if what == "pet" else [c for c in words.CAPITALS.values()]
                )
            )
        )
        plural = words.ANIMALS[value][0] if value in words.ANIMALS else value + "s"
        told[what] = {
            "x": value,
            "X": capital(value),
            "xs": plural,
            "Xs": capital(plural),
            "kind": kind,
            "a_kind": with_article(kind),
        }
        marked = {**told[what], "x": keep(value), "xs": keep(plural)}
        return turn(
            rng,
            "[" + statement.format(**marked) + "]",
            reply.format(**told[what]),
            f"{what}|{value}",
            False,
        )
    return turn(
        rng,
        "[" + question.format(**told[what]) + "]",
        answer.format(**told[what]),
        f"{what} now|{told[what]['x']}",
    )


TOPICS = (
    [(story, 13), (my_name, 5), (name_and_question, 0.8), (memory, 5)]
    + demo_smalltalk.TOPICS
    + demo_knowledge.TOPICS
    + demo_numbers.TOPICS
    + demo_unknown.TOPICS
)
SYSTEM = [
    "You are a helpful assistant.",
    "You are Ferrum, a small demonstration model.",
    "Answer briefly.",
    "You are a friendly assistant.",
    "Be kind and helpful.",
    "You are a helpful, honest and friendly assistant. Answer in English.",
]


def allowed(turns, held):
    """Training text has no held-out turn; in held-out text every exchange has at least one."""
    return any(held_out(t[2]) for t in turns) if held else not any(held_out(t[2]) for t in turns)


def dialogue(rng, held=False, long=False):
    """A list of messages {role, content}."""
    topics, weights = zip(*TOPICS)
    count = rng.choice([1, 4, 12, 16, 24] if long else [1, 1, 1, 2, 2, 3, 4, 6, 9])
    state, turns = {}, []
    while len(turns) < count:
        topic = rng.choices(topics, weights)[0]
        if state.get("story") and rng.random() < 0.35:
            topic = story_question
        elif state.get("name") and rng.random() < 0.15:
            topic = my_name
        elif state.get("told") and rng.random() < 0.25:
            topic = memory
        if turns and turns[-1][1].endswith(OFFERS) and rng.random() < 0.7:
            topic = reply_to_offer
        for _ in range(200):
            trial = dict(state, told=dict(state.get("told", {})))
            new = topic(rng, trial)
            if allowed(new, held):
                state = trial
                turns += new
                break
            topic = rng.choices(topics, weights)[0]
    messages = [{"role": "system", "content": rng.choice(SYSTEM)}] if rng.random() < 0.15 else []
    for user, answer, _ in turns:
        messages += [
            {"role": "user", "content": user.strip()},
            {"role": "assistant", "content": answer.strip()},
        ]
    return messages


def plain_story(rng, held=False):
    while True:
        text, key, _ = stories.story(rng)
        if held_out(key) == held:
            return text


def document(seed, held=False, long=False):
    """(kind, str or messages) of one document."""
    rng = random.Random(f"{'held' if held else 'train'} {'long' if long else ''} {seed}")
    if rng.random() < 0.12:
        return "story", plain_story(rng, held)
    return "dialogue", dialogue(rng, held, long)


if __name__ == "__main__":
    for seed in range(40):
        kind, content = document(seed)
        print(
            (
                content
                if kind == "story"
                else "\n".join(f"{m['role']:>9}: {m['content']}" for m in content)
            ),
            "\n",
        )
