"""Write docs/config.md: every key of a config, from the signatures and docstrings of what a config builds.

python -m benchmarks.config_page
"""

import argparse
import inspect
import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import MISSING
from pathlib import Path
from typing import Any

from trainer.run import CATALOGUE, RESERVED
from utils.signature import dataclass_of, dataclass_of_items, describe, named_parameters

PAGE = Path("docs/config.md")
ENTRY = re.compile(r"(\w+(?:, \w+)*)(?:  +|: )(\S.*)")
"""The line of a docstring at which the description of one or more arguments begins."""
OBJECTS = "[transformations.md](transformations.md) has the keys"
TORCH = "https://docs.pytorch.org/docs/stable/generated/torch.optim.{}.html"
HEAD = """# Config keys

For those who train: every key of a `config_*.json`, what it takes, its default and its meaning.
Type commands in the project's folder, after `source .venv/bin/activate` ([install](README.md#install)).

```bash
python train.py -c config_conditional.json --check                              # the whole config, resolved and checked
python train.py -c config_conditional.json --set trainer.ema_decay=0.99 --lr 1e-3 --check       # with other values
```

A config has the sections below. Those but `trainer` are `{"type": ..., "args": {...}}`, with a class and its keys;
`metrics` is a list of these. `--set SECTION.args.KEY=VALUE` (`--set trainer.KEY=VALUE`) overrides a value. Unknown,
missing and wrongly typed keys are all reported together, before a run directory is made. A dash means that a key has no
default and must be given. `python -m benchmarks.config_page` makes this page from the code.

| key | value | default | meaning |
|---|---|---|---|
| `name` | folder name | - | the folder of the runs, below `saved/models` and `saved/log` |
| `seed` | integer | `1` | the seed of all random choices |
| `device` | one of "auto", "cpu", "cuda" | `"auto"` | the device to train on; "auto" is a GPU where there is one |
| `init_from` | path | none | a checkpoint or run directory whose weights a new run begins from, as `--init-from` |
"""
ABOUT = {
    "arch": "The network.",
    "data_loader": "Corpora, and how lines become batches.",
    "loss": "The value that a training makes smaller.",
    "metrics": "Values that a validation reports; none is required.",
    "optimizer": "The optimizer.",
    "lr_scheduler": "The learning rate by epoch; it changes at every step.",
    "trainer": "The training; this section has its keys at once, without `type` and `args`.",
}


def descriptions(constructor: Callable[..., Any]) -> dict[str, str]:
    """Return what the docstrings of a constructor and of the classes above it say about each argument."""
    texts: dict[str, str] = {}
    for owner in reversed(constructor.__mro__ if isinstance(constructor, type) else [constructor]):
        names: list[str] = []
        for line in (inspect.cleandoc(owner.__doc__ or "")).splitlines():
            entry = ENTRY.fullmatch(line)
            known = entry and set(entry[1].split(", ")) <= set(named_parameters(constructor))
            if entry and known:
                names = entry[1].split(", ")
                texts |= dict.fromkeys(names, entry[2])
            elif entry or not line:
                names = []
            else:
                texts |= {name: f"{texts[name]} {line.strip()}" for name in names}
    return texts


def summary(constructor: Callable[..., Any]) -> str:
    """Return the first paragraph of a docstring, on one line."""
    return " ".join(inspect.cleandoc(constructor.__doc__ or "").split("\n\n")[0].split())


def rows(constructor: Callable[..., Any], reserved: Collection[str]) -> Iterator[str]:
    """Yield a row of the table for every key that a config may have.

    Raises KeyError naming an argument that no docstring describes.
    """
    texts = descriptions(constructor)
    for name, parameter in named_parameters(constructor).items():
        if name in reserved:
            continue
        annotation, default = parameter.annotation, parameter.default
        given = default is not inspect.Parameter.empty and default is not MISSING
        meaning = texts[name].rstrip(".").replace("<", "&lt;")
        if dataclass_of(annotation) or dataclass_of_items(annotation):
            meaning = f"{meaning}; {OBJECTS}"
        cells = [f"`{name}`", describe(annotation), f"`{json.dumps(default)}`" if given else "-", meaning]
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def table(constructor: Callable[..., Any], reserved: Collection[str]) -> str:
    """Return the table of a constructor's keys, or a sentence where there is none."""
    if constructor.__module__.startswith("torch."):
        return f"The keys are [torch's]({TORCH.format(constructor.__name__)})."
    lines = list(rows(constructor, reserved))
    head = ["| key | value | default | meaning |", "|---|---|---|---|"]
    return "\n".join([*head, *lines]) if lines else "It has no keys."


def page() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for section, choices in CATALOGUE.items():
        parts.append(f"## {section}\n\n{ABOUT[section]}\n")
        reserved = RESERVED.get(section, set())
        if callable(choices):
            parts.append(f"{table(choices, reserved)}\n")
            continue
        for name, constructor in choices.items():
            about = "" if constructor.__module__.startswith("torch.") else f"{summary(constructor)}\n\n"
            parts.append(f"### {name}\n\n{about}{table(constructor, reserved)}\n")
    return "\n".join(parts)


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
