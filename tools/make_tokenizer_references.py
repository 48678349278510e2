#!/usr/bin/env python3
"""Writes tests/parity/tokenizers/: tokenizer.json files and what Hugging Face tokenizers does with
them. Needs the package `tokenizers`; the texts are generated here, from a fixed seed.

  texts.json           the strings; {"base64": ...} for bytes that are not UTF-8, {"repeat": [s, n]}
                       for long ones
  <name>.json          a tokenizer
  <name>.expected.json prefix, suffix: the special tokens around every text; ids[i] of texts[i];
                       plain: {i: ids} where special tokens read as plain text change the ids;
                       decoded, kept: {i: text} where decoding ids[i], without and with special
                       tokens, does not give back the text
  variants.json        changed parts of a tokenizer (`patch`), with the same for a few texts
"""
import base64
import json
import pathlib
import random
import sys
import unicodedata

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers.pre_tokenizers import ByteLevel

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/parity/tokenizers"

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
          r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
         r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
         r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}|"
         r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CL100K = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+|"
          r" ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s")
BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"

SCRIPTS = {
    "latin": (0x41, 0x24F), "ipa": (0x250, 0x2AF), "greek": (0x370, 0x3FF),
    "cyrillic": (0x400, 0x4FF), "armenian": (0x530, 0x58F), "hebrew": (0x590, 0x5FF),
    "arabic": (0x600, 0x6FF), "syriac": (0x700, 0x74F), "thaana": (0x780, 0x7BF),
    "nko": (0x7C0, 0x7FF), "devanagari": (0x900, 0x97F), "bengali": (0x980, 0x9FF),
    "gurmukhi": (0xA00, 0xA7F), "gujarati": (0xA80, 0xAFF), "oriya": (0xB00, 0xB7F),
    "tamil": (0xB80, 0xBFF), "telugu": (0xC00, 0xC7F), "kannada": (0xC80, 0xCFF),
    "malayalam": (0xD00, 0xD7F), "sinhala": (0xD80, 0xDFF), "thai": (0xE00, 0xE7F),
    "lao": (0xE80, 0xEFF), "tibetan": (0xF00, 0xFFF), "myanmar": (0x1000, 0x109F),
    "georgian": (0x10A0, 0x10FF), "jamo": (0x1100, 0x11FF), "ethiopic": (0x1200, 0x137F),
    "cherokee": (0x13A0, 0x13FF), "khmer": (0x1780, 0x17FF), "mongolian": (0x1800, 0x18AF),
    "phonetic": (0x1D00, 0x1DBF), "greek extended": (0x1F00, 0x1FFF),
    "punctuation": (0x2010, 0x205E), "superscripts": (0x2070, 0x209F),
    "currency": (0x20A0, 0x20BF), "letterlike": (0x2100, 0x214F), "numbers": (0x2150, 0x218B),
    "arrows": (0x2190, 0x21FF), "mathematics": (0x2200, 0x22FF), "boxes": (0x2500, 0x257F),
    "dingbats": (0x2700, 0x27BF), "cjk radicals": (0x2E80, 0x2FD5), "kana": (0x3041, 0x30FF),
    "bopomofo": (0x3100, 0x312F), "cjk": (0x4E00, 0x9FFF), "yi": (0xA000, 0xA48C),
    "vai": (0xA500, 0xA62B), "javanese": (0xA980, 0xA9DF), "hangul": (0xAC00, 0xD7A3),
    "compatibility": (0xF900, 0xFAD9), "ligatures": (0xFB00, 0xFB4F),
    "full width": (0xFF01, 0xFFEE), "gothic": (0x10330, 0x1034A), "cuneiform": (0x12000, 0x12399),
    "hieroglyphs": (0x13000, 0x1342E), "mathematical letters": (0x1D400, 0x1D7FF),
    "adlam": (0x1E900, 0x1E95F), "emoji": (0x1F300, 0x1F64F), "cjk b": (0x20000, 0x2A6DF),
}
# Unassigned code points differ between Unicode versions, and so do those of surrogates.
LETTERS = {name: [chr(c) for c in range(a, b + 1)
                  if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
           for name, (a, b) in SCRIPTS.items()}
SPACES = list("\t\n\v\f\r \x1c\x1d\x1e\x1f\x85\xa0\u1680\u180e\u2000\u2002\u2003\u2007\u2009\u200a"
              "\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff") + ["\r\n"]
WORDS = ("the a one this every small old green happy quiet fox house river story child teacher "
         "runs sees finds opens writes under over near with and but because number answer question "
         "light morning winter garden letter music window friend machine memory "
         "token model").split()
CODE = ["def f(x, *args):\n    return x ** 2  # square\n",
        "for (int i = 0; i < n; ++i) {\n\tsum += a[i];\n}\n",
        "#include <vector>\r\n\r\nint main() { return 0; }\r\n",
        "SELECT * FROM t WHERE id='a''b' -- x\n",
        "{\"key\": [1, 2.5e-3, null, true], \"s\": \"\\u00e9\\n\"}",
        "if err != nil {\n\t\treturn nil, err\n\t}\n",
        "<div class=\"a b\">&nbsp;&amp;</div>", "let x: Vec<&'static str> = vec![];",
        "a\tb\t\tc\n\n\n  d   \n",
        "https://example.org/a?b=c&d=%20e#f", "x = y if z else -1;\\n\\t",
        "~/.bashrc; ls -la | grep 'x*' > /dev/null 2>&1"]
EMOJI = ["👍", "👍🏽", "👩‍💻", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪🇫🇷", "❤️", "❤", "1️⃣", "🧑🏿‍🚀", "☺︎", "🫠", "♟️",
        "🤦🏼‍♂️"]


def word(rng, script, longest=7):
    return "".join(rng.choice(LETTERS[script]) for _ in range(rng.randint(1, longest)))


def sentence(rng, words):
    text = " ".join(rng.choice(WORDS) for _ in range(words))
    return text.capitalize() + rng.choice([".", "!", "?", "...", ", isn't it?"])


def training_text(rng):
    lines = []
    for _ in range(1500):
        lines.append(sentence(rng, rng.randint(3, 12)))
    for script in SCRIPTS:
        some = [word(rng, script, 4) for _ in range(25)]
        lines += [" ".join(rng.choice(some) for _ in range(6)) for _ in range(25)]
    lines += CODE * 6 + EMOJI * 6
    lines += [" ".join(str(rng.randint(0, 10 ** rng.randint(1, 6))) for _ in range(5))
              for _ in range(200)]
    lines += ["I'll say it's what they've done; we're sure he'd think I'm late, don't you?"] * 20
    rng.shuffle(lines)
    return lines


def normalization_texts(rng):
    marks = [chr(c) for c in (0x300, 0x301, 0x308, 0x323, 0x327, 0x328, 0x345, 0x5B0, 0x64B, 0x93C,
                              0x3099, 0x1DC0, 0x20D7)]
    texts = ["é", "e\u0301", "ệ", "e\u0323\u0302", "e\u0302\u0323", "Å", "\u212b", "한글",
            "\u1112\u1161\u11ab",
             "ﬁ", "Ω\u2126", "\u0958", "\u0344", "ǆ", "½", "①", "㎏", "\u1e9b\u0323", "\ufb2a",
             "İstanbul", "ΣΑΣ",
             "a\u0301" * 12, "\u0301a", " \u0301", "\u09c7\u09be",
             "\ud55c".encode("utf-8").decode() + "\u11a8"]
    for _ in range(90):
        base = rng.choice("aeiouAEIOUnscyzÆøеиαω กक")
        texts.append(base + "".join(rng.choice(marks) for _ in range(rng.randint(1, 4))) + "x")
    return texts


def added_token_texts(rng):
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|eot_id|>",
            "<left>",
              "<right>", "<both>", "word", "Üñí", "<mask>", "<tool>", "<s>", "</s>", "<unk>",
              "<|end", "<|endof", "   "]
    glue = ["", " ", "  ", "\t", "\n", "a", "1", "_", ".", "\u3000", "é", "\u0301", "\r\n", "x ",
            " y", "<", "\u200d"]
    texts = list(tokens)
    for _ in range(260):
        texts.append("".join(rng.choice(glue) + rng.choice(tokens) for _ in range(rng.randint(1,
                3)))
                     + rng.choice(glue))
    texts += ["<|im_start|>system\nYou are kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"]
    return texts


def texts():
    rng = random.Random(2)
    out = ["", " ", "\0", "a\0b", "Hello, world!", "Hello  world", " leading", "trailing ", "\n\n"]
    for script in SCRIPTS:
        out += [word(rng, script) for _ in range(5)]
        out += [" ".join(word(rng, script, 4) for _ in range(3)) for _ in range(3)]
        out += [word(rng, script, 3) + rng.choice("1 ,'s\n-") + word(rng,
                rng.choice(list(SCRIPTS)), 3)
                for _ in range(3)]
    out += EMOJI + ["".join(rng.choice(EMOJI + [" ", "a"]) for _ in range(4)) for _ in range(40)]
    out += [chr(c) for c in range(0x20)] + [chr(c) + "x" for c in range(0x7F, 0xB0)]
    for space in SPACES:
        out += [space, "a" + space + "b", space * 3, "a" + space * 2 + "b", " " + space + "a",
                space + " 1"]
    for _ in range(180):
        out.append("".join(rng.choice(SPACES + ["a", "1", "."]) for _ in range(rng.randint(2, 8))))
    for _ in range(100):
        out.append("".join(rng.choice([" ", " ", "\n", "\r\n", "\t",
                "b"]) for _ in range(rng.randint(2, 9))))
    for n in range(1, 14):
        out += ["1234567890123"[:n], " " + "9" * n, "a" + "0" * n + "b"]
    out += ["3.14159", "1,000,000", "٣٤٥٦", "१२३४", "Ⅷ²½", "1e-9", "0xFF", "12:34", "1２3"]
    for c in ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'T", "'RE", "'Ve", "'M", "'lL",
            "'D", "’s", "'ſ"):
        out += ["I" + c, c, " " + c, c + "x", "it" + c + " ok", "1" + c]
    out += CODE + [line for code in CODE for line in code.splitlines() if line]
    out += [sentence(rng, rng.randint(2, 7)) for _ in range(60)]
    out += normalization_texts(rng) + added_token_texts(rng)
    everything = [c for letters in LETTERS.values() for c in letters] + SPACES + list("'.,0aZ ")
    out += ["".join(rng.choice(everything) for _ in range(rng.randint(2, 10))) for _ in range(250)]
    out += malformed(rng)
    out += [("a", 3000), ("ab", 900), (" ", 2000), ("the", 700), ("\n", 300), ("é", 500), ("字",
            400),
            ("!?", 600), ("1", 1000), ("\u0301", 300), ("👍", 120)]
    unique = list(dict.fromkeys(out))
    assert len(unique) >= 2000, len(unique)
    return unique


def malformed(rng):
    out = [b"\x80", b"\xff", b"\xc0\x80", b"\xc3", b"\xc3(", b"\xe0\x80\x80", b"\xe2\x82",
            b"\xe2(\xa1", b"\xed\xa0\x80",
           b"\xed\xa0\xbd\xed\xb8\x80", b"\xf0\x9f\x91", b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80",
           b"\xf8\x88\x80\x80\x80",
           b"a\xf0\x9fb", b"ok \xe4\xb8 ok", b"\xe4\xb8\xad\xe4\xb8", b"<|im_\xffend|>",
           b"<|endoftext|>\xc3"]
    pieces = [b"a", b" ", b"\n", b"\xc3\xa9", b"\xe4\xb8\xad", b"\xf0\x9f\x91\x8d", b"1", b"'s"]
    for _ in range(130):
        data = b"".join(rng.choice(pieces) for _ in range(4))
        cut = rng.randrange(len(data))
        data = data[:cut] + bytes([rng.randrange(128, 256)]) * rng.randint(0, 2) + data[cut + 1:]
        out.append(data)
    return [b for b in out if not is_utf8(b)]


def is_utf8(data):
    return data.decode("utf-8", "ignore").encode("utf-8") == data


def as_text(item):
    if isinstance(item, bytes):
        return item.decode("utf-8", "replace")
    return item[0] * item[1] if isinstance(item, tuple) else item


def as_json(item):
    if isinstance(item, bytes):
        return {"base64": base64.b64encode(item).decode()}
    return {"repeat": list(item)} if isinstance(item, tuple) else item


def added(content, special=False, **flags):
    token = {"id": 0, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": not special, "special": special}
    token.update(flags)
    return token


def with_added(document, tokens):
    """Gives every token the id of its spelling, or the next free one."""
    vocab = document["model"]["vocab"]
    free = max(vocab.values()) + 1
    for token in tokens:
        token["id"] = vocab.get(token["content"], free)
        free += token["id"] == free
    document["added_tokens"] = sorted(tokens, key=lambda token: token["id"])
    return document


EDGE = [added("<left>", True, lstrip=True), added("<right>", True, rstrip=True),
        added("<both>", lstrip=True, rstrip=True, normalized=False), added("word",
        single_word=True),
        added("Üñí"), added("<tool>", normalized=False), added("<mask>", single_word=True,
        normalized=False)]


def train(lines, size, pre_tokenizer, special=(), **model):
    tokenizer = Tokenizer(models.BPE(**model))
    tokenizer.pre_tokenizer = pre_tokenizer
    alphabet = ByteLevel.alphabet() if not model.get("byte_fallback") else []
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, limit_alphabet=700,
        special_tokens=list(special),
        show_progress=False))
    return tokenizer


def make_gpt2(lines):
    tokenizer = train(lines, 2600, ByteLevel(add_prefix_space=False))
    tokenizer.decoder = decoders.ByteLevel()
    document = json.loads(tokenizer.to_str())
    document["post_processor"] = {"type": "ByteLevel", "add_prefix_space": True,
            "trim_offsets": False}
    document["model"]["merges"] = [" ".join(pair) for pair in document["model"]["merges"]]
    return with_added(document, [added("<|endoftext|>", True)])


def split_then_bytes(pattern):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        ByteLevel(add_prefix_space=False, use_regex=False)])


def make_llama3(lines):
    tokenizer = train(lines, 3000, split_then_bytes(LLAMA3))
    tokenizer.decoder = decoders.ByteLevel()
    document = json.loads(tokenizer.to_str())
    document["model"]["ignore_merges"] = True
    vocab = document["model"]["vocab"]
    for unreachable in ("Ġantidisestablishment", "aaaa", "ĠiĠj", "zzz"):
        vocab.setdefault(unreachable, len(vocab))
    names = ["<|begin_of_text|>", "<|eot_id|>", "<|endoftext|>"]
    names += [f"<|reserved_special_token_{i}|>" for i in range(8)]
    with_added(document, [added(name, True) for name in names] + [dict(token) for token in EDGE])
    bos = next(t["id"] for t in document["added_tokens"] if t["content"] == names[0])
    template = {"type": "TemplateProcessing",
                "single": [{"SpecialToken": {"id": names[0], "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}}],
                "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B",
                "type_id": 1}}],
                "special_tokens": {names[0]: {"id": names[0], "ids": [bos], "tokens": [names[0]]}}}
    document["post_processor"] = {"type": "Sequence", "processors": [
        {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True},
        template]}
    return document


def make_qwen2(lines):
    tokenizer = train(lines, 2600, split_then_bytes(QWEN2))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False,
            use_regex=False)
    document = json.loads(tokenizer.to_str())
    document["post_processor"] = {"type": "ByteLevel", "add_prefix_space": False,
            "trim_offsets": False, "use_regex": False}
    names = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    return with_added(document, [added(name, True) for name in names] +
                      [dict(token) for token in EDGE] + [added("u\u0308ber"), added("   ")])


def make_llama2(lines):
    """Characters with byte fallback, as SentencePiece models are converted."""
    special = ["<unk>", "<s>", "</s>"]
    fallback = [f"<0x{byte:02X}>" for byte in range(256)]
    known = set().union(*(LETTERS[s] for s in ("latin", "greek", "cyrillic", "hebrew", "kana")))
    lines = [line for line in lines if all(c.isascii() or c in known for c in line)]
    tokenizer = train(lines, 2600, pre_tokenizers.Metaspace(prepend_scheme="always"),
            special + fallback,
                      byte_fallback=True, unk_token="<unk>", fuse_unk=True)
    document = json.loads(tokenizer.to_str())
    document["pre_tokenizer"] = None
    document["normalizer"] = {"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "},
        "content": "▁"}]}
    document["decoder"] = {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
        {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    document["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A",
        "type_id": 0}},
                   {"SpecialToken": {"id": "</s>", "type_id": 0}}],
        "pair": [], "special_tokens": {name: {"id": name, "ids": [i], "tokens": [name]} for i,
        name in
                                       ((1, "<s>"), (2, "</s>"))}}
    document["post_processor"]["pair"] = [{"Sequence": {"id": "A", "type_id": 0}},
            {"Sequence": {"id": "B", "type_id": 0}}]
    return with_added(document, [added(name, True) for name in special])


def expectations(document, items):
    tokenizer = Tokenizer.from_str(json.dumps(document))
    result = {"prefix": [], "suffix": [], "ids": [], "plain": {}, "decoded": {}, "kept": {}}
    whole = tokenizer.encode("the").ids
    inner = tokenizer.encode("the", add_special_tokens=False).ids
    at = next(i for i in range(len(whole)) if whole[i:i + len(inner)] == inner)
    result["prefix"], result["suffix"] = whole[:at], whole[at + len(inner):]
    for i, item in enumerate(items):
        text = as_text(item)
        tokenizer.encode_special_tokens = False
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        assert tokenizer.encode(text).ids == result["prefix"] + ids + result["suffix"], text
        tokenizer.encode_special_tokens = True
        plain = tokenizer.encode(text, add_special_tokens=False).ids
        result["ids"].append(ids)
        if plain != ids:
            result["plain"][i] = plain
        for key, skip in (("decoded", True), ("kept", False)):
            decoded = tokenizer.decode(ids, skip_special_tokens=skip)
            if decoded != text:
                result[key][i] = decoded
    return result


def split(pattern, behavior, invert=False):
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}


def sequence(*parts):
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
            "use_regex": False}
    return {"type": "Sequence", "pretokenizers": list(parts) + [byte_level]}


def variant_patches():
    behaviors = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
    for behavior in behaviors:
        for invert in (False, True):
            yield f"Split {behavior} {invert}", {"pre_tokenizer": sequence(split({
                    "Regex": r"[aeiou]|\s"}, behavior, invert))}
        yield f"Split string {behavior}", {"pre_tokenizer": sequence(split({"String": "l"},
                behavior))}
        yield f"Punctuation {behavior}", {"pre_tokenizer": sequence({"type": "Punctuation",
                "behavior": behavior})}
    patterns = {"o200k": O200K, "cl100k": CL100K, "bloom": BLOOM, "escapes": r"[\w\-]+|\W",
            "hex": r"\h+|\H",
                "dot": r"(?m:.)x?|^.", "ends": r"\A.|.$|.\z", "bounds": r"\b", "empty": r"a*",
                "back": r"(.)\1",
                "han": r"\p{Han}+|\p{Hiragana}+|\p{^L}+", "counts": r"\w{,2}|\s{2}?|.{2,3}?",
                "look": r"(?<=l)l|(?<!o)w|o(?= )",
                "codes": r"[\x20\u00e9\x{4e00}-\x{9fff}\t\n]+", "digits": r"\d{2}+|\D",
                "atomic": r"(?>a+)b|[^\S\n]+"}
    for name, pattern in patterns.items():
        yield f"pattern {name}", {"pre_tokenizer": sequence(split({"Regex": pattern}, "Isolated"))}
    for individual in (False, True):
        yield f"Digits {individual}", {"pre_tokenizer": sequence({"type": "Digits",
                "individual_digits": individual})}
    yield "Whitespace", {"pre_tokenizer": sequence({"type": "Whitespace"})}
    yield "WhitespaceSplit", {"pre_tokenizer": sequence({"type": "WhitespaceSplit"})}
    yield "prefix space", {"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True,
            "trim_offsets": True}}
    yield "falcon", {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [
        {"type": "Punctuation", "behavior": "Contiguous"},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        {"type": "Digits", "individual_digits": False}, split({"Regex": "[0-9][0-9][0-9]"},
        "Isolated")]}}
    yield "no pre-tokenizer", {"pre_tokenizer": None}
    for form in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase"):
        yield form, {"normalizer": {"type": form}}
    yield "Strip", {"normalizer": {"type": "Strip", "strip_left": True, "strip_right": True}}
    yield "Strip right", {"normalizer": {"type": "Strip", "strip_left": False, "strip_right": True}}
    yield "normalizers", {"normalizer": {"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": "x "}, {"type": "Replace", "pattern": {"Regex": r"\s+"},
        "content": " "},
        {"type": "NFKC"}, {"type": "Lowercase"}, {"type": "Replace", "pattern": {"String": "l"},
        "content": ""}]}}
    yield "no decoder", {"decoder": None}
    yield "Fuse", {"decoder": {"type": "Fuse"}}
    yield "decoders", {"decoder": {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"Regex": "Ġ+"}, "content": " "}, {"type": "Strip",
        "content": "l", "start": 1, "stop": 0},
        {"type": "Fuse"}, {"type": "Strip", "content": "h", "start": 2, "stop": 0},
        {"type": "Replace", "pattern": {"String": "o"}, "content": "0o"}]}}
    yield "Strip then bytes", {"decoder": {"type": "Sequence", "decoders": [
        {"type": "Strip", "content": "Ġ", "start": 1, "stop": 0},
        {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}]}}


def variant_items(items):
    rng = random.Random(5)
    fixed = ["Hello,  world! hello", "hhh allow 12 345 6789", "naïve Ünïcode ΣΣ ﬁ ½ e\u0301",
            "a\nb\r\n\n c", "  x  ",
             "漢字かなカナ 한글", "aaab aab baaa", "I'll can't IT'S", "foo_bar(baz-qux); // end", "", " ",
             "line one\nline two\n",
             "aéb\u4e00 \t\n", "٣٤ ½ Ⅷ", "a\u200db \u180e \x85 \u2028z", "ſ K ß ŉ",
             "<|endoftext|> a"]
    return fixed + rng.sample([item for item in items if not isinstance(item, tuple)], 25)


def dump(name, value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    (OUT / name).write_text(text + "\n", encoding="utf-8", newline="\n")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    lines = training_text(random.Random(1))
    items = texts()
    dump("texts.json", [as_json(item) for item in items])
    base = None
    for name, make in (("gpt2", make_gpt2), ("llama3", make_llama3), ("qwen2", make_qwen2),
            ("llama2", make_llama2)):
        document = make(lines)
        base = base or document
        dump(f"{name}.json", document)
        dump(f"{name}.expected.json", expectations(document, items))
    few = variant_items(items)
    variants = []
    for name, patch in variant_patches():
        try:
            expected = expectations({**base, **patch}, few)
        except Exception as error:
            sys.exit(f"variant '{name}': {error}")
        variants.append({"name": name, "base": "gpt2", "patch": patch, "expected": expected})
    dump("variants.json", {"texts": [as_json(item) for item in few], "variants": variants})
    print(f"{len(items)} texts, {len(variants)} variants")


if __name__ == "__main__":
    main()
