"""Questions that the demonstration model cannot answer, and its polite answers to them."""
import random
import string

from demo_turns import keep, style, turn
from demo_stories import expand, invented_name

UNKNOWN_THINGS = """quantum physics|black holes|the stock market|bitcoin|machine learning|neural networks|photosynthesis|
gravity|electricity|the French Revolution|World War II|the Roman Empire|Napoleon|Albert Einstein|Isaac Newton|Shakespeare|
Mozart|Beethoven|Picasso|the Beatles|Taylor Swift|Elon Musk|Barack Obama|Donald Trump|Cleopatra|Julius Caesar|Plato|football|
chess|basketball|tennis|the Olympics|the World Cup|Formula One|yoga|philosophy|religion|politics|the election|the president|
democracy|economics|inflation|taxes|law|medicine|cancer|vitamins|diabetes|DNA|evolution|dinosaurs in science|volcanoes|
earthquakes|climate change|global warming|nuclear power|solar panels|rockets|satellites|Mars missions|aliens|time travel|
artificial intelligence|deep learning|transformers|Python|Rust|Java|JavaScript|SQL|Linux|Windows|Docker|Kubernetes|GPUs|
CUDA|compilers|databases|the internet|blockchain|cryptography|algorithms|recursion|calculus|algebra|geometry|statistics|
integrals|prime numbers|fractals|chemistry|biology|astronomy|geology|archaeology|psychology|sociology|poetry of Goethe|
the Bible|Buddhism|ancient Egypt|the Middle Ages|the Renaissance|samurai|Vikings|the Titanic|the Eiffel Tower|
New York|Los Angeles|Tokyo nightlife|San Francisco|Shanghai|Sydney|cars of the future|electric cars|Tesla|Apple|Google|
Microsoft|Amazon|Netflix|YouTube|Facebook|Minecraft|Star Wars|Harry Potter|Lord of the Rings|Game of Thrones|Batman|
Pokemon|sushi|pizza recipes|wine|coffee|cooking rice|gardening tools|fashion|makeup|jazz|opera|hip hop|guitars chords|
photography|architecture|skyscrapers|bridges|submarines|airplanes|helicopters|engines|batteries|semiconductors|
the human brain|the heart|the immune system|viruses|vaccines|antibiotics|sleep disorders|diets|marathons|investing|
mortgages|insurance|marketing|startups|job interviews|resumes|the meaning of dreams|astrology|zodiac signs|tarot|
free will|consciousness|ethics|logic|infinity|the big bang|dark matter|relativity|string theory|thermodynamics|
entropy|superconductors|lasers|robots in industry|drones|virtual reality|the metaverse|5G|WiFi|bluetooth|
operating systems|memory management|garbage collection|threads|pointers|regular expressions|JSON|HTML|CSS|React""".replace(
    "\n", "").split("|")
PLACES = """Atlantis|Wakanda|Mongolia|Uganda|Ghana|Bolivia|Paraguay|Laos|Bhutan|Fiji|Samoa|Tonga|Chad|Mali|Niger|Oman|
Qatar|Yemen|Jordan|Libya|Tunisia|Algeria|Sudan|Ethiopia|Somalia|Angola|Zambia|Malawi|Botswana|Namibia|Madagascar|
Mauritius|Haiti|Jamaica|Honduras|Panama|Costa Rica|Ecuador|Uruguay|Guyana|Texas|California|Florida|Bavaria|Ontario|
Kazakhstan|Georgia|Armenia|Malta|Cyprus|Andorra|Monaco|Slovenia|Slovakia|Albania|Moldova|Belarus|Narnia""".replace(
    "\n", "").split("|")
PEOPLE = """Napoleon|Einstein|Newton|Darwin|Mozart|Bach|Gandhi|Lincoln|Obama|Trump|Biden|Merkel|Putin|Messi|Ronaldo|
Beyonce|Madonna|Elvis|Michael Jackson|Marie Curie|Alan Turing|Linus Torvalds|Bill Gates|Steve Jobs|Elon Musk|Jesus|
Buddha|Socrates|Aristotle|Kant|Nietzsche|Freud|Marx|Columbus|Galileo|Tesla|Edison|Churchill|Stalin|Mandela|Batman|
Superman|Spiderman|Frodo|Gandalf|Sherlock Holmes|Harry Potter|Darth Vader|Mickey Mouse|Pikachu|the president|
the king of Spain|the prime minister|the pope""".replace("\n", "").split("|")
VERBS = """repair|build|clean|cook|sell|buy|install|paint|invent|measure|calculate|translate|design|debug|optimize|
prove|solve|compare|program|deploy|configure|invest in|lose|improve|analyse|summarize|review|grow""".replace(
    "\n", "").split("|")
NOUNS = """a car engine|a washing machine|a garden shed|my computer|my phone|a database|a website|a business plan|this code|
an essay|a letter to my boss|a legal contract|my taxes|a mortgage|a virus|a matrix|an equation|a theorem|a server|a kernel|
a neural network|a rocket|a nuclear reactor|a bank account|weight|a new language|a house|a lasagna|a steak|a bomb|
a recipe for dinner|a bicycle tyre|a leaking tap|a broken window|a guitar|a wedding|a trip to Rome|a CV|a poem by Keats|
a novel|an app|a game in Unity|a sorting algorithm|a linked list|a binary tree|a web server|a shell script""".replace(
    "\n", "").split("|")
QUESTIONS = [
    "[explain|explain to me|tell me about|what is|what are|describe|define|what do you know about|tell me more about|how do "
    "I learn|give me an introduction to|write an essay about|summarize|teach me] {t}",
    "[why is|when did|how does|what causes|who invented|who discovered|when was|where is|how old is|what happened to] {t}"
    "[| work| happen| important| invented| so popular| start| end]",
    "[what is the difference between|compare] {t} and {t2}", "[is|are] {t} [better|more important|older|worse] than {t2}",
    "[who is|who was|tell me about|what did|when was|how old is|where was] {w}[| born| do| famous for]",
    "[how do I|how can I|how to|how would you|what is the best way to|can you help me to|help me|please] {v} {n}",
    "[write|create|generate|give me|make] {n}[| for me]", "[how much is|how much does|what does] {n} cost".replace("is|how much ", ""),
    "what is the [population|president|currency|flag|area|climate|language|history] of {c}",
    "[how many people live in|how far is|where is|what language do they speak in|what is the weather in|when is it best to "
    "visit|who rules] {c}", "[who won|who will win] [the world cup|the election|the game|the war|the nobel prize|the race] in 19{d}{d}".replace(
        "19{d}{d}", "[2010|1998|2022|2018|1990|2030]"),
    "[in which year|when] did [the war|the revolution|{t}] [start|begin|end]", "[what happened in|tell me about the year] "
    "[1492|1789|1815|1914|1945|1969|1989|2001|2020]", "[should I|is it good to|is it safe to] {v} {n}",
    "[I think|I believe|my friend says] {t} [is|are] [important|bad|great|difficult]. what do you think",
    "[name|list|give me] [three|five|ten] [facts|books|films|reasons|examples] about {t}",
    "what [would happen if|do you think of|is your opinion on|are the benefits of|is the future of|is the history of] {t}",
    "[I want to|I need to|we have to|I would like to] {v} {n}", "[I have a question about|let's talk about|let us discuss|I am interested in] {t}",
    "[what is the square root of|what is the logarithm of|what is the factorial of|is it prime:] [144|9|17|2|81|1000|64]",
    "[how tall is|how heavy is|how fast is|how deep is|how long is] {w}",
]
DONT_KNOW = ("[I am a small demonstration model, and I do not know that.|Sorry, I do not know that. I am a small demonstration "
             "model.|I am sorry, that is more than I know. I am only a small demonstration model.] I only know [simple stories, "
             "easy sums and a few facts|little stories, small talk, easy sums and a few simple facts].")
SPECIAL = [
    ("[what time is it|what's the time|what is the time|tell me the time|what is the date|what's the date today|what day is it[| "
     "today]|which year is it|what year is it|what is today's date|what month is it]", "I am sorry, I have no clock and no calendar."),
    ("[what is the weather[| like][| today| tomorrow]|how is the weather|will it rain[| today| tomorrow]|is it raining|is it cold "
     "outside|what's the weather|weather]", "I am sorry, I cannot see the weather. [Please look out of the window.|]"),
    ("[write|can you write|give me|show me|write me|make] [some code|a program|python code|a python script|a C++ program|code|a "
     "function in [rust|python|java|C]|a hello world program|javascript|a loop in python|a sorting function|html]",
     "I am sorry, I cannot write programs. A larger model can do that."),
    ("[translate [this|hello world|good morning|the sentence|my letter] [to|into] [French|German|Spanish|Chinese|Italian]|how do "
     "you say [table|water|I love you|goodbye|thank you|cheese] in [French|German|Spanish|Japanese]]",
     "I am sorry, I cannot translate. I only speak simple English."),
    ("[what is in the news|what's new in the world|tell me the news|what happened today|latest news|news]",
     "I am sorry, I do not know the news. I know only what I was trained on."),
    ("[search the web|open a website|send an email|play music|call my mother|set an alarm|set a timer|order a pizza|draw a "
     "picture|draw me a cat|show me a picture|generate an image|remind me tomorrow|book a flight|google it]",
     "I am sorry, I cannot do that. I can only write short texts."),
]
KEYBOARD = ["asdf", "qwer", "jkl", "fdsa", "hjkl", "zxcv", "uiop", "asd", "qwerty", "lkj", "wasd", "sdfg", "poiu", "xcvb", "ghj"]
NOT_UNDERSTOOD = ("[I am sorry, I did not understand that.|Sorry, I do not understand.|I did not understand that.] [Please ask me "
                  "for a story, a sum or a simple fact.|Try asking me for a story or a small sum.]")


def unknown(rng, state):
    if rng.random() < 0.2:
        users, answer = rng.choice(SPECIAL)
        return turn(rng, users, answer, "special", rng.random() < 0.7)
    things = rng.sample(UNKNOWN_THINGS, 2)
    if rng.random() < 0.25:
        things[0] = invented_name(rng).lower() + rng.choice(["", "s", "ism", "ology", "ing"])
    person = rng.choice(PEOPLE) if rng.random() < 0.7 else invented_name(rng) + " " + invented_name(rng)
    place = rng.choice(PLACES) if rng.random() < 0.8 else invented_name(rng)
    users = expand(rng, rng.choice(QUESTIONS)).format(
        t=things[0], t2=things[1], w=person, v=rng.choice(VERBS), n=rng.choice(NOUNS), c=place)
    return turn(rng, users, DONT_KNOW, "unknown", rng.random() < 0.8)


def unknown_capital(rng, state):
    place = rng.choice(PLACES) if rng.random() < 0.7 else invented_name(rng)
    return turn(rng, "[what is|what's|whats|tell me|do you know] the capital [|city ]of " + keep(place),
                f"I am sorry, I do not know the capital of {place}.", "capital?")


def gibberish(rng, state):
    kind = rng.randrange(5)
    if kind == 0:
        text = "".join(rng.choice(string.ascii_lowercase) for _ in range(rng.randint(3, 12)))
    elif kind == 1:
        text = "".join(rng.choice(KEYBOARD) for _ in range(rng.randint(1, 3)))
    elif kind == 2:
        text = " ".join(invented_name(rng).lower() for _ in range(rng.randint(1, 5)))
    elif kind == 3:
        text = "".join(rng.choice("!?.,;:#$%&*()-_=+<>/\\|~^[]{}@'\"") for _ in range(rng.randint(1, 8)))
    else:
        text = " ".join("".join(rng.choice(string.ascii_lowercase) for _ in range(rng.randint(2, 8)))
                        for _ in range(rng.randint(2, 5)))
    return [(text.upper() if rng.random() < 0.1 else text, expand(rng, NOT_UNDERSTOOD), f"gibberish|{text}")]


def random_words(rng, state):
    """Known words in no order: a question that means nothing."""
    pool = " ".join(expand(rng, rng.choice(QUESTIONS)).format(
        t=rng.choice(UNKNOWN_THINGS), t2="", w=rng.choice(PEOPLE), v=rng.choice(VERBS), n=rng.choice(NOUNS),
        c=rng.choice(PLACES)) for _ in range(2)).split()
    rng.shuffle(pool)
    text = " ".join(pool[:rng.randint(2, 7)])
    return [(style(rng, text, False), expand(rng, DONT_KNOW), f"words|{text}")]


TOPICS = [(unknown, 13), (unknown_capital, 1.5), (gibberish, 3), (random_words, 1.5)]
