"""The story grammar of the demonstration model.

Templates are written in a small choice language: "[a|b|c]" picks one (nested as wanted) and "{name}" is
filled from the cast of the story, so that names, pronouns and places stay the same from start to end.
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
    return capital("".join(rng.choice(words.SYLLABLES) for _ in range(count)) + rng.choice(words.CODAS))


TRAITS = "little kind curious brave cheerful clever gentle shy merry young".split()
PRONOUNS = {"he": ("he", "him", "his"), "she": ("she", "her", "her")}
HERO_KINDS = ["girl", "boy"] * 6 + list(words.ANIMALS) + [k for k in words.FIGURES if k not in ("girl", "boy")]
FRIEND_KINDS = [k for k in words.ANIMALS if k not in ("whale", "fish", "dolphin")] + [
    "girl", "boy", "farmer", "baker", "gardener", "sailor", "robot", "teacher"]


def character(rng, kind=None, name=None, kinds=HERO_KINDS, avoid=()):
    """{name, kind, he, him, his, desc}; `kind` and `name` may be given."""
    if name and not kind:
        kind = "girl" if name in words.GIRLS else "boy" if name in words.BOYS else rng.choice(["girl", "boy"])
    kind = kind or rng.choice([k for k in kinds if k not in avoid])
    he = words.FIGURES.get(kind) or rng.choice(["he", "she"])
    while not name or name in avoid:
        if rng.random() < 0.12:
            name = invented_name(rng)
        elif kind in words.ANIMALS or kind in ("dragon", "unicorn", "robot", "parrot", "dinosaur", "monster"):
            name = rng.choice(words.PET_NAMES)
        else:
            name = rng.choice(words.GIRLS if he == "she" else words.BOYS)
    he, him, his = PRONOUNS[he]
    trait = rng.choice(TRAITS)
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
    "After that, {h} and {f} [met every day|went {to} {p} together every week|were never lonely again].",
    "[And they lived happily ever after|And so everyone was happy again].",
]

# plot: (theme, needs an object?, beats). A beat of the form (x, y) picks one of its alternatives.
PLOTS = {
    "lost": ("helping", True, [
        "[{His} favourite thing was|More than anything, {he} loved] {a_o}.",
        "One [day|morning|afternoon], {h} took it {to} {p}. {weather}",
        "[After a while|When it was time to go home|A little later], {h} saw that the {o} was gone. "
        "[{He} felt very sad.|\"Oh no!\" {he} cried. \"Where is it?\"|{His} heart sank.]",
        "{He} looked {s1}, but it was not there. [{He} looked {s2}, but it was not there either.|"
        "Then {he} looked {s2}, but there was nothing.]",
        "Just then, {a_fdesc} named {f} came by. \"[Why are you sad|What is the matter|What is wrong]?\" "
        "asked {f}. \"I have lost my {o},\" said {h}. \"[Do not worry|Do not cry],\" said {f}. "
        "\"[I will help you look for it|Let us look together|Two can find more than one].\"",
        "They [looked|searched] {s3}, and there it was! {h} [jumped for joy|laughed and danced|was very happy]. "
        "\"Thank you, {f}!\" {he} said.",
        "{h} learned that [a good friend makes every search shorter|it is good to ask for help]."]),
    "stuck": ("helping", False, [
        "One [day|morning], {h} was walking {in} {p}. {weather}",
        "Suddenly {he} heard a [small|quiet|sad] voice. \"[Help!|Please help me!] [I am stuck|I cannot get out]!\" "
        "{he_looked} {s1} and found {a_fdesc} named {f}.",
        "\"[Hold still|Do not be afraid|Stay calm],\" said {h}. \"[I will get you out|I will help you].\" "
        "{He} pulled [once|with all {his} strength], but nothing moved.",
        "[Then {h} had an idea|{h} thought for a moment]. {He} found a long [branch|rope] {s2} and [used it|"
        "tried again]. [One, two, three|Slowly, slowly] it worked, and {f} was free!",
        "\"Thank you!\" said {f}. \"[You are very kind|You saved me|I will never forget this].\" "
        "[They shared some {food}|They sat down and ate some {food}] together.",
        "{h} learned that [even small helpers can do great things|a clear head is stronger than strong arms]."]),
    "afraid": ("courage", False, [
        "{h} was afraid of [the dark|thunder|deep water|high places]. {His} friend {f}, {a_fdesc}, never laughed "
        "at {him}.",
        "One [evening|day], the two friends went {to} {p}. {weather}",
        "[On the way|After a while], they heard someone [calling|crying] [far away|in the distance]. It was a lost "
        "[lamb|puppy|kitten|duckling], all alone {s1}.",
        "{h} was [so scared that {his} legs shook|very scared]. But {he} took a deep breath and said, \"[I can do this|"
        "Someone needs me|I will go].\" {f} [held {his} hand|stayed close to {him}].",
        "Step by step, {h} went [on|forward] and reached the little one. Together they brought it home safely.",
        "\"You were so brave!\" said {f}. {h} [smiled|was proud]. {He} learned that [being brave means doing it even when "
        "you are afraid|courage grows when you help someone]."]),
    "share": ("sharing", True, [
        "One day, {h} found {a_o} {s1} {in} {p}. {weather} \"[What luck|How wonderful]!\" {he} said. \"It is mine!\"",
        "But {f}, {a_fdesc}, had seen it too. \"I saw it first,\" said {f}. They [pulled and pushed|argued for a long "
        "time] and [both became angry|nobody was happy].",
        "[At last|In the end] they both sat down, tired and sad. \"This is no fun,\" said {h}. "
        "\"[What if we share it|Why do we not share it]?\" asked {f}.",
        "So {h} had the {o} in the morning, and {f} had it in the afternoon. [Soon they began to play together|"
        "They had twice as much fun].",
        "{h} learned that [sharing makes one joy into two|things are nicer when they are shared]."]),
    "build": ("patience", False, [
        "{h} wanted to build a [tree house|little boat|small bridge|sand castle|cart] {in} {p}. {weather}",
        "{He} worked [all day|from morning to evening], but [the wind blew it down|it fell apart|one side broke]. "
        "{h} [kicked the ground|was very disappointed].",
        "{f}, {a_fdesc}, [came by|was watching]. \"[Do not give up|Try again],\" said {f}. "
        "\"[First make a plan|Use stronger wood|Begin with the heavy parts]. I will hold the pieces.\"",
        "They [started again|began from the start], slowly and carefully. {h} [cut the wood|carried the parts], and {f} "
        "[tied the ropes|held everything straight].",
        "When the sun went down, it was finished, and it was [strong and beautiful|better than before]. "
        "They [ate {food}|shared some {food}] to celebrate.",
        "{h} learned that [patience builds what hurry breaks|good work needs time and a friend]."]),
    "visitor": ("kindness", False, [
        "One [stormy|cold|dark] night, {h} was eating {food} at home. [Rain beat on the window|The wind howled outside].",
        "[Suddenly there was|Then there came] a knock at the door. Outside stood {a_fdesc} named {f}, "
        "[wet and hungry|cold and tired]. \"[May I come in|Can I stay here tonight]?\" asked {f}.",
        "\"Of course,\" said {h}. {He} gave {f} a [warm blanket|seat by the fire] and shared the {food}. "
        "[Soon {f} was warm again|They talked until late at night].",
        "The next morning, {f} said, \"[Thank you|You were so kind to me]. Come with me {to} {p}. I want to show you "
        "something.\" {s3_cap}, there was {a_o}. \"It is for you,\" said {f}.",
        "{h} learned that [kindness always finds its way back|a warm heart is the best gift]."]),
    "garden": ("patience", False, [
        "[In spring|One spring day], {h} planted a [small|tiny] {plant} seed {s1} {in} {p}. {weather}",
        "{He} gave it water every [day|morning], but [nothing happened|nothing grew]. \"[Maybe it is asleep|"
        "Perhaps it does not like me],\" said {h} sadly.",
        "\"[You must wait|Be patient],\" said {f}, {a_fdesc}. \"[Good things take time|A seed cannot hurry].\" "
        "So {h} waited. {He} [sang to the seed|told the seed stories] and kept giving it water.",
        "One [morning|day], a [little|tiny] green leaf came out of the ground! {h} [shouted with joy|could not believe it]. "
        "\"{f}, come and see!\"",
        "By the end of summer, the {plant} was [big and strong|the finest of all]. "
        "[Everyone came to look at it|{h} showed it to everyone].",
        "{h} learned that [waiting is easier with a friend|good things grow slowly]."]),
    "wayhome": ("courage", False, [
        "One [evening|afternoon], {h} [walked too far|went too far] {in} {p}. {weather} When {he} turned around, "
        "{he} did not know the way home.",
        "It was getting dark. {h} [walked left, then right|called for help], but [everything looked the same|"
        "nobody answered]. {He} sat down {s1} and [began to cry|felt very small].",
        "\"[Who is there|Hello]?\" said a voice. It was {f}, {a_fdesc}. \"[I am lost|I cannot find the way home],\" "
        "said {h}.",
        "\"[Look up|Look at the sky],\" said {f}. \"[The bright star points to the north|The moon will light our way|"
        "The brightest star shows the way]. [Follow me|Come with me].\" They walked side by side [and sang a song|"
        "and told each other stories].",
        "At last {h} saw the light in {his} own window. \"[We did it|I am home]!\" {he} cried. \"Thank you, {f}.\"",
        "{h} learned that [there is always a light somewhere|even a long way is short with a friend]."]),
    "birthday": ("friendship", True, [
        "It was {h}'s birthday, but [nobody said a word|everyone seemed to be busy]. {weather}",
        "{h} went to see {f}, {a_fdesc}. \"[I am sorry, I have no time|I cannot play today],\" said {f} and ran away. "
        "{h} [walked home slowly|felt lonely].",
        "In the evening, there was a note on the door. It said, \"Come {to} {p}.\" {h} [was curious|wondered why] "
        "and [went at once|set off].",
        "\"Surprise!\" [called|shouted] everyone. There were [candles|lanterns] everywhere, and {s1} there was a "
        "big table with {food}.",
        "{f} gave {h} a present. It was {a_o}! \"[We wanted to surprise you|We planned it all week],\" said {f}. "
        "{h} [laughed|was so happy that {he} danced].",
        "{h} learned that [good friends do not forget|sometimes a secret is a gift]."]),
    "broken": ("honesty", True, [
        "{f}, {a_fdesc}, had {a_o} and was very proud of it. One day, {h} came to visit. {weather}",
        "While {f} was making {food}, {h} [played with|picked up] the {o}. [Crack!|Oh no!] It [fell down and broke|"
        "slipped and broke].",
        "{h} was [scared|ashamed]. [Should {he} run away|Should {he} hide it]? {He} thought about it for a while. "
        "Then {he} [went to|stood before] {f}.",
        "\"I broke your {o},\" said {h}. \"I am very sorry.\" {f} was sad for a moment, but then {f} smiled. "
        "\"[Thank you for telling me|It was brave to tell the truth],\" said {f}.",
        "They went {to} {p} together, [found some glue|borrowed some glue], and mended the {o}. "
        "It looked [almost as good as new|even nicer than before].",
        "{h} learned that [the truth is better than a secret|honest words mend more than glue]."]),
    "newfriend": ("friendship", False, [
        "{h} was new {in} {p} and did not know anyone. {weather} {He} [sat {s1} and watched the others play|"
        "felt lonely].",
        "{f}, {a_fdesc}, was sitting {s2}, all alone too. {h} [wanted to say hello|wanted to speak], but {he} was shy.",
        "[At last|After a long time], {h} took some {food} out of {his} bag. \"[Would you like some|Do you want a piece]?\" "
        "{he} asked [softly|quietly].",
        "{f} looked up and smiled. \"[Yes, please|I would love some]! My name is {f}.\" \"I am {h},\" said {h}. "
        "[Soon they were laughing and playing|Soon they were running and laughing together].",
        "{h} learned that [one small hello can change a day|a friend may be waiting just around the corner]."]),
    "race": ("kindness", False, [
        "Every year there was a great race {in} {p}. {h} wanted to win, and so did {f}, {a_fdesc}. {weather}",
        "\"Ready, steady, go!\" They ran [as fast as they could|like the wind]. {h} was [in front|first], and "
        "{f} was [just behind|close behind].",
        "Suddenly {f} [fell|tripped over a root] and [hurt a leg|could not get up]. {h} looked back. [The finish was so near|"
        "Only a few steps were left]!",
        "{h} [stopped and turned around|did not think for long]. \"[Lean on me|Take my arm],\" {he} said. "
        "Together they [walked slowly|went step by step] to the end.",
        "Somebody else had won the race, but everyone [cheered|clapped] for {h} and {f}. [They got a big {food}.|"
        "Their prize was some {food}.]",
        "{h} learned that [a friend is worth more than a prize|helping is a way of winning]."]),
    "treasure": ("adventure", True, [
        "One day, {h} found an old map [under the bed|in a bottle|in a dusty box]. A red cross was drawn {in} {p}. "
        "\"[A treasure|An adventure]!\" {he} cried.",
        "{He} asked {f}, {a_fdesc}, to come along. They packed some {food} and set off. {weather}",
        "They [crossed a river|climbed a hill] and looked {s1}. [Nothing|There was nothing there]. They looked {s2}. "
        "Nothing again. [\"Let us go home,\" sighed {f}.|They were getting tired.]",
        "\"[One more try|Wait],\" said {h}. They dug {s3} and hit something hard. It was a small chest! "
        "Inside lay {a_o}.",
        "\"[It is not gold|It is not worth much], but it is the best treasure,\" said {h}, \"because we found it "
        "together.\"",
        "{h} learned that [the way is often better than the prize|an adventure is best with a friend]."]),
    "storm": ("courage", False, [
        "{h} and {f}, {a_fdesc}, were playing {in} {p}. [It was a warm day|It was a fine afternoon].",
        "[Suddenly|All at once] the sky turned dark. [Thunder rolled|Lightning flashed], and heavy rain began to fall. "
        "\"[We must hide|We need a dry place]!\" shouted {h}.",
        "They ran and found a dry place {s1}. {f} was [trembling|shaking]. {h} said, \"[Let us count between the lightning "
        "and the thunder|Let us sing until it is over].\"",
        "[So they sang every song they knew|They counted to five, then to ten, then to twenty]. [Little by little|Slowly], "
        "the storm [moved away|grew quiet].",
        "When they came out, there was a [great|bright] rainbow over {p}. \"[Look|How beautiful]!\" said {f}.",
        "{h} learned that [every storm comes to an end|fear is smaller when it is shared]."]),
    "star": ("friendship", False, [
        "Every night, {h} looked at the sky. {He} wished [for a friend|to touch a star]. {weather}",
        "One night, a [small|bright] star fell down and landed {s1} {in} {p}. {h} ran there as fast as {he} could.",
        "\"[Do not be afraid|Hello],\" said the star [softly|with a silver voice]. \"[I slipped and fell|I have lost my way]. "
        "Can you help me to get home?\"",
        "{h} asked {f}, {a_fdesc}, for help. They [climbed the highest hill|built a long ladder] and lifted the star up, "
        "[higher and higher|as high as they could].",
        "With a [flash|soft sound], the star flew back into the sky. Since then it shines over {p} every night, "
        "[a little brighter than the others|and it winks at {h}].",
        "{h} learned that [the one who helps is never alone|wishes come true in strange ways]."]),
    "soup": ("sharing", False, [
        "{h} wanted to make {food} for everyone {in} {p}, but {his} kitchen was almost empty. {weather}",
        "{He} asked {f}, {a_fdesc}. \"I have only a little flour,\" said {f}, \"but you may have it.\"",
        "The next neighbour gave an egg, and another gave [some butter|a cup of milk]. [Everyone gave a little|"
        "Nobody had much, but all gave something].",
        "{h} and {f} [stirred and cooked|worked all afternoon]. [A wonderful smell filled the air|Soon it smelled wonderful].",
        "In the evening, everyone sat at one long table and ate {food}. There was [enough for all|even some left over].",
        "{h} learned that [many small gifts make a feast|a little from everyone is a lot]."]),
}
THEMES = sorted({plot[0] for plot in PLOTS.values()})
OUTDOOR_PLOTS = ("build", "garden", "wayhome", "race", "storm", "star", "soup")


def cast(rng, hero=None, friend=None, obj=None, place=None, name=None):
    """Chooses everything that a story's slots are filled with."""
    h = character(rng, kind=hero, name=name)
    f = character(rng, kind=friend, kinds=FRIEND_KINDS, avoid=(h["name"], h["kind"]))
    obj = obj or rng.choice(list(words.OBJECTS))
    thing = obj if " " in obj and obj.split()[-1] in words.OBJECTS else (
        rng.choice(words.OBJECTS[obj].split()) + " " + obj)
    place = place or rng.choice(list(words.PLACES))
    prep, way, spots = words.PLACES[place]
    s1, s2, s3 = rng.sample(spots, 3)
    slots = {"h": h["name"], "f": f["name"], "he": h["he"], "him": h["him"], "his": h["his"],
             "He": capital(h["he"]), "His": capital(h["his"]), "desc": h["desc"],
             "a_fdesc": with_article(f["desc"]), "p": place, "in": prep, "to": way, "s1": s1, "s2": s2,
             "s3": s3, "s3_cap": capital(s3), "o": thing, "a_o": with_article(thing),
             "he_looked": capital(h["he"]) + " looked", "food": rng.choice(words.FOODS),
             "plant": rng.choice(words.PLANTS)}
    return h, f, thing, place, slots


def story(rng, plot=None, short=False, **chosen):
    """Returns (text, key, facts): the key names the combination of choices that splits train from test."""
    place = chosen.pop("place", None) or rng.choice(list(words.PLACES))
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
    facts = {"hero": h, "friend": f, "thing": thing if "the " + thing in text or with_article(thing) in text
             else None, "place": place if place in text else None, "theme": theme}
    return text, f"story|{plot}|{h['kind']}|{f['kind']}|{place}|{weather}", facts


# Two-line pieces by subject; a poem is two or three of one subject.
COUPLETS = {
    "the cat": ["The little cat sat by the door | and dreamed of mice upon the floor.",
                "Her fur is soft, her eyes are green, | the finest cat you've ever seen.",
                "She purrs and stretches in the sun | and naps when all her play is done."],
    "the dog": ["My dog can run, my dog can play, | he wags his tail the whole long day.",
                "He barks at birds, he barks at bees, | he barks at squirrels in the trees.",
                "And when the evening sky grows deep, | beside my bed he falls asleep."],
    "the sea": ["The sea is wide, the sea is blue, | it sings an old song, always new.",
                "The waves roll in, the waves roll out, | the white gulls turn and wheel about.",
                "A little boat sails far from shore | to see what no one saw before."],
    "the rain": ["The rain is tapping on the pane, | it stops, and then it starts again.",
                 "The puddles shine along the street, | they splash beneath my dancing feet.",
                 "And when the clouds have all gone by, | a rainbow paints the evening sky."],
    "the moon": ["The moon is climbing, round and bright, | a silver lamp to light the night.",
                 "It shines on rooftops, hills and streams | and slips into the children's dreams.",
                 "And when the morning bird will sing, | it leaves on quiet, silver wing."],
    "spring": ["The snow is gone, the fields are green, | the brightest flowers can be seen.",
               "The birds come back, the brooks run free, | and there are blossoms on the tree.",
               "So open up your door and sing: | the world is young again, it's spring!"],
    "winter": ["The snow falls softly, flake by flake, | and ice has covered all the lake.",
               "The trees are bare, the wind is cold, | the evening sky is red and gold.",
               "But by the fire, warm and bright, | we tell our stories through the night."],
    "friends": ["A friend is someone, kind and true, | who likes to share the day with you.",
                "In sun or rain, in dark or light, | a friend will make the morning bright.",
                "So take my hand and walk with me, | how good a day with friends can be."],
    "stars": ["The stars are lamps so far away, | they shine at night and hide by day.",
              "I count them slowly, one by one, | and never, never am I done.",
              "Good night, you stars, I close my eyes, | keep watch for me in your dark skies."],
    "iron": ["The iron glows, the hammer rings, | the fire roars, the anvil sings.",
             "From heat and patience, blow by blow, | a thing of strength begins to grow.",
             "What once was stone deep in the ground | is now a bell with silver sound."],
    "the tree": ["The old tree stands upon the hill, | its leaves are never, never still.",
                 "It gives us shade when days are hot, | the squirrels love this quiet spot.",
                 "And though the years go rushing past, | its roots are deep and hold it fast."],
    "love": ["My love is like a quiet light | that warms the room on a winter's night.",
             "It does not shout, it does not shine, | it simply puts your hand in mine.",
             "And when the day is dark and long, | it hums to me a little song."],
    "the sun": ["The morning sun climbs up the hill | and warms each little window sill.",
                "It paints the fields in green and gold | and chases off the winter's cold.",
                "And when it sinks into the sea, | it leaves its warmth with you and me."],
}


def poem(rng, subject=None):
    subject = subject or rng.choice(list(COUPLETS))
    lines = COUPLETS[subject] if rng.random() < 0.6 else COUPLETS[subject][:2]
    return "\n".join(line.strip() for couplet in lines for line in capital_lines(couplet)), subject


def capital_lines(couplet):
    return [capital(line.strip()) for line in couplet.split("|")]


if __name__ == "__main__":
    for seed in range(8):
        print(story(random.Random(seed))[0], "\n")
