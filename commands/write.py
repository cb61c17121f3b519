"""write: a text, or freely, as pictures."""

import argparse
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from commands.common import add_out, loaded, print_made, save_numbers
from commands.handwriting import add_text, best_of, styles_of
from commands.paper import (
    GRID_SUFFIXES,
    add_machine,
    add_paper,
    given_text,
    grid_files,
    left_over,
    line_length_of,
    machine_of,
    names_of,
    out_suffix,
    page_options,
    paper_of,
    pen_of,
)
from results.reading.decoding import GREEDY
from results.reading.reader import Reader
from results.roles import load_as
from results.writing.best_of import BestOf
from results.writing.digits import write_number
from results.writing.lines import SUFFIXES, Style, Writing, require_sane
from results.writing.styles import seeded_style, style_grid
from results.writing.writer import FIRST_TEXT, Writer
from utils.arguments import seed_number
from utils.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_text(parser)
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
        "--networks",
        nargs="+",
        metavar="RUN",
        help="write digits, each by the first of these networks that learned it; replaces -r",
    )
    add_paper(parser)
    add_machine(parser)
    files = ".svg, .png, .pdf or .gif, or with --machine as its files do"
    add_out(parser, f"folder for what is made, or a file ending in {files} (default: out)", Path)


def refuse(args: argparse.Namespace, mode: str, names: Iterable[str]) -> None:
    """Raise InputError where the command line has options, by their names in `args`, that a mode does not use."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    unused = [name for name in names if getattr(args, name) != parser.get_default(name)]
    if unused:
        options = ", ".join("--" + name.replace("_", "-") for name in unused)
        raise InputError(f"{mode}; leave out {options}")


def run(args: argparse.Namespace) -> None:
    """Write, save the pictures, print their paths and the lines that went wrong."""
    several = not args.networks and (len(args.style) > 1 or len(args.bias) > 1)
    if several:
        mode = "several styles or biases make one plain picture"
        refuse(args, mode, ["n", "animate", *page_options()])
    _, _, machine = paper_of(args), pen_of(args), machine_of(args)  # refused before a network is loaded
    suffix = out_suffix(args.out, GRID_SUFFIXES if several else (*SUFFIXES, *([machine.suffix] if machine else [])))
    if args.networks:
        _save_writings(args, _by_many(args), suffix)
        return
    for bias in args.bias:
        require_sane(bias, args.seed, args.n)
    if several:
        draw = _save_grid(args, suffix)
    else:
        _, writings, draw = write_copies(args, args.bias[0], args.n)
        _save_writings(args, writings, suffix)
    if draw:
        save_numbers(args, name_choices(draw), folder=args.out.parent if suffix else None)


def order(args: argparse.Namespace, copies: int = 1) -> tuple[Writer, str | None, list[Style | None], BestOf | None]:
    """The network, the text, its styles, and the choice among several writings, that the command line names.

    Without a network and a style these are the bundled styles that the seeds pick, one for each copy. Prints them, and
    the characters that the network hardly knows.
    """
    if args.best_of is None:
        refuse(args, "without --best-of K nothing is read", ["reader"])
    by_seed = not (args.hand or args.resume or args.style or args.hands or args.first)
    network = _of_hand(args) if args.hand else loaded(args, Writer)
    if args.style or network.own_line:
        refuse(args, "a style or a hand is the handwriting of all lines", ["hands"])
    text = _text(args, network)
    if by_seed:
        args.style = [seeded_style(args.seed + copy) for copy in range(copies)]
    draw = best_of(args, network, load_as(Reader, args.reader, args.device) if args.reader else None, GREEDY)
    styles = styles_of(args, network)
    if by_seed:
        names = f"style{'s' * (copies > 1)} {', '.join(dict.fromkeys(args.style))}"
        print(f"in the bundled {names}; --style names another, --hands one makes one up")
    if network.own_line:
        print(f"in the hand of {network.own_line.name} (must not be used to pass as them)")
    _name_rare(network, text)
    return network, text, styles, draw


def write_copies(args: argparse.Namespace, bias: float, copies: int = 1) -> tuple[Writer, list[Writing], BestOf | None]:
    """Write what the command line names in copies, of seeds from --seed on.

    Returns the network, the writings, and the choice among several if there was one.
    """
    paper = paper_of(args)
    network, text, styles, draw = order(args, copies)
    lengths = [line_length_of(network, text, paper, style) for style in styles]  # refused before anything is written
    writings = []
    for number, (style, length) in enumerate(zip(styles, lengths, strict=True)):  # one for each copy, or one for all
        writings += network.write_copies(
            text,
            copies // len(styles),
            bias=bias,
            seed=args.seed + number,
            style=style,
            draw=draw,
            chars_per_line=length,
            hands=args.hands or "one",
        )
    return network, writings, draw


def name_choices(draw: BestOf) -> dict[str, Any]:
    """Print how each line is read that was chosen among several, and return the numbers."""
    numbers = draw.numbers()
    for line in numbers["lines"]:
        rates = f"CER {100 * line['cer_first']:.1f} % of the first, {100 * line['cer_kept']:.1f} % of candidate"
        alike = f"; likeness {line['alike_first']:.2f}, {line['alike_kept']:.2f}" if "alike_kept" in line else ""
        print(f"{line['text']!r}: {rates} {line['kept']}{alike}")
    return numbers


def name_capped(writing: Writing, seed: int) -> None:
    """Print the lines that the network did not end by itself."""
    lines = zip(filter(None, writing.texts), writing.samples, strict=False)
    capped = [text for text, drawn in lines if not drawn.stopped]
    if capped:
        print(f"seed {seed}: hit the limit of points before their end: {'; '.join(map(repr, capped))}")


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
    able, used = network.spelling.substitute(text)
    if args.substitute and used:
        print("written instead: " + ", ".join(f"{new!r} for {old!r}" for old, new in used.items()))
    wanted = "".join((able if args.substitute else text).split())
    missing = network.alphabet.missing(network.spelling.plain(wanted))
    if missing:
        without = "leave it out" if len(missing) == 1 else "leave them out"
        hint = without if args.substitute or not {*missing} & {*used} else "add --substitute for what looks alike"
        named = ", ".join(f"{character!r} (U+{ord(character):04X})" for character in missing[:10])
        raise InputError(f"{network.path} cannot write {named}{' and others' if missing[10:] else ''}; {hint}")
    return able if args.substitute else text


def _name_rare(network: Writer, text: str | None) -> None:
    """Print which characters the network hardly knows: those that are drawn, and others with their stand-ins."""
    if not network.reads_text or text is None:
        return
    signs = [character for character in dict.fromkeys(text) if character in network.spelling.signs]
    if signs:
        print(f"drawn in place of an {network.spelling.letter!r} that the network writes: {' '.join(signs)}")
    rare = network.spelling.well_known.missing("".join(network.spelling.plain(text).split()))
    if rare:
        drawn, read = network.facts.get("characters", {}), network.facts.get("read_right", {})
        why = {each: f"{100 * read[each]:.0f} % read right" for each in rare if each in read}
        why |= {each: f"{drawn.get(each, 0)} drawings" for each in rare if each not in read}
        named = ", ".join(f"{each!r} ({why[each]})" for each in rare)
        hint = "; --substitute writes what stands for it" if {*rare} & {*network.spelling.substitute(text)[1]} else ""
        print(f"may be illegible: {named}{hint}")


def _by_many(args: argparse.Namespace) -> list[Writing]:
    """The number, each digit written by its network."""
    mode = "--networks writes a number, at one --bias"
    refuse(args, mode, ["resume", "hand", "style", "hands", "substitute", "best_of", "alike", "reader"])
    text = given_text(args)
    if text is None or len(args.bias) > 1:
        raise InputError(f"{mode}; name both")
    networks = [load_as(Writer, path, args.device) for path in args.networks]
    return write_number(networks, text, bias=args.bias[0], seed=args.seed, n=args.n)


def _save_writings(args: argparse.Namespace, writings: list[Writing], suffix: str) -> None:
    """Save writings in a folder, or where --out has a suffix in its format, and print the paths."""
    paper, pen, machine = paper_of(args), pen_of(args), machine_of(args)
    moving = [".animated.svg", ".gif"] if args.animate else []
    pictures = [*dict.fromkeys([*([suffix] if suffix else [".svg", ".png"]), *moving])]
    names = names_of(args, len(writings), suffix)
    for copy, (writing, stem) in enumerate(zip(writings, names, strict=True)):
        before, made = {*stem.parent.iterdir()}, []
        for end in pictures:
            if end.lower() in SUFFIXES:
                made += writing.save(stem.with_name(stem.name + end), paper=paper, pen=pen)
        if machine:
            made += writing.plot(stem, machine, paper=paper)
        print_made(made, before)
        for path in left_over(stem, pictures, made, before):
            print(f"{path}: of an earlier writing, left as it was")
        name_capped(writing, args.seed + copy)


def _save_grid(args: argparse.Namespace, suffix: str) -> BestOf | None:
    """Write in each style at each bias, save one picture of all, and return the choice among candidates, if any."""
    network, text, styles, draw = order(args)
    lines, titles = style_grid(network, text, styles, args.bias, args.seed, draw, args.hands or "one")
    from render.figures.figure import lines_figure, save_figure  # matplotlib takes a second to load

    for path in grid_files(args.out, suffix):
        before = {path} if path.exists() else set()
        save_figure(lines_figure(lines, titles), path)
        print_made([path], before)
    return draw
