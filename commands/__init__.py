"""The subcommands of experiments.py, one file each: its arguments, and what it does."""

from types import ModuleType
from typing import NamedTuple

from commands import (
    alike,
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
    """A line of help, the module whose `add_arguments` and `run` are the command, and what to type after its name."""

    help: str
    module: ModuleType
    example: str


COMMANDS = {
    "write": Command(
        "write a text by hand: SVG, PNG, PDF, GIF, or a plotter's G-code",
        write,
        '"Dear Anna, thank you!" --style 4 --bias 1 --paper a5 -o letter.svg',
    ),
    "read": Command(
        "read ink from files of Xournal++, InkML, SVG, Excalidraw or jsonl", read, "letter.svg --draw --lm english"
    ),
    "evaluate": Command(
        "measure a network on a corpus: error rates of a reader, nats per line of a writer",
        evaluate,
        "-r saved/pretrained/recognition.pt --corpus synthetic --split valid",
    ),
    "legibility": Command(
        "measure how well a reader reads what a network writes, compared with real lines",
        legibility,
        "--kinds --n 10 --bias 1",
    ),
    "alike": Command(
        "measure how often what is written in a writer's style is taken for that writer's",
        alike,
        "--corpus synthetic --split valid --writers 12",
    ),
    "characters": Command(
        "draw every character within words, and mark in red where a reader misreads it", characters, "--n 10"
    ),
    "window": Command(
        "draw which character of the text a network attends to while it writes", window, '"good morning" --bias 1'
    ),
    "density": Command("draw where a network expects each next point", density, '"good morning" --bias 1'),
    "bias-sweep": Command("draw a text at several biases", bias_sweep, '"good morning" --bias 0 1 2'),
    "prime": Command("draw a text in the handwriting of some lines", prime, '"good morning" --style 2 4'),
    "interpolate": Command(
        "draw a text in handwriting between that of two lines", interpolate, '"good morning" --style 2 4 --bias 1'
    ),
    "animate": Command("draw the moving pen, as GIF and SVG", animate, '"good morning" --bias 1 --speed 2'),
    "report": Command("make a web page about a run", report, "-r saved/pretrained/conditional.pt --corpus synthetic"),
    "compare": Command(
        "make a web page about several runs", compare, "saved/pretrained/conditional.pt saved/pretrained/writer-iam.pt"
    ),
    "tune": Command(
        "choose the weight of a language model on a validation split",
        tune,
        "-r saved/pretrained/recognition.pt --lm saved/pretrained/language.npz --corpus synthetic",
    ),
    "calibrate": Command(
        "fit a reader's confidence, so that of words read with 90 %% confidence 90 %% are right",
        calibrate,
        "calibrated.pt -r saved/pretrained/reader.pt --corpus synthetic",
    ),
    "export": Command(
        "save the weights alone, to publish or to begin a new run from",
        export,
        "weights.pt -r saved/pretrained/conditional.pt --bits 16",
    ),
}
"""The subcommands by their names."""
