"""Word lists and small facts from which the demonstration model's text is generated.

Longer texts lie in demo_text/: "# name" opens a section, an indented line continues the one
before it; "- " is an entry, "? " a question, "! " another thing that users say, "= " its answer.
"""

import pathlib
import re


def lines(name):
    text = (pathlib.Path(__file__).parent / "demo_text" / f"{name}.txt").read_text(encoding="utf-8")
    return re.sub(r"\n +", " ", text).strip().split("\n")


def sections(name):
    """{section: entries}"""
    found = {}
    for line in lines(name):
        if line.startswith("# "):
            entries = found[line[2:]] = []
        else:
            entries.append(line[2:])
    return found


def dialogues(name):
    """[(is a question?, what users say, answers)]"""
    texts = lines(name)
    return [(user[0] == "?", user[2:], say[2:]) for user, say in zip(texts[::2], texts[1::2])]


def table(text):
    """{name: value} of "name: value, name: value"."""
    return dict(re.split(" *: *", entry.strip()) for entry in text.replace("\n", " ").split(","))


GIRLS = """
Mia Lily Anna Emma Sara Nora Ella Zoe Lucy Ruby Rosa Ivy Clara Maya Alice Hanna Julia Grace Lena
Olivia Sophie Amy Eva Iris Molly Daisy Nina Tessa Freya Amira Leila Mei Yuki Priya Aisha Elena
Chloe Kate Laura Maria Sofia Greta Ingrid Paula Wendy Violet Hazel Fiona Dora Bella
""".split()
BOYS = """Tom Max Ben Sam Leo Jack Finn Oscar Noah Adam Luke Peter Paul Hugo Felix Theo Daniel
David Jonas Oliver Simon Toby Henry Arthur Milo Omar Ali Ravi Kenji Chen Pablo Marco Ivan Erik
Lars Nils George Harry Jim John Mark Robert Alex Martin Otto Emil Anton Karl Rufus Will""".split()
PET_NAMES = """Pip Fern Moss Bramble Nutmeg Pepper Biscuit Poppy Willow Clover Hazelnut Patch Socks
Button Ginger Maple Pebble Sunny Misty Shadow Honey Berry Acorn Tilly Bobo Momo Coco Lulu
Nibbles Whiskers Dot Domino Rusty Fluff Snowy Ziggy Juniper Olive Plum Thistle""".split()
SYLLABLES = """
ba be bi bo da de di do fa fi ga go ha hi jo ka ke ki ko la le li lo lu ma me mi mo na ne ni no
pa pe ra re ri ro sa se si so ta te ti to va ve vi wa ya yo za zo
""".split()
CODAS = ["", "", "", "", "n", "n", "r", "l", "s", "x", "ck", "th", "m"]

# animal: (plural, baby, sound, home, food, legs)
ANIMALS = {
    "cat": ("cats", "kitten", "meow", "in a house", "fish and meat", 4),
    "dog": ("dogs", "puppy", "woof", "in a house", "meat and bones", 4),
    "cow": ("cows", "calf", "moo", "on a farm", "grass", 4),
    "horse": ("horses", "foal", "neigh", "on a farm", "hay and grass", 4),
    "sheep": ("sheep", "lamb", "baa", "on a farm", "grass", 4),
    "pig": ("pigs", "piglet", "oink", "on a farm", "almost anything", 4),
    "goat": ("goats", "kid", "bleat", "on a farm", "grass and leaves", 4),
    "duck": ("ducks", "duckling", "quack", "on a pond", "seeds and water plants", 2),
    "hen": ("hens", "chick", "cluck", "on a farm", "grain and worms", 2),
    "goose": ("geese", "gosling", "honk", "near water", "grass and seeds", 2),
    "frog": ("frogs", "tadpole", "croak", "by a pond", "flies", 4),
    "lion": ("lions", "cub", "roar", "on the savanna", "meat", 4),
    "tiger": ("tigers", "cub", "roar", "in the jungle", "meat", 4),
    "bear": ("bears", "cub", "growl", "in the forest", "berries, fish and honey", 4),
    "wolf": ("wolves", "pup", "howl", "in the forest", "meat", 4),
    "fox": ("foxes", "cub", "yip", "in the forest", "mice and berries", 4),
    "mouse": ("mice", "pup", "squeak", "in a small hole", "seeds and cheese", 4),
    "rabbit": ("rabbits", "kit", "squeak", "in a burrow", "grass and carrots", 4),
    "squirrel": ("squirrels", "kit", "chatter", "in a tree", "nuts", 4),
    "hedgehog": ("hedgehogs", "hoglet", "snuffle", "in the garden", "insects and worms", 4),
    "owl": ("owls", "owlet", "hoot", "in a hollow tree", "mice", 2),
    "bee": ("bees", "larva", "buzz", "in a hive", "nectar", 6),
    "elephant": ("elephants", "calf", "trumpet", "on the savanna", "grass and leaves", 4),
    "monkey": ("monkeys", "infant", "chatter", "in the jungle", "fruit", 4),
    "penguin": ("penguins", "chick", "squawk", "in the cold south", "fish", 2),
    "crow": ("crows", "chick", "caw", "in a tall tree", "almost anything", 2),
    "snake": ("snakes", "hatchling", "hiss", "in the grass", "mice and eggs", 0),
    "turtle": ("turtles", "hatchling", "hiss", "near water", "plants and small fish", 4),
    "whale": ("whales", "calf", "long song", "in the sea", "tiny sea animals", 0),
    "dolphin": ("dolphins", "calf", "click", "in the sea", "fish", 0),
    "donkey": ("donkeys", "foal", "hee-haw", "on a farm", "hay and grass", 4),
    "spider": ("spiders", "spiderling", "no sound at all", "in a web", "flies", 8),
    "ant": ("ants", "larva", "no sound at all", "in an anthill", "seeds and sweet things", 6),
    "butterfly": ("butterflies", "caterpillar", "no sound at all", "in the meadow", "nectar", 6),
    "fish": ("fish", "fry", "no sound at all", "in the water", "plants and small animals", 0),
    "deer": ("deer", "fawn", "soft bleat", "in the forest", "grass and leaves", 4),
    "giraffe": ("giraffes", "calf", "soft hum", "on the savanna", "leaves", 4),
    "panda": ("pandas", "cub", "bleat", "in the mountains of China", "bamboo", 4),
    "kangaroo": ("kangaroos", "joey", "soft cluck", "in Australia", "grass", 4),
    "camel": ("camels", "calf", "grunt", "in the desert", "dry plants", 4),
    "zebra": ("zebras", "foal", "bark", "on the savanna", "grass", 4),
    "bat": ("bats", "pup", "squeak", "in a cave", "insects", 2),
}
# fantasy or working heroes: kind -> pronoun ("" = either)
FIGURES = table("""
dragon: , robot: , knight: , wizard: he, princess: she, prince: he, king: he, queen: she, pirate:
, fairy: she, giant: he, mermaid: she, unicorn: , snowman: he, ghost: , dinosaur: , witch: she,
baker: , farmer: , sailor: , gardener: , painter: , teacher: , doctor: , astronaut: , clown: ,
girl: she, boy: he, detective: , monster: , scientist: , elf: , superhero: , musician: ,
shepherd: , parrot:
""")
# more heroes of stories
MORE_KINDS = """
otter, badger, beaver, hippo, rhino, crocodile, lizard, koala, seal, shark, octopus, crab, snail,
worm, ladybird, eagle, swan, peacock, hamster, lamb, kitten, puppy, pony, chicken, rooster, raccoon,
mole, beetle, flamingo, ostrich, leopard, cheetah, gorilla, llama, reindeer, moose, nurse, cook,
pilot, firefighter, captain, ninja, cowboy, vampire, zombie, angel, troll, goblin, alien, student,
hunter, fisherman, soldier, blacksmith, carpenter, child, star, cloud, tree, car, train, computer,
tractor, rocket, cookie, potato, mountain goat, polar bear, stray cat, sea monster, tailor, singer
""".strip().replace("\n", " ").split(", ")

# place: (preposition, way there, three hiding spots or more)
PLACES = {
    "the forest": (
        "in",
        "into",
        ["behind an old oak", "under a pile of leaves", "beside a mossy rock", "in a hollow log"],
    ),
    "the park": (
        "in",
        "to",
        [
            "under the bench",
            "behind the fountain",
            "next to the swings",
            "under the big chestnut tree",
        ],
    ),
    "the beach": (
        "on",
        "to",
        [
            "behind a rock",
            "under a blue boat",
            "in a little pool of water",
            "beside a heap of shells",
        ],
    ),
    "the garden": (
        "in",
        "into",
        [
            "under the rose bush",
            "behind the watering can",
            "between the tall beans",
            "beside the gate",
        ],
    ),
    "the meadow": (
        "in",
        "to",
        ["among the tall grass", "behind the fence", "under a bush", "between the yellow flowers"],
    ),
    "the market": (
        "at",
        "to",
        [
            "under a table",
            "behind a basket of apples",
            "next to the bread stall",
            "beside the well",
        ],
    ),
    "the mountains": (
        "in",
        "into",
        ["behind a big stone", "under a pine tree", "in a small cave", "beside a stream"],
    ),
    "the old castle": (
        "in",
        "to",
        [
            "under the long stairs",
            "behind a dusty curtain",
            "in a broken barrel",
            "beside the fireplace",
        ],
    ),
    "the farm": (
        "on",
        "to",
        ["behind the barn", "under the cart", "in the hay", "next to the duck pond"],
    ),
    "the lake": (
        "by",
        "to",
        ["under the wooden bridge", "behind the reeds", "in the old boat", "beside a flat stone"],
    ),
    "the village": (
        "in",
        "to",
        ["behind the church", "under the old lamp", "next to the bakery", "beside the stone wall"],
    ),
    "the library": (
        "in",
        "to",
        [
            "under the reading table",
            "behind the tallest shelf",
            "between two thick books",
            "beside the window",
        ],
    ),
    "the school": (
        "at",
        "to",
        ["under a desk", "behind the door", "in the box of chalk", "beside the blackboard"],
    ),
    "the island": (
        "on",
        "to",
        ["under a palm tree", "behind the dunes", "in a dark cave", "beside a broken mast"],
    ),
    "the jungle": (
        "in",
        "into",
        [
            "under a giant leaf",
            "behind a waterfall",
            "in a nest of vines",
            "beside the brown river",
        ],
    ),
    "the river": (
        "by",
        "to",
        [
            "under the stone bridge",
            "behind the reeds",
            "beside the mill",
            "among the smooth pebbles",
        ],
    ),
}
INDOORS = ("the library", "the school", "the old castle")
# object: adjectives that suit it
OBJECTS = table("""
ball: red blue yellow green, kite: red blue striped paper, key: golden small silver rusty, bell:
silver little golden, boat: wooden blue paper toy, hat: warm green woollen tall, coin: silver
golden shiny old, book: thick blue old little, drum: small red round, lantern: bright little
green old, scarf: yellow woollen long red, flute: wooden silver, map: old folded yellow, button:
shiny blue round brass, basket: brown little round, teddy bear: soft brown old, umbrella: yellow
blue big red, clock: tiny golden old, crown: golden paper shiny, ring: golden silver little,
stone: blue smooth shiny, spoon: silver wooden, whistle: tin little red, train: toy wooden green,
doll: little wooden rag, bicycle: red blue old, pencil: green long red, lamp: little bright blue,
feather: white long blue, shell: pink white spiral
""")
FOODS = """apple pie, warm bread, honey cake, vegetable soup, pancakes, berry jam, plum cake,
cheese bread, oat biscuits, carrot soup, cherry pie, chocolate cake""".replace("\n", " ").split(
    ", "
)
PLANTS = """sunflower, pumpkin, apple tree, rose, bean, tulip, strawberry, oak tree, carrot,
cherry tree""".replace("\n", " ").split(", ")
COLOURS = "red blue green yellow orange purple pink brown black white grey".split()
THING_COLOURS = table("""
the sky: blue, grass: green, snow: white, a banana: yellow, coal: black, a lemon: yellow, blood:
red, the sea: blue, an orange: orange, milk: white, a leaf: green, chocolate: brown, a carrot:
orange, the sun: yellow, a tomato: red, a strawberry: red, the night: black, a pig: pink, an
elephant: grey, a frog: green, a cucumber: green, a cherry: red, wood: brown, a fire truck: red,
a pumpkin: orange, salt: white, a crow: black, a polar bear: white, a plum: purple, gold: yellow,
rust: reddish brown, iron: grey, a flamingo: pink, an emerald: green, a ruby: red, cheese:
yellow, a cloud: white, a swan: white, a mouse: grey, an eggplant: purple, a blueberry: blue,
honey: golden yellow, a fox: reddish brown, a lime: green
""")
MIXES = {
    ("red", "yellow"): "orange",
    ("blue", "yellow"): "green",
    ("blue", "red"): "purple",
    ("red", "white"): "pink",
    ("black", "white"): "grey",
    ("green", "red"): "brown",
}
OPPOSITES = [pair.split("-") for pair in """
hot-cold big-small up-down left-right black-white day-night fast-slow happy-sad open-closed
new-old high-low near-far hard-soft wet-dry light-dark rich-poor strong-weak young-old early-late
full-empty in-out on-off yes-no good-bad loud-quiet clean-dirty heavy-light long-short thick-thin
wide-narrow deep-shallow sweet-sour true-false first-last begin-end push-pull win-lose buy-sell
give-take love-hate laugh-cry come-go awake-asleep alive-dead brave-afraid easy-difficult
cheap-expensive sharp-blunt smooth-rough summer-winter north-south east-west friend-enemy
question-answer before-after always-never inside-outside above-below front-back start-stop
top-bottom tall-short right-wrong beautiful-ugly safe-dangerous
""".split()]
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = """
January February March April May June July August September October November December
""".split()
SEASONS = ["spring", "summer", "autumn", "winter"]
NUMBER_WORDS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen twenty
""".split()
ORDINALS = """
first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth
""".split()
CAPITALS = table("""
France: Paris, Germany: Berlin, Italy: Rome, Spain: Madrid, Portugal: Lisbon, England: London,
Ireland: Dublin, Scotland: Edinburgh, Norway: Oslo, Sweden: Stockholm, Finland: Helsinki,
Denmark: Copenhagen, Poland: Warsaw, Austria: Vienna, Switzerland: Bern, Belgium: Brussels, the
Netherlands: Amsterdam, Greece: Athens, Turkey: Ankara, Russia: Moscow, Ukraine: Kyiv, Hungary:
Budapest, Romania: Bucharest, Bulgaria: Sofia, Croatia: Zagreb, Serbia: Belgrade, Iceland:
Reykjavik, the Czech Republic: Prague, Egypt: Cairo, Kenya: Nairobi, Morocco: Rabat, Nigeria:
Abuja, China: Beijing, Japan: Tokyo, India: New Delhi, South Korea: Seoul, Thailand: Bangkok,
Vietnam: Hanoi, Indonesia: Jakarta, Iran: Tehran, Iraq: Baghdad, Israel: Jerusalem, Canada:
Ottawa, the United States: Washington, Mexico: Mexico City, Brazil: Brasilia, Argentina: Buenos
Aires, Chile: Santiago, Peru: Lima, Cuba: Havana, Australia: Canberra, New Zealand: Wellington,
Colombia: Bogota, the United Kingdom: London, Pakistan: Islamabad, Nepal: Kathmandu, Lithuania:
Vilnius, Latvia: Riga, Estonia: Tallinn
""")
# thing: (what it is, the group it belongs to)
DEFINITIONS = {
    thing: (meaning, group)
    for thing, group, meaning in (entry.split(": ") for entry in sections("lists")["definitions"])
}
LISTS = {
    "fruits": "apple banana pear cherry orange plum grape lemon peach strawberry".split(),
    "vegetables": "carrot potato onion bean cabbage pea tomato cucumber leek spinach".split(),
    "animals": "cat dog horse cow fox bear rabbit owl lion elephant".split(),
    "colours": "red blue green yellow orange purple pink brown black white".split(),
    "flowers": "rose tulip daisy lily violet sunflower poppy daffodil".split(),
    "birds": "owl crow duck goose robin sparrow eagle swan".split(),
    "trees": "oak pine birch maple willow beech chestnut".split(),
    "tools": "hammer saw knife spade axe drill".split(),
    "instruments": "piano violin drum flute guitar trumpet harp".split(),
    "metals": "iron gold silver copper tin lead zinc".split(),
    "vehicles": "car train bicycle boat plane bus ship".split(),
    "planets": "Mercury Venus Earth Mars Jupiter Saturn Uranus Neptune".split(),
    "countries": "France Japan Brazil Egypt India Canada Norway Kenya".split(),
}
PLURALS = table("""
child: children, mouse: mice, tooth: teeth, foot: feet, goose: geese, man: men, woman: women,
person: people, leaf: leaves, wolf: wolves, knife: knives, city: cities, baby: babies, box:
boxes, bus: buses, cat: cats, dog: dogs, house: houses, tree: trees, book: books, fox: foxes,
story: stories, berry: berries, sheep: sheep, fish: fish, apple: apples, car: cars, bird: birds,
star: stars, key: keys, boy: boys, girl: girls, ox: oxen, potato: potatoes, wife: wives, dish:
dishes, church: churches, party: parties, table: tables, cow: cows
""")
PASTS = table("""
go: went, eat: ate, see: saw, run: ran, sing: sang, swim: swam, write: wrote, read: read, take:
took, give: gave, come: came, make: made, say: said, think: thought, buy: bought, bring: brought,
find: found, fly: flew, drink: drank, sleep: slept, speak: spoke, know: knew, walk: walked, play:
played, jump: jumped, look: looked, help: helped, have: had, be: was, do: did, fall: fell, grow:
grew, begin: began, break: broke, drive: drove, teach: taught, catch: caught, win: won, lose:
lost, sit: sat
""")
RHYMES = [group.split() for group in """
cat hat bat mat | dog fog log frog | sun fun run bun | moon spoon soon noon | tree bee sea free |
star car far jar | night light bright kite | rain train plane chain | house mouse blouse | snow
go slow glow | day play way say | cake lake make snake | bell well shell tell | king ring sing
thing | boat coat goat note | red bed head bread | book cook look hook | blue shoe true new |
cold gold old bold | fish dish wish | ball tall wall fall | bear chair hair pear | love dove
glove above | heart art start part | fire wire higher | time rhyme climb lime
""".split("|")]
HELLOS = table("""
French: bonjour, Spanish: hola, German: hallo, Italian: ciao, Japanese: konnichiwa, Russian:
privet, Latin: salve, Portuguese: ola, Swedish: hej, Dutch: hallo, Turkish: merhaba, Chinese: ni
hao, Hawaiian: aloha
""")
