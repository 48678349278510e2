#!/usr/bin/env python3
"""Renders the chat templates and snippets of tests/parity/templates with jinja2, set up by
transformers, and writes what the C++ interpreter has to produce: expected.json, snippets.json.

Needs transformers and jinja2. Usage: tools/make_template_references.py [DIRECTORY]
"""
import copy
import datetime
import json
import pathlib
import sys

import jinja2
from transformers.utils.chat_template_utils import _compile_jinja_template

NOW = datetime.datetime(2025, 3, 7, 14, 5, 9)

SNIPPET_CONTEXT = {
    "d": {"a": 1, "b": {"c": "x"}},
    "l": [1, 2, 3],
    "s": "hello",
    "u": "añ€😀z",
    "nested": {"list": [{"x": 1, "y": [1.5, None]}, {"x": 2, "y": "ü"}], "empty": {}},
    "shadow": {"items": "item value", "keys": 1, "get": 2},
    "people": [
        {"name": "Bo", "age": 30, "city": {"name": "Rome"}},
        {"name": "al", "age": 20},
        {"name": "Cy", "age": 30},
    ],
    "messages": [
        {"role": "system", "content": "be nice"},
        {"role": "user", "content": "it's \"me\"", "extra": 0},
        {"role": "assistant", "content": None},
    ],
}


def render(source, context):
    """{"output": text}, or {"error": kind, "message": text}."""
    try:
        template = _compile_jinja_template(source)
        template.environment.globals["strftime_now"] = NOW.strftime
        return {"output": template.render(**copy.deepcopy(context))}
    except Exception as error:  # whatever Python raises, a template author sees
        return {"error": type(error).__name__, "message": str(error)}


def read_snippets(path):
    lines = path.read_text(encoding="utf-8").split("\n")
    return [line.replace("¶", "\n") for line in lines if line and not line.startswith("# ")]


def conversations(directory):
    """Every conversation as the context that transformers passes, with and without a prompt."""
    tools = json.loads((directory / "tools.json").read_text(encoding="utf-8"))
    named = json.loads((directory / "conversations.json").read_text(encoding="utf-8"))
    for name, given in named.items():
        for prompt in (False, True):
            context = {"tools": None, "documents": None, "bos_token": "<s>", "eos_token": "</s>"}
            context.update(given)
            if context["tools"]:
                context["tools"] = tools
            context["add_generation_prompt"] = prompt
            yield name + ("+prompt" if prompt else ""), context


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main():
    default = pathlib.Path(__file__).resolve().parent.parent / "tests/parity/templates"
    directory = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    contexts = dict(conversations(directory))
    expected = {"now": NOW.isoformat(), "jinja2": jinja2.__version__, "contexts": contexts}
    expected["renders"] = {
        path.stem: {name: render(path.read_text(encoding="utf-8"), context)
                    for name, context in contexts.items()}
        for path in sorted(directory.glob("*.jinja"))
    }
    write_json(directory / "expected.json", expected)
    snippets = [{"source": source, **render(source, SNIPPET_CONTEXT)}
                for source in read_snippets(directory / "snippets.txt")]
    write_json(directory / "snippets.json", {"context": SNIPPET_CONTEXT, "snippets": snippets})
    count = sum(len(renders) for renders in expected["renders"].values())
    print(f"{len(expected['renders'])} templates, {count} renders, {len(snippets)} snippets")


if __name__ == "__main__":
    main()
