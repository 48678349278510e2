"""Sums, counting and comparing."""

import demo_words as words
from demo_turns import keep, turn

WHAT_IS = "[what is|what's|whats|how much is|calculate|compute|please calculate||]"


def number(rng, state, value):
    return words.NUMBER_WORDS[value] if value <= 20 and rng.random() < 0.1 else str(value)


def operand(rng):
    return rng.choice(
        [
            rng.randint(0, 10),
            rng.randint(0, 20),
            rng.randint(0, 99),
            rng.randint(10, 99),
            rng.randint(10, 99),
        ]
    )


def addition(rng, state):
    a, b = operand(rng), operand(rng)
    x, y = keep(number(rng, state, a)), keep(number(rng, state, b))
    users = rng.choice(
        [f"{WHAT_IS} {x}[ + |+| + |+ | plus ]{y}"] * 3
        + [
            f"{x}[ + |+]{y}[ =|=| = ]",
            f"[add|can you add|please add] {x} [and|to] {y}",
            f"[what is|what's] the sum of {x} and {y}",
            f"[how much is|what do you get if you add|how much makes] {x} and {y}",
        ]
    )
    key = f"sum|{min(a, b)}+{max(a, b)}"
    return [
        (t[0].strip(), t[1], key)
        for t in turn(rng, users.strip(), f"{a} + {b} = {a + b}.", key, rng.random() < 0.8)
    ]


def subtraction(rng, state):
    a, b = operand(rng), operand(rng)
    if a < b and rng.random() < 0.85:
        a, b = b, a
    x, y = keep(number(rng, state, a)), keep(number(rng, state, b))
    users = rng.choice(
        [f"{WHAT_IS} {x}[ - |-| - | minus ]{y}"] * 3
        + [
            f"{x}[ - |-]{y}[ =|=| = ]",
            f"[subtract {y} from {x}|take {y} [away |]from {x}|take away {y} from {x}]",
            f"what is {x} take away {y}",
            f"[what is|what's] the difference between {x} and {y}",
        ]
    )
    key = f"sum|{a}-{b}"
    return [
        (t[0].strip(), t[1], key)
        for t in turn(rng, users.strip(), f"{a} - {b} = {a - b}.", key, rng.random() < 0.8)
    ]


def product(rng, state):
    a, b = rng.randint(0, 10), rng.randint(0, 10)
    x, y = keep(number(rng, state, a)), keep(number(rng, state, b))
    return turn(
        rng,
        f"{WHAT_IS} {x}[ * | times | x |*|x| multiplied by ]{y}".strip(),
        f"{a} x {b} = {a * b}.",
        f"sum|{min(a, b)}x{max(a, b)}",
    )


def too_hard(rng, state):
    a, b = rng.choice(
        [
            (rng.randint(100, 99999), rng.randint(1, 9999)),
            (rng.randint(1, 99), rng.randint(100, 9999)),
            (rng.randint(11, 999), rng.randint(11, 999)),
        ]
    )
    sign = (
        "[ + |+| - | plus | minus | times | * |/| divided by ]"
        if a > 99 or b > 99
        else "[ times | * |x| / | divided by ]"
    )
    users = f"{WHAT_IS} {keep(a)}{sign}{keep(b)}"
    roll = rng.random()
    if roll < 0.2:
        sign = "[ + |+| - | * | plus | minus | times ]"
        users = (
            f"{WHAT_IS} {keep(rng.randint(0, 99))}{sign}{keep(rng.randint(0, 99))}{sign}{keep(b)}"
        )
    elif roll < 0.4:
        users = rng.choice(
            [
                f"[what is|calculate] {keep(a)} [%|percent] of {keep(b)}",
                (
                    "[what is the square root of|the square root of|what is the logarithm of|what"
                    " is the factorial of|what is half of|what is double of|is it prime:]"
                    f" {keep(a)}"
                ),
                f"[solve|what is x in] x [ + |+| - ]{keep(a)} = {keep(b)}",
                f"[what is|calculate] {keep(a)}[.5 + |.25 - | squared plus |^]{keep(b)}",
            ]
        )
    return turn(
        rng,
        users.strip(),
        "[That is too hard for me.|Sorry, that is too hard for me.] I can only add and subtract"
        " numbers up to 99.",
        "hard",
    )


THINGS = "apple egg book coin pear cookie stone ball flower star pencil cake".split()


def word_problem(rng, state):
    a, b = rng.randint(1, 20), rng.randint(1, 20)
    thing = rng.choice(THINGS)
    if rng.random() < 0.5:
        key, users = (
            f"sum|{min(a, b)}+{max(a, b)}",
            (
                f"[I have|Anna has|Tom has|there are|if I have] {keep(a)} {thing}s[ and get| and"
                f" buy| and find|. I get|. I find|, then I get] {keep(b)} more. how many [{thing}s"
                " |][do I have|are there|is that] [now|in all|]"
            ),
        )
        answer = f"{a} + {b} = {a + b}, so that makes {a + b} {thing}s."
    else:
        key, users = (
            f"sum|{a + b}-{b}",
            (
                f"[I have|I had|if I have|there were] {keep(a + b)} {thing}s[ and lose| and eat|"
                f" and give away|. I lose|. I give away] {keep(b)}[| of them]. how many [{thing}s"
                " |][are left|do I have left|do I still have|are there now]"
            ),
        )
        left = f"{a} {thing}s are left" if a > 1 else f"one {thing} is left"
        answer = f"{a + b} - {b} = {a}, so {left}."
    return [(t[0], t[1], key) for t in turn(rng, users, answer, key)]


def several_sums(rng, state):
    return [
        t
        for _ in range(rng.randint(3, 7))
        for t in rng.choice([addition, addition, subtraction])(rng, state)
    ]


def counting(rng, state):
    kind = rng.randrange(6)
    n = rng.randint(2, 20)
    if kind == 0:
        return turn(
            rng,
            "[count to|count from 1 to|count from one to|can you count to|count up to]"
            f" {keep(number(rng, state, n))}",
            ", ".join(map(str, range(1, n + 1))) + ".",
            f"count|{n}",
            rng.random() < 0.4,
        )
    if kind == 1:
        n = rng.randint(3, 12)
        return turn(
            rng,
            f"count [down|backwards] from {keep(number(rng, state, n))}",
            ", ".join(map(str, range(n, -1, -1))) + ".",
            f"countdown|{n}",
            rng.random() < 0.3,
        )
    a = rng.randint(0, 99)
    if kind == 2:
        return turn(
            rng,
            f"[what|which number] comes [after|next after] {keep(a)}",
            f"After {a} comes {a + 1}.",
            f"next|{a}",
        )
    if kind == 3:
        return turn(
            rng,
            f"[what|which number] comes before {keep(a + 1)}",
            f"Before {a + 1} comes {a}.",
            f"previous|{a}",
        )
    if kind == 4:
        return turn(
            rng,
            f"is {keep(a)} [even|odd|even or odd|an even number|an odd number]",
            f"{a} is {'odd' if a % 2 else 'even'}.",
            f"even|{a}",
        )
    b = rng.choice([n for n in (rng.randint(0, 99), rng.randint(0, 99), a + 1) if n != a] + [a + 2])
    big = rng.random() < 0.7
    ask = "[bigger|larger|greater|more]" if big else "[smaller|less]"
    best = max(a, b) if big else min(a, b)
    users = f"[which is|what is|which number is] {ask}[,|:|] {keep(a)} or {keep(b)}"
    if rng.random() < 0.3:
        users = f"is {keep(a)} {ask} than {keep(b)}"
        return turn(
            rng,
            users,
            f"{'Yes' if (a > b) == big else 'No'}, {max(a, b)} is larger than {min(a, b)}.",
            f"more|{a}|{b}",
        )
    return turn(rng, users, f"{best} is {'larger' if big else 'smaller'}.", f"more|{a}|{b}")


TOPICS = [
    (addition, 9),
    (subtraction, 6),
    (product, 2.5),
    (too_hard, 1.5),
    (word_problem, 2),
    (several_sums, 2.5),
    (counting, 4),
]
