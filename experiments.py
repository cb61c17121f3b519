"""What a trained checkpoint can do: write a text, or freely; measure itself on a corpus.

from experiments import load, write
writer = load("saved/pretrained/conditional.pt")
writing = write(writer, "any text", bias=0.5)
"""

import argparse
import json
import unicodedata
from pathlib import Path

import torch

from data_loader.alphabet import Alphabet
from results import Loaded, load, write
from results.density import evaluate
from results.writing import save_writing, writer_of
from utils.checkpoint import save_checkpoint
from utils.errors import InputError, one_line_errors
from utils.files import file_hash

FIRST_TEXT = "The pen writes what was never written."


def write_command(loaded: Loaded, args: argparse.Namespace) -> None:
    """Write, save the pictures, say where they lie and which lines went wrong."""
    text = args.text
    if text is not None and args.substitute:
        text, used = Alphabet(loaded.facts["alphabet"]).substitute(unicodedata.normalize("NFC", text))
        if used:
            print("written instead: " + ", ".join(f"{new!r} for {old!r}" for old, new in used.items()))
    writings = write(loaded, text, bias=args.bias, seed=args.seed, n=args.n)
    out = output_folder(args.out)
    for copy, writing in enumerate(writings):
        for path in save_writing(writing, out / f"writing-{args.seed + copy}", animate=args.animate):
            print(path)
        capped = [
            text for text, drawn in zip(filter(None, writing.texts), writing.samples, strict=False) if not drawn.stopped
        ]
        if capped:
            print(f"seed {args.seed + copy}: ended by the cap, not by the network: {'; '.join(map(repr, capped))}")


def evaluate_command(loaded: Loaded, args: argparse.Namespace) -> None:
    """Measure on a split, print a table, save the numbers."""
    split = args.split
    if split is None and args.corpus in (None, loaded.facts["corpus"]):
        split = loaded.config["data_loader"]["args"].get("valid")
    numbers = evaluate(loaded.model, loaded.facts, args.corpus, split, args.data_dir, args.batch_size)
    numbers = {"checkpoint": str(loaded.path), "torch": torch.__version__, **numbers}
    for name, value in numbers.items():
        print(f"{name:28} {value:,.4f}" if isinstance(value, float) else f"{name:28} {value}")
    path = output_folder(args.out) / "evaluate.json"
    path.write_text(json.dumps(numbers, indent=1) + "\n")
    print(path)


def export_command(loaded: Loaded, args: argparse.Namespace) -> None:
    """Write what is needed to use the network and nothing else: no optimizer, no training state."""
    weights = loaded.model.state_dict()
    if args.half:
        weights = {name: tensor.half() for name, tensor in weights.items()}
    save_checkpoint(args.file, {"config": loaded.config, "facts": loaded.facts, "model": weights})
    print(f"{args.file}: {args.file.stat().st_size / 1e6:.1f} MB, sha256 {file_hash(args.file)}")


def output_folder(path: Path) -> Path:
    """The folder, made where it was not.

    Raises InputError where it cannot be.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot write there ({error.strerror}); choose another --out") from None
    return path


def parse_arguments() -> argparse.Namespace:
    """The command line; without a subcommand the network shows what it does: it writes."""
    parser = argparse.ArgumentParser(description="What a trained checkpoint can do.")
    parser.add_argument("-r", "--resume", required=True, metavar="CHECKPOINT", help="checkpoint, or run directory")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    commands = parser.add_subparsers(dest="command")
    writing = commands.add_parser("write", help="write a text, or freely, as SVG and PNG")
    writing.add_argument("text", nargs="?", help="what to write; a line break in it begins a new line")
    writing.add_argument("--bias", type=float, default=0.5, help="0 as varied as the data, higher more regular (0.5)")
    writing.add_argument("--seed", type=int, default=1, help="the same seed gives the same writing")
    writing.add_argument("--n", type=int, default=1, help="how many times to write it")
    writing.add_argument("--animate", action="store_true", help="the pen at work too, as GIF and as SVG")
    writing.add_argument("--substitute", action="store_true", help="stand-ins for what is not in the alphabet")
    measuring = commands.add_parser("evaluate", help="nats per line and more on a split of a corpus")
    measuring.add_argument("--corpus", help="prepared corpus (default: the one it was trained on)")
    measuring.add_argument("--split", nargs="+", help="splits of the corpus (default: its validation split)")
    measuring.add_argument("--data-dir", type=Path, default=Path("data"))
    measuring.add_argument("--batch-size", type=int, default=64)
    exporting = commands.add_parser("export", help="weights alone, to be shipped or to begin a new run from")
    exporting.add_argument("file", type=Path)
    exporting.add_argument("--half", action="store_true", help="in half precision, half the size")
    for command in (writing, measuring):
        command.add_argument("--out", type=Path, default=Path("out"), help="folder for what is made (default: out)")
    args = parser.parse_args()
    if args.command is None:
        args = parser.parse_args(["-r", args.resume, "--device", args.device, "write"])
        args.first = True
    return args


@one_line_errors
def main() -> None:
    args = parse_arguments()
    loaded = load(args.resume, args.device)
    if getattr(args, "first", False) and writer_of(loaded).reads_text:
        args.text = "".join(character for character in FIRST_TEXT if character in loaded.facts["alphabet"])
    {"write": write_command, "evaluate": evaluate_command, "export": export_command}[args.command](loaded, args)


if __name__ == "__main__":
    main()
