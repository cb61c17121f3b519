"""Arguments and steps that subcommands share: the checkpoint, lines of a corpus, the decoding, the results' folder."""

import argparse
import json
import os
import platform
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from model.language.ngram import NgramModel, load_language_model
from results.reading.decoding import THOROUGH, Decoding
from results.roles import Role, load_as
from results.tables import aligned
from results.trained import FOLDER, TrainedModel, bundled
from utils.arguments import seed_number
from utils.errors import InputError
from utils.files import atomic_path, near_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FILE_SUFFIXES = (".svg", ".png", ".pdf", ".gif", ".json", ".html")
"""Suffixes of results, which no folder has."""


def loaded(args: argparse.Namespace, role: type[Role]) -> Role:
    """The network that the command line names, or the bundled one of the role.

    Raises InputError where it names one of another role, or none where any network would do.
    """
    if args.resume is None:
        if not role.abilities:
            raise InputError("no checkpoint is named; add -r RUN, or -r saved/pretrained/FILE.pt")
        args.resume = bundled(role.abilities[-1])
    return load_as(role, args.resume, args.device)


def add_network(parser: argparse.ArgumentParser, *, default: Any = argparse.SUPPRESS) -> None:
    """Add the checkpoint and the device. In a subcommand they have no default, which would hide those before it."""
    parser.add_argument(
        *("-r", "--resume", "--checkpoint"),
        metavar="CHECKPOINT",
        default=default,
        help="the network: a checkpoint, a run, or a folder of runs (its newest); most commands have a bundled one",
    )
    devices = ["auto", "cpu", "cuda"]
    device = "auto" if default is None else default
    parser.add_argument("--device", default=device, choices=devices, help="a GPU if there is one (auto), or this")


def output_folder(path: Path) -> Path:
    """The folder, made where it was not.

    Raises InputError where it cannot be.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot write there ({error.strerror}); choose another --out") from None
    return path


def require_place(out: Path) -> None:
    """Raise InputError, before any work, where neither a folder nor a file can be made at `out`."""
    nearest = next(place for place in (out, *out.parents) if place.exists())
    folder = out.parent if nearest == out and out.is_file() else nearest
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        reason = "it is no folder" if not folder.is_dir() else "no permission"
        raise InputError(f"{folder}: cannot write there ({reason}); choose another --out")


def cell(value: Any) -> str:
    """A number or text for a table; "" of None."""
    return "" if value is None else f"{value:,.4f}" if isinstance(value, float) else str(value)


def save_text(path: Path, text: str) -> None:
    """Write a file whole or not at all, and print its path, and whether there was one."""
    before = {path} if path.exists() else set()
    with atomic_path(path) as scratch:
        scratch.write_text(text, encoding="utf-8")
    print_made([path], before)


def save_figures(args: argparse.Namespace, figure: "Figure", suffixes: tuple[str, ...] = (".svg", ".png")) -> None:
    """Write a figure as <command>.svg and the like, and print the paths."""
    from render.figures.figure import save_figure  # matplotlib takes a second to load

    out = output_folder(args.out)
    before = {*out.iterdir()}
    for suffix in suffixes:
        save_figure(figure, out / f"{args.command}{suffix}")
        print_made([out / f"{args.command}{suffix}"], before)


def print_made(paths: Iterable[Path], before: Collection[Path]) -> None:
    """Print the paths of files that were made, and which of them replaced one that was there `before`."""
    for path in paths:
        print(f"{path}{' (written over)' * (path in before)}")


def save_numbers(
    args: argparse.Namespace, numbers: dict[str, Any], shown: list[str] | None = None, folder: Path | None = None
) -> None:
    """Print a table of the plain numbers (or those `shown`), and write <command>.json with inputs and versions.

    folder  where it is written; None: --out
    """
    names = numbers if shown is None else shown
    rows = [[name, cell(numbers[name])] for name in names if not isinstance(numbers[name], dict | list)]
    if rows:
        print(aligned(rows))
    inputs = {name: value for name, value in vars(args).items() if value is not None and name != "first"}
    versions = {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}
    content = {**numbers, "inputs": inputs, "versions": versions}
    text = json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n"
    save_text(output_folder(folder or args.out) / f"{args.command}.json", text)


def folder_name(text: str) -> Path:
    """The folder that an option names.

    Raises ArgumentTypeError where it is named as a file of results is, and is no folder.
    """
    path = Path(text)
    if path.suffix.lower() in FILE_SUFFIXES and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text}: names a file; several are made, so name a folder for them")
    return path


def file_name(text: str) -> Path:
    """The file to be made that an option names.

    Raises ArgumentTypeError, before hours of work are lost, where there is no such folder, or the file is one.
    """
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        fault = "it is a folder" if path.is_dir() else f"there is no folder {path.parent}"
        raise argparse.ArgumentTypeError(f"cannot write {text}: {fault}")
    return path


def add_out(parser: argparse.ArgumentParser, text: str = "", kind: Callable[[str], Path] = folder_name) -> None:
    """Add the folder for what is made."""
    help_text = text or "folder for what is made (default: out)"
    parser.add_argument("-o", "--out", type=kind, default=Path("out"), help=help_text)


def add_sampling(parser: argparse.ArgumentParser, bias: float = 0.5) -> None:
    """Add the bias and the seed of a writing."""
    parser.add_argument(
        "--bias", type=float, default=bias, help=f"0 as varied as the data, higher more regular ({bias:g})"
    )
    parser.add_argument("--seed", type=seed_number, default=1, help="the same seed gives the same writing (1)")


def add_corpus(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name lines of a prepared corpus."""
    parser.add_argument("--corpus", help="prepared corpus in data/ (default: the one that the network was trained on)")
    parser.add_argument("--split", nargs="+", help="its splits (default: what is held back for validation)")
    parser.add_argument(
        "--data-dir", type=Path, default=Path("data"), help="folder of the prepared corpora (default: data)"
    )


def splits_of(args: argparse.Namespace, network: TrainedModel[Any]) -> list[str] | None:
    """The splits that are named, or those that the network was validated on where it is that corpus; else None."""
    return args.split or network.validated_on(args.corpus)


def add_decoding(parser: argparse.ArgumentParser, *, tuned: bool) -> None:
    """Add the arguments of a `Decoding`; not `tuned`: without those that are tuned."""
    parser.add_argument(
        "--beam", type=int, help="how many texts a beam search follows (default: none, greedy; with --lm 16)"
    )
    lm_help = "language model: english, or a file of prepare_data.py language-model"
    parser.add_argument("--lm", type=Path, required=not tuned, metavar="LM", help=lm_help)
    parser.add_argument(
        "--ctc-weight", type=float, help="share of the CTC head in the score, 0 to 1 (default: as trained)"
    )
    if not tuned:
        return
    spacings_help = (
        "distances of the points, in those that the network learned: a line is read at each until a reading is sure, "
        f"and the surest is kept (default of read: {' '.join(f'{spacing:g}' for spacing in THOROUGH)}; else 1)"
    )
    parser.add_argument("--spacings", type=float, nargs="+", metavar="X", help=spacings_help)
    parser.add_argument("--lm-weight", type=float, help="weight of the language model (default: 0.4)")
    parser.add_argument(
        "--length-bonus", type=float, help="nats added for each character, against short texts (default: 1 with --lm)"
    )


def decoding_options(args: argparse.Namespace) -> dict[str, Any]:
    """The settings of a `Decoding` that the command line names.

    Raises InputError where it names the weight of a language model without one.
    """
    if args.lm_weight is not None and not args.lm:
        raise InputError("--lm-weight is that of a language model; name it with --lm, such as --lm english")
    options = {name: getattr(args, name) for name in ("beam", "lm_weight", "ctc_weight", "length_bonus")}
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    given |= {"spacings": tuple(args.spacings)} if args.spacings else {}
    return given | ({"language_model": language_model(args.lm)} if args.lm else {})


def language_model(path: Path) -> NgramModel:
    """Return the language model of a file or, where there is none, the bundled one of that name.

    Raises InputError where there is neither.
    """
    named = FOLDER / f"{path}.npz"
    if not path.exists() and not named.exists():
        names = ", ".join(sorted(file.stem for file in FOLDER.glob("*.npz")))
        raise InputError(f"{path}: no such language model{near_name(path)}; bundled are {names}")
    return load_language_model(named if named.exists() and not path.exists() else path)


def decoding_argument(args: argparse.Namespace, network: TrainedModel[Any]) -> dict[str, Decoding]:
    """`decoding` for `read` and `evaluate`, where the command line names settings of it.

    Raises InputError where it does and the network reads no lines.
    """
    options = decoding_options(args)
    if options and not network.can("read lines"):
        raise InputError(f"{network.path}: {network.arch} {network.does}; --beam, --lm and the like are not for it")
    return {"decoding": Decoding(**options)} if options else {}
