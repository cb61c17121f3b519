"""The text that `write` is given, the paper and the pen it is written with, and the files it goes to."""

import argparse
import os
import re
import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import get_args

from commands.common import output_folder
from render.ink.page import cut_words, reflowed
from render.ink.paper import SIZES, Align, Paper
from render.ink.pen import INK_COLOR, PEN_MM, Pen
from render.ink.plotter import LANGUAGES, MACHINES, Machine, load_machine, require_paper, require_vpype
from results.writing.line_length import line_length
from results.writing.lines import SUFFIXES, Style
from results.writing.writer import Writer
from utils.errors import InputError

GRID_SUFFIXES = (".svg", ".png", ".pdf")
"""Suffixes of one picture of several styles or biases."""


def add_paper(parser: argparse.ArgumentParser) -> None:
    """Add the paper and the pen."""
    sizes = ", ".join(SIZES)
    parser.add_argument("--paper", metavar="SIZE", help=f"{sizes}, or WxH in mm, landscape 297x210 (default: a slip)")
    parser.add_argument(
        "--margin", type=float, metavar="MM", help="margin on all sides (default: 20, less on a small sheet)"
    )
    parser.add_argument(
        "--size",
        type=float,
        metavar="MM",
        help="height of small letters (default: 2.8, or to fill a sheet, or by --line-spacing)",
    )
    parser.add_argument(
        "--line-spacing", type=float, metavar="MM", help="from baseline to baseline (default: size / 0.28)"
    )
    parser.add_argument("--align", choices=get_args(Align), help="where lines begin (default: left)")
    parser.add_argument(
        "--slant",
        type=float,
        default=0.0,
        metavar="DEGREES",
        help="lean the ink to the right, or to the left if negative (0)",
    )
    parser.add_argument("--ruled", action="store_true", help="rule the paper, in a layer of its own in SVG")
    parser.add_argument("--straight", action="store_true", help="level every line")
    parser.add_argument("--pen", type=float, default=PEN_MM, metavar="MM", help=f"width of the line ({PEN_MM:g})")
    parser.add_argument("--color", default=INK_COLOR, help=f'color of the ink, a name or "#rrggbb" ({INK_COLOR})')
    line = parser.add_mutually_exclusive_group()
    line.add_argument(
        "--polyline", action="store_true", help="SVG of straight pieces from point to point, not of curves"
    )
    line.add_argument("--filled", action="store_true", help="SVG of filled outlines, thinner where the pen was faster")


def add_machine(parser: argparse.ArgumentParser) -> None:
    """Add the plotter."""
    machines = ", ".join(sorted(path.stem for path in MACHINES.glob("*.toml")))
    parser.add_argument(
        "--machine", metavar="NAME", help=f"G-code or HPGL for a plotter too: {machines}, or a TOML file of yours"
    )


def page_options() -> list[str]:
    """The names in `args` of the options of paper, pen and plotter."""
    parser = argparse.ArgumentParser()
    add_paper(parser)
    add_machine(parser)
    return list(vars(parser.parse_args([])))


def paper_of(args: argparse.Namespace) -> Paper:
    """The paper that is named, or a slip."""
    options = {"margin": args.margin, "x_height": args.size, "line_spacing": args.line_spacing, "align": args.align}
    given = {name: value for name, value in options.items() if value is not None}
    sheet = Paper.sheet(args.paper) if args.paper is not None else Paper()
    return replace(sheet, ruled=args.ruled, straight=args.straight, slant=args.slant, **given)


def pen_of(args: argparse.Namespace) -> Pen:
    """The pen that is named."""
    return Pen(args.pen, args.color, "polyline" if args.polyline else "filled" if args.filled else "curves")


def line_length_of(network: Writer, text: str | None, paper: Paper, style: Style | None = None) -> int | None:
    """The number of characters of a line, see `line_length`; words that are longer, and so are cut, are printed."""
    length = line_length(network, text, paper, style)
    cut = cut_words(text or "", length) if length and network.can("write lines") else []
    if cut:
        print(f"longer than a line of {length} characters, so cut: {', '.join(map(repr, cut))}")
    return length


def machine_of(args: argparse.Namespace) -> Machine | None:
    """The plotter that is named, or None.

    Raises InputError where there is no such plotter, it does not take the paper, or vpype is not installed.
    """
    if not args.machine:
        return None
    machine = load_machine(args.machine)
    require_vpype()
    paper = paper_of(args)
    require_paper(machine, paper.width, paper.height)
    return machine


def given_text(args: argparse.Namespace) -> str | None:
    r"""The text that the command line gives: itself, of a file or of standard input; "\n" in itself is a line break.

    Raises InputError where it gives two, an empty one, or a file that cannot be read as text.
    """
    text = _text_or_file(args)
    if text is not None and not text.strip():
        raise InputError("the text is empty; there is nothing to write")
    return reflowed(text) if text is not None and args.reflow else text


def _text_or_file(args: argparse.Namespace) -> str | None:
    if args.file is not None and args.text is not None:
        raise InputError("a text and --file are two texts; leave one out")
    source = args.file if args.file is not None else "-" if args.text == "-" else None
    if source is None:
        text = args.text
        if text and os.path.isfile(text):  # False for any text, even one too long for a name
            print(f"{text} is a file: --file {text} writes what is in it", file=sys.stderr)
        return None if text is None else text.replace("\\n", "\n")
    try:
        content = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{source}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{source}: is no text in UTF-8; save it as UTF-8") from None


def out_suffix(out: Path, suffixes: Sequence[str]) -> str:
    """The end of --out, one of `suffixes` in any case, where it names a file; "" where it names a folder.

    Raises InputError where it ends in another suffix and is no folder yet. Digits are none: a folder may be bias0.5.
    """
    if out.is_file() and not out.suffix:
        raise InputError(f"{out}: is a file, and not of a picture's name; choose another --out")
    if out.is_dir() or not out.suffix or out.suffix[1:].isdigit():
        return ""
    for suffix in suffixes:
        if out.name.lower().endswith(suffix) and len(out.name) > len(suffix):
            return out.name[-len(suffix) :]
    is_plot = out.suffix[1:].lower() in LANGUAGES and tuple(suffixes) == SUFFIXES
    hint = "a plotter's needs --machine NAME" if is_plot else "if it is a folder, make it first"
    raise InputError(f"{out}: a file ends in {', '.join(suffixes)} here; {hint}")


def names_of(args: argparse.Namespace, copies: int, suffix: str) -> list[Path]:
    """The paths of `copies` writings without their suffixes; `suffix` is that of --out, "" of a folder.

    In a folder they are numbered from the seed on, or from the next number at which no writing is there. An --out that
    ends as a picture does is the file itself, which is written over.
    """
    if suffix:
        stem = args.out.with_name(args.out.name[: -len(suffix)])
        output_folder(stem.parent)
        several = [stem.with_name(f"{stem.name}-{args.seed + copy}") for copy in range(copies)]
        return [stem] if copies == 1 else several
    folder = output_folder(args.out)
    first, note = args.seed, ""
    while taken := [n for n in range(first, first + copies) if is_taken(folder / f"writing-{n}")]:
        note = note or f"{folder}/writing-{taken[0]} is there already"
        first += 1
    if note:
        print(f"seed {args.seed}: {note}; this is writing-{first}")
    return [folder / f"writing-{first + copy}" for copy in range(copies)]


def is_taken(stem: Path) -> bool:
    """True if there is a file of this name with any suffix, or a page of it."""
    return any(True for end in (".*", "-page*") for _ in stem.parent.glob(stem.name + end))


def left_over(stem: Path, suffixes: Iterable[str], made: Collection[Path], before: Collection[Path]) -> list[Path]:
    """The files from `before` that are pages of an earlier writing of this name, and not `made` anew."""
    pages = re.compile(rf"{re.escape(stem.name)}(-page\d+)?({'|'.join(map(re.escape, suffixes))})")
    return sorted(path for path in before if path not in made and pages.fullmatch(path.name))


def grid_files(out: Path, suffix: str) -> list[Path]:
    """The files of one picture of several styles or biases: `out` if it has a suffix, or styles.svg and .png in it.

    Where these are there already they are styles-2 and so on.
    """
    if suffix:
        return [output_folder(out.parent) / out.name]
    folder = output_folder(out)
    stems = (folder / f"styles{f'-{number}' * (number > 1)}" for number in count(1))
    stem = next(stem for stem in stems if not is_taken(stem))
    return [stem.with_name(stem.name + end) for end in (".svg", ".png")]
