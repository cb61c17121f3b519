"""write: a text, or freely, as pictures."""

import argparse
import unicodedata

from commands.common import add_out, add_sampling, loaded, output_folder
from data_loader.alphabet import Alphabet
from results.writing import save_writing, write, writer_of

FIRST_TEXT = "The pen writes what was never written."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="?", help="what to write; a line break in it begins a new line")
    add_sampling(parser)
    parser.add_argument("--n", type=int, default=1, help="how many times to write it")
    parser.add_argument("--animate", action="store_true", help="the pen at work too, as GIF and as SVG")
    parser.add_argument("--substitute", action="store_true", help="stand-ins for what is not in the alphabet")
    add_out(parser)


def run(args: argparse.Namespace) -> None:
    """Write, save the pictures, say where they lie and which lines went wrong."""
    network = loaded(args)
    text = args.text
    if args.first and writer_of(network).reads_text:
        text = "".join(character for character in FIRST_TEXT if character in network.facts["alphabet"])
    if text is not None and args.substitute:
        text, used = Alphabet(network.facts["alphabet"]).substitute(unicodedata.normalize("NFC", text))
        if used:
            print("written instead: " + ", ".join(f"{new!r} for {old!r}" for old, new in used.items()))
    writings = write(network, text, bias=args.bias, seed=args.seed, n=args.n)
    out = output_folder(args.out)
    for copy, writing in enumerate(writings):
        for path in save_writing(writing, out / f"writing-{args.seed + copy}", animate=args.animate):
            print(path)
        capped = [
            text for text, drawn in zip(filter(None, writing.texts), writing.samples, strict=False) if not drawn.stopped
        ]
        if capped:
            print(f"seed {args.seed + copy}: ended by the cap, not by the network: {'; '.join(map(repr, capped))}")
