"""The subcommands of experiments.py, one file each: its arguments, and what it does."""

from types import ModuleType
from typing import NamedTuple

from commands import (
    animate,
    bias_sweep,
    calibrate,
    characters,
    compare,
    density,
    evaluate,
    export,
    interpolate,
    legibility,
    prime,
    read,
    report,
    tune,
    window,
    write,
)


class Command(NamedTuple):
    """A line of help, and the module whose `add_arguments` and `run` are the command."""

    help: str
    module: ModuleType


COMMANDS = {
    "write": Command("write a text, or freely, as SVG and PNG", write),
    "read": Command("read ink: InkML, jsonl, SVG, Xournal++, ...", read),
    "evaluate": Command("error rates of a reader, nats per line of a writer, on a split", evaluate),
    "legibility": Command("how well a recognizer reads what is written, compared with real lines", legibility),
    "characters": Command("figure: each character in some words, red where it is misread", characters),
    "window": Command("figure: what it attends to in its text while it writes", window),
    "density": Command("figure: where it expects each next point", density),
    "bias-sweep": Command("figure: a text at several biases", bias_sweep),
    "prime": Command("figure: a text in the handwriting of real lines", prime),
    "interpolate": Command("figure: a text in handwriting between that of two real lines", interpolate),
    "animate": Command("the pen at work, as GIF and SVG", animate),
    "report": Command("all about a run on one web page", report),
    "compare": Command("several runs on one web page", compare),
    "tune": Command("tune the language-model weight and length bonus on a validation split", tune),
    "calibrate": Command(
        "fit the confidence of a reader, so that of words read with 90 %% confidence 90 %% are right", calibrate
    ),
    "export": Command("weights alone, to publish or to begin a new run from", export),
}
