"""What a trained checkpoint can do: write a text, or freely; measure itself on a corpus.

from experiments import load, write
writer = load("saved/pretrained/conditional.pt")
writing = write(writer, "any text", bias=0.5)
"""

import argparse
import json
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from base.base_model import BaseModel, Sample
from base.batch import Batch
from data_loader.alphabet import Alphabet
from data_loader.data_loaders import collate
from data_loader.strokes import strokes_to_points
from model import MODELS
from model.sampling import HandwritingModel, sample
from parse_config import ConfigParser
from render.page import Page, lay_out, wrap_text
from render.raster import write_gif, write_png
from render.svg import write_animated_svg, write_svg
from trainer.evaluate import evaluate
from utils.checkpoint import load_checkpoint, load_weights, require_facts, save_checkpoint
from utils.device import pick_device
from utils.errors import InputError, one_line_errors
from utils.files import file_hash
from utils.progress import progress

FIRST_TEXT = "The pen writes what was never written."
LINES_AT_ONCE = 64
LINES_ON_A_SLIP = 12
MOST_BIAS = 20.0
PAGE_WIDTH_MM, PAGE_HEIGHT_MM = 210.0, 297.0


@dataclass(frozen=True)
class Loaded:
    """A trained network and what it must know of its data: alphabet, std, points per character, ..."""

    model: BaseModel
    facts: dict[str, Any]
    config: dict[str, Any]
    path: Path


@dataclass(frozen=True)
class Writing:
    """A text as it was written: the lines' texts, their points (T, 3) in the data set's units, the samples."""

    texts: list[str]
    lines: list[np.ndarray]
    samples: list[Sample]

    def pages(self) -> list[Page]:
        """A few lines on a piece of paper of their size, more on pages in A4."""
        if len(self.lines) <= LINES_ON_A_SLIP:
            return lay_out(self.lines)
        return lay_out(self.lines, width_mm=PAGE_WIDTH_MM, page_height_mm=PAGE_HEIGHT_MM)


def load(path: str | Path, device: str = "auto") -> Loaded:
    """The network of a checkpoint, ready to be used; no corpus is needed.

    Raises InputError where the file is no checkpoint, or does not fit its own config.
    """
    path = Path(path)
    checkpoint = load_checkpoint(path / "best.pt" if path.is_dir() else path)
    config, facts = ConfigParser(checkpoint["config"], str(path)), checkpoint["facts"]
    require_facts(facts, path)
    catalogue = {"arch": MODELS}
    config.check(catalogue, {"arch": {"alphabet_size", "mean_points_per_char"}})
    model = config.build("arch", catalogue, alphabet_size=len(facts["alphabet"]))
    load_weights(model, checkpoint["model"], path)
    return Loaded(model.to(pick_device(device)).eval(), facts, config.resolved, path)


def write(loaded: Loaded, text: str | None = None, *, bias: float = 0.5, seed: int = 1, n: int = 1) -> list[Writing]:
    """`text` written n times, in lines as long as those that the network learned from; without text free writing.

    The same seed gives the same writing, the n-th that of seed + n - 1.

    Raises InputError where the text holds nothing, or characters that the network cannot write.
    """
    model = writer_of(loaded)
    if (text is not None) != model.reads_text:
        raise InputError(
            f"{loaded.path}: this network must be told what to write"
            if model.reads_text
            else f"{loaded.path}: this network writes freely and cannot be told a text; leave the text out"
        )
    if not (0 <= bias <= MOST_BIAS and n >= 1 and 0 <= seed < 2**32):
        raise InputError(
            f"bias is {bias}, n {n}, seed {seed}; they must be 0 to {MOST_BIAS:g}, 1 or more, 0 to 2**32 - 1"
        )
    texts = [""] if text is None else lines_of(text, loaded.facts)
    jobs = [(seed + copy, line, line_text) for copy in range(n) for line, line_text in enumerate(texts)]
    jobs = [job for job in jobs if text is None or job[2]]
    samples: dict[tuple[int, int], Sample] = {}
    with progress(None, len(jobs), "writing") as bar:
        for first in range(0, len(jobs), LINES_AT_ONCE):
            some = jobs[first : first + LINES_AT_ONCE]
            drawn = write_lines(
                loaded, [job[2] for job in some], [job[0] * 1_000_003 + job[1] for job in some], bias, bar
            )
            samples |= {job[:2]: line for job, line in zip(some, drawn, strict=True)}
    return [
        _writing(loaded, texts, [samples.get((seed + copy, line)) for line in range(len(texts))]) for copy in range(n)
    ]


def _writing(loaded: Loaded, texts: list[str], samples: list[Sample | None]) -> Writing:
    empty = np.zeros((0, 3), np.float32)
    lines = [strokes_to_points(drawn.strokes, loaded.facts["std"]) if drawn else empty for drawn in samples]
    return Writing(texts, lines, [drawn for drawn in samples if drawn])


def writer_of(loaded: Loaded) -> HandwritingModel:
    """The network, if it is one that writes.

    Raises InputError where it is not.
    """
    if not isinstance(loaded.model, HandwritingModel):
        raise InputError(f"{loaded.path}: {loaded.config['arch']['type']} does not write")
    return loaded.model


def lines_of(text: str, facts: dict[str, Any]) -> list[str]:
    """The text in lines, all of whose characters are in the alphabet.

    Raises InputError where one is not, or nothing is left.
    """
    lines = wrap_text(unicodedata.normalize("NFC", text), facts["chars_per_line"])
    if not any(lines):
        raise InputError("the text is empty; there is nothing to write")
    Alphabet(facts["alphabet"]).encode("".join(lines))
    return lines


def write_lines(loaded: Loaded, texts: list[str], seeds: list[int], bias: float, bar: Any) -> list[Sample]:
    """Lines written in one batch, each ended by the network or by a cap that grows with its text."""
    facts, alphabet = loaded.facts, Alphabet(loaded.facts["alphabet"])
    nothing = torch.zeros(1, 3)
    batch: Batch = collate([("", nothing, torch.from_numpy(alphabet.encode(text))) for text in texts])
    model = writer_of(loaded)
    caps = [
        int(1.5 * facts["points_per_char"] * (len(text) + 3)) if model.reads_text else facts["points_per_line"]
        for text in texts
    ]
    device = next(model.parameters()).device
    return sample(model, batch.to(device), seeds=seeds, max_points=caps, bias=bias, on_end=bar.update)


def save_writing(writing: Writing, stem: Path, *, animate: bool) -> list[Path]:
    """SVG and PNG of every page, with `animate` the pen at work as GIF and SVG too: their paths."""
    saved = []
    pages = writing.pages()
    for number, page in enumerate(pages, 1):
        base = stem if len(pages) == 1 else stem.with_name(f"{stem.name}-page{number:0{len(str(len(pages)))}}")
        writers = {".svg": write_svg, ".png": write_png}
        if animate:
            writers |= {".gif": write_gif, ".animated.svg": write_animated_svg}
        for suffix, write_page in writers.items():
            path = base.with_name(base.name + suffix)
            write_page(path, page)
            saved.append(path)
    return saved


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
