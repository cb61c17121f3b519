"""The command line of prepare_data.py: formats of ink, and what is done with a prepared corpus."""

import argparse
from pathlib import Path
from typing import Any

from data_loader.formats.registry import FORMATS
from data_loader.legible import MAX_CER
from data_loader.practice_texts import KINDS
from data_loader.prepare import BUILT_IN, EXPORTS
from data_loader.prompts import PRINTABLE
from data_loader.splits import SPLIT_BY
from results.trained import BUNDLED, FOLDER
from utils.arguments import seed_number
from utils.command_line import Parser
from utils.version import add_version

DATA_DIR = Path("data")
DESCRIPTION = "Prepare ink as corpora in data/NAME/, look at them, check them and export them."
SOURCES = {
    **{"iam-ondb": "FOLDER", "strokes-npy": "strokes-py3.npy", "mnist-strokes": "sequences.tar.gz"},
    **{"mnist-images": "t10k-images-idx3-ubyte.gz --split-by order", "inkml": "notes.inkml --cut-lines"},
    **{"quickdraw": "cat.ndjson", "sketch-npz": "cat.npz", "jsonl": "mine.jsonl"},
    **{"unipen": "train_r01_v07.tar.xz --category 8", "svg": "page.svg --cut-lines --texts prompts.txt"},
    **{"xopp": "mine.xopp --cut-lines --texts prompts.txt", "excalidraw": "page.excalidraw --cut-lines"},
}
"""The words after a format in the example of its --help."""
SUBCOMMANDS = {
    "look": ("make a page of pictures and numbers of a corpus, the odd lines first", "iam-ondb"),
    "check": ("check a prepared corpus, and name what is wrong with it", "mine --ink"),
    "compose": (
        "compose lines of numbers, dates, capitals, ... from characters of writers held back",
        "unipen-words --characters unipen-characters",
    ),
    "legible": (
        "leave out the lines to train on that a reader reads as another text, for networks that write",
        "iam-ondb",
    ),
    "practice": (
        "make lines to practise on: behind people's lines what a network wrote there and a reader reads right",
        "iam-ondb-legible --writer saved/pretrained/writer-iam.pt",
    ),
    "prompts": ("print sentences to write by hand that hold every character", "--n 20 --out prompts.txt"),
    "export": ("write a prepared corpus in another format", "mine mine.jsonl"),
    "language-model": ("learn a character n-gram model, for read --lm", "iam-ondb book.txt --out lm.npz"),
}
"""The subcommands that are not formats: a line of help, and what to type after the name."""


def parse_arguments() -> argparse.Namespace:
    parser = Parser(description=DESCRIPTION, example="python prepare_data.py jsonl mine.jsonl --name mine")
    add_version(parser)
    commands = parser.add_subparsers(
        dest="command", required=True, title="formats and subcommands", metavar="FORMAT|SUBCOMMAND"
    )
    add_formats(commands)
    add_subcommands(commands)
    for command in commands.choices.values():
        command.add_argument("--data-dir", type=Path, default=DATA_DIR, help="folder of the corpora (default: data)")
    return parser.parse_args()


def add_formats(commands: Any) -> None:
    """Add a subcommand for each format, and for each built-in corpus."""
    for name, entry in FORMATS.items():
        example = f"python prepare_data.py {name} {SOURCES[name]} --name mine"
        about = f"Make the corpus data/NAME of a source: {entry.source}."
        reading = commands.add_parser(name, help=entry.source, description=about, example=example)
        reading.add_argument("source", type=Path, help=entry.source)
        for option, arguments in entry.options.items():
            reading.add_argument(f"--{option.replace('_', '-')}", **arguments)
        reading.add_argument(
            "--cut-lines", action="store_true", help="cut pages of ink into lines, and their texts with them"
        )
        reading.add_argument(
            "--reader",
            type=Path,
            metavar="CHECKPOINT",
            help="with --cut-lines: a network that reads, to tell whose text is whose",
        )
        reading.add_argument(
            "--texts", type=Path, metavar="FILE", help="a text file with what each line of the ink says, in order"
        )
        reading.add_argument(
            "--split-by",
            choices=SPLIT_BY,
            help="choose the lines held back for validation anew (default: as the source says)",
        )
        reading.add_argument("--valid-share", type=float, default=0.1, help="share of lines held back (0.1)")
        reading.add_argument("--seed", type=seed_number, default=1, help="the same seed gives the same split (1)")
    for name in BUILT_IN:
        about = f"draw the built-in corpus {name}"
        example = f"python prepare_data.py {name}"
        commands.add_parser(name, help=about, description=f"{about.capitalize()} into data/.", example=example)
    for name in (*FORMATS, *BUILT_IN):
        commands.choices[name].add_argument("--name", help="name of the prepared corpus (default: the format's)")


def add_subcommands(commands: Any) -> None:
    """Add what is done with a prepared corpus."""
    for name, (about, words) in SUBCOMMANDS.items():
        example = f"python prepare_data.py {name} {words}"
        commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.", example=example)
    others = [commands.choices[name] for name in SUBCOMMANDS]
    looking, checking, composing, choosing, practising, prompting, exporting, learning = others
    looking.add_argument("-o", "--out", type=Path, help="the page (default: out/look-NAME.html)")
    looking.add_argument("--seed", type=seed_number, default=1, help="the same seed shows the same random lines (1)")
    checking.add_argument(
        "--ink", action="store_true", help="read every line too, and name those that do not say what their text says"
    )
    checking.add_argument(
        "--reader",
        type=Path,
        default=FOLDER / BUNDLED["read lines"],
        help="the network that reads, for --ink (default: the bundled one)",
    )
    add_compose_arguments(composing)
    add_legible_arguments(choosing)
    add_practice_arguments(practising)
    add_prompts_arguments(prompting)
    for command in (looking, checking, composing, choosing, practising, exporting, learning):
        command.add_argument("name", help="the prepared corpus")
    exporting.add_argument("target", type=Path, help="the file or folder to be made")
    exporting.add_argument("--format", choices=EXPORTS, default="jsonl", help="the format (default: jsonl)")
    exporting.add_argument("--split", nargs="+", help="these splits alone (default: all)")
    add_language_model_arguments(learning)


def add_prompts_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--n", type=int, default=20, help="how many sentences at most (20)")
    alphabet = parser.add_mutually_exclusive_group()
    alphabet.add_argument(
        "--alphabet", default=PRINTABLE, help="the characters that they must hold (default: printable ASCII)"
    )
    alphabet.add_argument("-r", "--checkpoint", type=Path, help="a network: its characters")
    parser.add_argument(
        "-o", "--out", type=Path, metavar="FILE", help="a text file, a sentence per line (default: printed)"
    )
    parser.add_argument("--seed", type=seed_number, default=1, help="another seed gives other sentences (1)")


def add_compose_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--characters", required=True, metavar="NAME", help="the prepared corpus of characters")
    parser.add_argument("--lines", type=int, default=250, help="how many lines of each kind (250)")
    parser.add_argument("--seed", type=seed_number, default=1, help="the same seed gives the same lines (1)")
    parser.add_argument("--name", dest="target", metavar="NAME", help="name of the new corpus (default: NAME-kinds)")


def add_legible_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--max-cer", type=float, default=MAX_CER, help=f"edits per character allowed ({MAX_CER})")
    reader = FOLDER / BUNDLED["read lines"]
    parser.add_argument("--reader", type=Path, default=reader, help="the network that reads (default: the bundled one)")
    parser.add_argument("--splits", nargs="+", help="splits whose lines are read (default: those to train on)")
    parser.add_argument("--name", dest="target", metavar="NAME", help="name of the new corpus (default: NAME-legible)")


def add_practice_arguments(parser: argparse.ArgumentParser) -> None:
    writer = FOLDER / BUNDLED["write lines"]
    parser.add_argument("--writer", type=Path, default=writer, help="the network that practises (the bundled one)")
    reader = FOLDER / BUNDLED["read lines"]
    parser.add_argument("--reader", type=Path, default=reader, help="the network that reads (default: the bundled one)")
    parser.add_argument("--lines", type=int, default=2000, help="how many lines (2000)")
    parser.add_argument("--candidates", type=int, default=2, help="how often each text is written (2)")
    parser.add_argument("--bias", type=float, default=0.6, help="0 as varied as the data, higher more regular (0.6)")
    parser.add_argument("--splits", nargs="+", help="splits of the people's lines (default: those to train on)")
    parser.add_argument("--seed", type=seed_number, default=1, help="the same seed gives the same lines (1)")
    parser.add_argument("--kinds", nargs="+", choices=[*KINDS], help="kinds of text (default: all)")
    parser.add_argument("--name", dest="target", metavar="NAME", help="name of the new corpus (default: NAME-practice)")


def add_language_model_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "texts",
        nargs="*",
        type=Path,
        metavar="TEXT",
        help="text files to learn from too, in lines as people write them",
    )
    parser.add_argument(
        "--corpus",
        nargs="+",
        default=[],
        metavar="NAME",
        help="more prepared corpora, whose training splits are learned too",
    )
    parser.add_argument(
        "--unseen",
        action="store_true",
        help="leave out lines whose text a line to validate has, which many people copied",
    )
    parser.add_argument("--split", nargs="+", help="splits of the first corpus (default: those to train on)")
    parser.add_argument("--order", type=int, default=8, help="length of its n-grams in characters (8)")
    parser.add_argument(
        "--min-count",
        type=int,
        default=2,
        help="how often a context must come to be kept (2); more makes a smaller file",
    )
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="LM.npz", help="the file to be made")
