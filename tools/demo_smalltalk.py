"""Small talk, jokes, riddles and poems. Every topic is a function (rng, state) -> turns."""

import demo_stories as stories
import demo_words as words
from demo_stories import expand, with_article
from demo_turns import turn
from demo_unknown import UNKNOWN_THINGS

SMALL_TALK = words.dialogues("talk")
FACTS = words.dialogues("facts")
JOKES = words.sections("lists")["jokes"]
RIDDLES = [entry.split(" = ") for entry in words.sections("lists")["riddles"]]
FOREIGN = words.sections("lists")["foreign"]
ONLY_ENGLISH = "[I am sorry, I only speak simple English.|Sorry, I only understand simple English.]"


def small_talk(rng, state):
    i = rng.randrange(len(SMALL_TALK))
    question, users, answers = SMALL_TALK[i]
    return turn(rng, users, answers, f"talk{i}", question)


ABOUT_SELF = [
    i
    for i, t in enumerate(SMALL_TALK)
    if t[1].startswith(
        (
            "[who",
            "[what is your n",
            "[what is ferrum",
            "[what can you",
            "[hello",
            "[how are",
            "[thanks",
            "[bye",
        )
    )
]


def often_asked(rng, state):
    i = rng.choice(ABOUT_SELF)
    question, users, answers = SMALL_TALK[i]
    return turn(rng, users, answers, f"talk{i}", question)


def joke(rng, state):
    users = (
        "[tell me a joke|do you know a joke|joke|a joke please|make me laugh|can you tell me a"
        " joke|tell a joke|say something funny|another joke|do you know any jokes|tell me something"
        " funny]"
    )
    return turn(rng, users, rng.choice(JOKES), "joke", rng.random() < 0.3)


def riddle(rng, state):
    riddle_text, solution = rng.choice(RIDDLES)
    users = (
        "[tell me a riddle|do you know a riddle|a riddle please|give me a riddle|riddle|ask me a"
        " riddle|another riddle]"
    )
    turns = turn(rng, users, riddle_text, "riddle", rng.random() < 0.3)
    answer = solution if " " in solution else with_article(solution)
    guess = rng.random()
    if guess < 0.4:
        turns += turn(
            rng,
            f"[|is it |it is |]{answer}",
            f"[Yes, that is right!|Right!] It is {answer}.",
            f"riddle right|{solution}",
            False,
        )
    else:
        wrong = rng.choice([a for a in words.DEFINITIONS if a.startswith("a")])
        users = (
            f"[|is it |it is |]{wrong}"
            if guess < 0.7
            else "[I don't know|I give up|what is it|tell me|no idea|what is the answer|what]"
        )
        turns += turn(
            rng,
            users,
            f"{'No. ' if guess < 0.7 else ''}The answer is {answer}.",
            f"riddle|{solution}",
            False,
        )
    return turns


def foreign(rng, state):
    return [(rng.choice(FOREIGN), expand(rng, ONLY_ENGLISH), "foreign")]


def fact(rng, state):
    _, users, answer = rng.choice(FACTS)
    turns = turn(rng, users, answer, "fact")
    if "[" in users:
        return turns
    return [(user, said, "fact asked in one way") for user, said, _ in turns]  # always trained on


def poem(rng, state):
    if rng.random() < 0.4:
        text, _ = stories.poem(rng)
        return turn(
            rng,
            "[write a poem|write me a poem|can you write a poem|a poem please|poem|tell me a"
            " poem|make a poem|I want a poem|write a short poem|compose a poem|do you know a"
            " poem|write a little poem for me|another poem]",
            text,
            "poem",
            rng.random() < 0.3,
        )
    subject = rng.choice(list(stories.COUPLETS))
    text, _ = stories.poem(rng, subject)
    bare = subject.removeprefix("the ")
    named = "[" + "|".join([subject, bare, with_article(bare), "my " + bare]) + "]"
    return turn(
        rng,
        "[write|write me|can you write|make|tell me|compose|I want] [a poem|a short poem|a little"
        f" poem] about {named}",
        text,
        f"poem|{subject}",
        rng.random() < 0.3,
    )


def haiku(rng, state):
    text = rng.choice(words.sections("lists")["haikus"]).replace(" / ", "\n")
    users = (
        "[write|write me|can you write|tell me|make] a haiku[| about nature| please]|haiku|a haiku"
    )
    return turn(rng, f"[{users}]", text, "haiku", rng.random() < 0.3)


def unknown_poem(rng, state):
    subject = rng.choice(UNKNOWN_THINGS)
    text, known = stories.poem(rng)
    return turn(
        rng,
        f"[write|write me|can you write|make] a [poem|short poem|song] about {subject}",
        f"I do not know a poem about that, but here is one about {known}.\n{text}",
        "poem?",
        False,
    )


TOPICS = [
    (small_talk, 10),
    (often_asked, 8),
    (joke, 1.5),
    (riddle, 1.5),
    (foreign, 2),
    (fact, 7),
    (poem, 5),
    (haiku, 0.7),
    (unknown_poem, 1),
]
