"""write: a text, or freely, as pictures."""

import argparse
import unicodedata
from pathlib import Path
from typing import get_args

from commands.common import add_out, loaded, save_numbers
from commands.paper import (
    add_machine,
    add_paper,
    given_text,
    grid_files,
    machine_of,
    names_a_file,
    names_of,
    paper_of,
    pen_of,
)
from results.reading.decoding import GREEDY, Decoding
from results.reading.embedder import Embedder
from results.reading.reader import Reader
from results.roles import load_as
from results.trained import bundled
from results.writing.best_of import BestOf
from results.writing.digits import write_number
from results.writing.lines import FORMATS, Style, Writing, require_sane
from results.writing.styles import load_style, seeded_style, style_grid
from results.writing.writer import FIRST_TEXT, Hands, Writer
from utils.arguments import seed_number
from utils.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="?", help=r"what to write, or - for standard input; \n begins a new line")
    parser.add_argument("--file", metavar="FILE", help="write the text of a file, - for standard input")
    parser.add_argument(
        "--bias",
        type=float,
        nargs="+",
        default=[0.5],
        help="0 as varied as the data, higher more regular (0.5); several, or several styles, make one picture of all",
    )
    parser.add_argument("--seed", type=seed_number, default=1, help="the same seed gives the same writing (1)")
    parser.add_argument("--n", type=int, default=1, help="how many writings, of seeds from --seed on (1)")
    parser.add_argument("--animate", action="store_true", help="a GIF and an SVG of the moving pen too")
    parser.add_argument(
        "--substitute", action="store_true", help="write what looks alike for characters that it cannot write"
    )
    add_hand(parser)
    parser.add_argument(
        "--hands",
        choices=get_args(Hands),
        help="without --style: one handwriting for all lines, or another one for each (one; without -r it is the "
        "bundled style that the seed picks)",
    )
    parser.add_argument(
        "--hand",
        type=Path,
        metavar="FILE",
        help="write in the handwriting that a file holds, see docs/my-hand.md",
    )
    parser.add_argument(
        "--reader", metavar="CHECKPOINT", help="the network that reads, for --best-of (default: the bundled one)"
    )
    parser.add_argument(
        "--networks",
        nargs="+",
        metavar="RUN",
        help="write digits, each by the first of these networks that learned it; replaces -r",
    )
    parser.add_argument(
        "--data-dir", type=Path, default=Path("data"), help="folder of the prepared corpora (default: data)"
    )
    add_paper(parser)
    add_machine(parser)
    add_out(parser, "folder for what is made, or a file ending in .svg, .png, .pdf or .gif (default: out)", Path)


def add_hand(parser: argparse.ArgumentParser) -> None:
    """Add the style that lines are written in, and the number of candidates of which the best is kept."""
    parser.add_argument(
        "--style",
        nargs="+",
        action="extend",
        default=[],
        metavar="SAMPLE",
        help="whose handwriting: a bundled style (1 to 12), CORPUS:LINE_ID, or ink with its text; may be several",
    )
    parser.add_argument(
        "--best-of", type=int, metavar="K", help="write each line K times at once, word by word the most legible"
    )
    parser.add_argument(
        "--alike", action="store_true", help="with --best-of: of those read alike, keep the one most like the style"
    )


def styles_of(args: argparse.Namespace, network: Writer) -> list[Style | None]:
    """The styles that are named, or none."""
    return [load_style(network, sample, args.data_dir) for sample in args.style] or [None]


def best_of(args: argparse.Namespace, reader: Reader | None, decoding: Decoding) -> BestOf | None:
    """The choice among several writings of each line, by `reader` or the bundled one, if the command line asks for it.

    Raises InputError where --alike has nothing to choose from, or no style to compare with.
    """
    if args.best_of is None:
        if args.alike:
            raise InputError("--alike chooses among several writings: add --best-of K")
        return None
    if args.alike and not (args.style or getattr(args, "hand", None)):
        raise InputError("--alike compares with a style: add --style, or leave --alike out")
    reader = reader or load_as(Reader, bundled("read lines"), args.device)
    embedder = load_as(Embedder, bundled("compare handwriting"), args.device) if args.alike else None
    return BestOf(reader, args.best_of, decoding, embedder)


def run(args: argparse.Namespace) -> None:
    """Write, save the pictures, print their paths and the lines that went wrong."""
    if args.networks:
        _save_writings(args, _by_many(args))
        return
    paper, _, _ = paper_of(args), pen_of(args), machine_of(args)  # refused before a network is loaded
    by_seed = not (args.hand or args.resume or args.style or args.hands or args.first)
    if by_seed:
        args.style = [seeded_style(args.seed)]
    network = _of_hand(args) if args.hand else loaded(args, Writer)
    text = _text(args, network)
    if args.reader and args.best_of is None:
        raise InputError("--reader is for --best-of K: add it, or leave --reader out")
    draw = best_of(args, load_as(Reader, args.reader, args.device) if args.reader else None, GREEDY)
    styles = styles_of(args, network)
    for bias in args.bias:
        require_sane(bias, args.seed, args.n)
    if by_seed:
        print(f"in the bundled style {args.style[0]}; --style names another, --hands one makes one up")
    if network.own_line:
        print(f"in the hand of {network.own_line.name} (must not be used to pass as them)")
    _name_rare(network, text)
    if len(styles) > 1 or len(args.bias) > 1:
        _save_grid(args, network, text, styles, draw)
    else:
        length = paper.chars_per_line(network.chars_per_line) if network.reads_text else None
        writings = network.write_copies(
            text,
            args.n,
            bias=args.bias[0],
            seed=args.seed,
            style=styles[0],
            draw=draw,
            chars_per_line=length,
            hands=args.hands or "one",
        )
        _save_writings(args, writings)
    if draw:
        numbers = draw.numbers()
        for line in numbers["lines"]:
            rates = f"CER {100 * line['cer_first']:.1f} % of the first, {100 * line['cer_kept']:.1f} % of candidate"
            alike = f"; likeness {line['alike_first']:.2f}, {line['alike_kept']:.2f}" if "alike_kept" in line else ""
            print(f"{line['text']!r}: {rates} {line['kept']}{alike}")
        save_numbers(args, numbers, folder=args.out.parent if names_a_file(args.out) else None)


def _of_hand(args: argparse.Namespace) -> Writer:
    """The writer of a hand's file, on the base that -r names, if it names one.

    Raises InputError where the file holds no hand.
    """
    if args.hand.is_dir():
        raise InputError(f"{args.hand}: is a folder; --hand takes a file, which export --hand NAME makes of a run")
    network = load_as(Writer, args.hand, args.device, args.resume)
    if network.own_line is None:
        raise InputError(f"{args.hand}: is a network, and no hand; write with it by -r {args.hand}")
    return network


def _text(args: argparse.Namespace, network: Writer) -> str | None:
    """The text to write: an argument, a file, or where none is named the first text of all."""
    text = given_text(args)
    if args.first and network.reads_text:
        known = network.characters
        return "".join(character for character in FIRST_TEXT if character in known).strip() or known
    if text is None and network.reads_text and len(args.style) > 1:
        raise InputError("no text is given; put it before --style, which takes all words behind it")
    if text is None or not network.reads_text:
        return text
    text = unicodedata.normalize("NFC", text)
    able, used = network.substitute(text)
    if args.substitute and used:
        print("written instead: " + ", ".join(f"{new!r} for {old!r}" for old, new in used.items()))
    missing = network.alphabet.missing("".join((able if args.substitute else text).split()))
    if missing:
        without = "leave it out" if len(missing) == 1 else "leave them out"
        hint = without if args.substitute or not used else "add --substitute for what looks alike"
        named = ", ".join(f"{character!r} (U+{ord(character):04X})" for character in missing[:10])
        raise InputError(f"{network.path} cannot write {named}{' and others' if missing[10:] else ''}; {hint}")
    return able if args.substitute else text


def _name_rare(network: Writer, text: str | None) -> None:
    """Print which characters of a text the network hardly knows, and whether there are stand-ins for them."""
    rare = network.well_known.missing("".join((text or "").split())) if network.reads_text else []
    if rare:
        counts = network.facts["characters"]
        named = ", ".join(f"{character!r} ({counts.get(character, 0)})" for character in rare)
        hint = "; --substitute writes what stands for it" if {*rare} & {*network.substitute(text or "")[1]} else ""
        print(f"learned from few drawings (their number), so it may be illegible: {named}{hint}")


def _by_many(args: argparse.Namespace) -> list[Writing]:
    """The number, each digit written by its network."""
    others = args.resume or args.hand or args.style or args.best_of or args.alike or args.reader or len(args.bias) > 1
    text = given_text(args)
    if others or text is None:
        raise InputError(
            "--networks writes one number at one --bias, without -r, --hand, --style, --best-of and --reader"
        )
    networks = [load_as(Writer, path, args.device) for path in args.networks]
    return write_number(networks, text, bias=args.bias[0], seed=args.seed, n=args.n)


def _save_writings(args: argparse.Namespace, writings: list[Writing]) -> None:
    paper, pen, machine = paper_of(args), pen_of(args), machine_of(args)
    suffixes = [suffix for suffix in FORMATS if args.animate or suffix in (".svg", ".png")]
    names, suffixes = names_of(args, len(writings), suffixes)
    for copy, (writing, stem) in enumerate(zip(writings, names, strict=True)):
        for suffix in suffixes:
            print(*writing.save(stem.with_name(stem.name + suffix), paper=paper, pen=pen), sep="\n")
        if machine:
            print(*writing.plot(stem, machine, paper=paper), sep="\n")
        capped = [
            text for text, drawn in zip(filter(None, writing.texts), writing.samples, strict=False) if not drawn.stopped
        ]
        if capped:
            print(f"seed {args.seed + copy}: hit the limit of points before their end: {'; '.join(map(repr, capped))}")


def _save_grid(
    args: argparse.Namespace, network: Writer, text: str | None, styles: list[Style | None], draw: BestOf | None
) -> None:
    if args.n > 1 or args.animate:
        raise InputError("several styles or biases make one picture, without --n and --animate; name one of each")
    lines, titles = style_grid(network, text, styles, args.bias, args.seed, draw)
    from render.figures.figure import lines_figure, save_figure  # matplotlib takes a second to load

    for path in grid_files(args):
        save_figure(lines_figure(lines, titles), path)
        print(path)
