"""What a trained checkpoint can do: write a text, or freely; read ink; measure itself on a corpus.

from experiments import load, read, write
writing = write(load("saved/pretrained/conditional.pt"), "any text", bias=0.5)
readings = read(load("saved/models/recognition/..."), lines)
"""

import argparse
import json
import sys
import unicodedata
from pathlib import Path
from typing import Any

import torch

from data_loader.alphabet import Alphabet
from data_loader.formats.report import Report
from model.language_model import load_language_model
from model.reading_errors import character_edits, plain
from model.recognizer import Seq2SeqRecognizer
from results import LineReading, Loaded, load, read, write
from results.density import evaluate
from results.ink_files import ink_of
from results.reading import Decoding, recognizer_of
from results.reading_corpus import read_corpus, reading_page
from results.reading_tuning import tune_on_corpus
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


def read_command(loaded: Loaded, args: argparse.Namespace) -> None:
    """Print what is read in files of ink, a line a row; with --explain draw which ink each character came from."""
    recognizer_of(loaded)
    options, report = decoding_options(args), Report()
    lines = ink_of(args.files, report)
    print(*report.summary(), sep="\n", end="\n" if report.summary() else "", file=sys.stderr)
    readings = read(loaded, lines, **options)
    print("\n".join(rows_of(readings)))
    if args.explain:
        from results.reading_picture import save_explained  # matplotlib takes a second to load

        out = output_folder(args.out)
        for number, reading in enumerate(readings, 1):
            print(*save_explained(reading, out / f"reading-{number}"), sep="\n")


def rows_of(readings: list[LineReading]) -> list[str]:
    """Of each line confidence, id and text; before the text the CER where one has a transcription of its own."""
    widest = max((len(reading.line.id) for reading in readings), default=0)
    told = any(reading.line.text for reading in readings)
    rows = []
    for reading in readings:
        true, text = plain(reading.line.text), plain(reading.text)
        cer = f"CER {100 * character_edits(text, true) / len(true):5.1f} %" if true else ""
        rows.append(f"{reading.confidence:.2f}  {reading.line.id:{widest}}  {f'{cer:11}  ' * told}{reading.text}")
    return rows


def decoding_options(args: argparse.Namespace) -> dict[str, Any]:
    """How to find the text of a line, as `read` and `Decoding` take it."""
    options = {name: getattr(args, name) for name in ("beam", "lm_weight", "ctc_weight", "length_bonus")}
    given = {name: value for name, value in options.items() if value is not None}
    return given | {"language_model": load_language_model(args.lm) if args.lm else None}


def evaluate_command(loaded: Loaded, args: argparse.Namespace) -> None:
    """Measure on a split, print a table, save the numbers; of a network that reads also a page of its worst lines."""
    split = args.split
    if split is None and args.corpus in (None, loaded.facts["corpus"]):
        split = loaded.config["data_loader"]["args"].get("valid")
    made = {"checkpoint": str(loaded.path), "torch": torch.__version__}
    if isinstance(loaded.model, Seq2SeqRecognizer):
        decoding = Decoding(**decoding_options(args))
        found = read_corpus(loaded, args.corpus, split, args.data_dir, args.batch_size, decoding)
        numbers = made | {"lm": str(args.lm) if args.lm else None} | decoding.settings | found.numbers()
        page = reading_page(found, numbers)
    else:
        numbers = made | evaluate(loaded.model, loaded.facts, args.corpus, split, args.data_dir, args.batch_size)
        page = None
    for name, value in numbers.items():
        if not name.startswith("by_") and name != "confusion":
            print(f"{name:28} {value:,.4f}" if isinstance(value, float) else f"{name:28} {value}")
    out = output_folder(args.out)
    written = {"evaluate.json": json.dumps(numbers, indent=1, ensure_ascii=False) + "\n", "evaluate.html": page}
    for name, text in written.items():
        if text is not None:
            (out / name).write_text(text, encoding="utf-8")
            print(out / name)


def tune_command(loaded: Loaded, args: argparse.Namespace) -> None:
    """Print error rates by the language model's weight and the length bonus, the best first."""
    model = load_language_model(args.lm)
    rates = tune_on_corpus(
        loaded, args.corpus, args.split, args.data_dir, model, beam=args.beam or 16, num_lines=args.lines
    )
    print("CER      --lm-weight  --length-bonus")
    for (lm_weight, bonus), cer in rates.items():
        print(f"{100 * cer:5.2f} %  {lm_weight:11}  {bonus:14}")


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
    reading = commands.add_parser("read", help="read ink: InkML, jsonl or SVG")
    reading.add_argument("files", nargs="+", type=Path, metavar="FILE", help=".inkml, .jsonl, .jsonl.gz or .svg")
    reading.add_argument("--explain", action="store_true", help="draw which ink each character came from")
    measuring = commands.add_parser("evaluate", help="error rates of a reader, nats per line of a writer, on a split")
    measuring.add_argument("--batch-size", type=int, default=64)
    tuning = commands.add_parser("tune", help="which say a language model should have, on a split to validate on")
    tuning.add_argument("--lines", type=int, default=400, help="lines drawn by lot (default: 400)")
    exporting = commands.add_parser("export", help="weights alone, to be shipped or to begin a new run from")
    exporting.add_argument("file", type=Path)
    exporting.add_argument("--half", action="store_true", help="in half precision, half the size")
    for command in (writing, reading, measuring):
        command.add_argument("--out", type=Path, default=Path("out"), help="folder for what is made (default: out)")
    for command in (measuring, tuning):
        add_corpus(command)
    for command in (reading, measuring, tuning):
        add_decoding(command, tuned=command is not tuning)
    args = parser.parse_args()
    if args.command is None:
        args = parser.parse_args(["-r", args.resume, "--device", args.device, "write"])
        args.first = True
    return args


def add_corpus(command: argparse.ArgumentParser) -> None:
    """Add the arguments that name lines of a prepared corpus."""
    command.add_argument("--corpus", help="prepared corpus (default: the one it was trained on)")
    command.add_argument("--split", nargs="+", help="splits of the corpus (default: its validation split)")
    command.add_argument("--data-dir", type=Path, default=Path("data"))


def add_decoding(command: argparse.ArgumentParser, *, tuned: bool) -> None:
    """Add the arguments of a `Decoding`; not `tuned`: those that are to be found are left out."""
    command.add_argument("--beam", type=int, help="texts followed side by side (default: greedily, with --lm 16)")
    command.add_argument("--lm", type=Path, required=not tuned, help="language model of prepare_data.py language-model")
    command.add_argument("--ctc-weight", type=float, help="share of the CTC head (default: as it was trained)")
    if tuned:
        command.add_argument("--lm-weight", type=float, help="its say in each next character (default: 0.9)")
        command.add_argument(
            "--length-bonus", type=float, help="nats that each character adds (default: 2.1 with --lm)"
        )


@one_line_errors
def main() -> None:
    args = parse_arguments()
    loaded = load(args.resume, args.device)
    if getattr(args, "first", False) and writer_of(loaded).reads_text:
        args.text = "".join(character for character in FIRST_TEXT if character in loaded.facts["alphabet"])
    commands = {"write": write_command, "read": read_command, "evaluate": evaluate_command, "tune": tune_command}
    commands.get(args.command, export_command)(loaded, args)


if __name__ == "__main__":
    main()
