"""A sweep: trainings that differ in some values alone, with the same seed; a table, and a picture of their writing.

    python -m benchmarks.sweep -c config_digits.json --corpus mnist-digits --epochs 4 \\
        --vary optimizer.type=SGD,Adam --vary optimizer.args.lr=0.005,0.02 --out out/optimizers

With several --vary every combination is run, one after the other. The table has the values of the last epochs.
"""

import argparse
import itertools
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from base.stopping import Interrupted
from benchmarks.reports import table
from parse_config import ConfigParser, add_arguments, from_args
from render.figures.figure import save_figure
from render.ink.grid import grid_page
from render.ink.pen import INK_COLOR
from results.roles import load
from results.trained import TrainedModel
from trainer.run import CATALOGUE, RESERVED, train
from utils.errors import InputError, one_line_errors
from utils.files import atomic_path
from utils.strict_json import parse_json, shown

Values = list[tuple[str, Any]]
"""The paths in the config that a run varies, each with its value."""
BIAS, SEED = 0.5, 1
CELL_MM, LABEL_MM = 12.0, 42.0
PEN_POINTS = 0.9


def varied(text: str) -> Values:
    """Parse PATH=VALUE,VALUE into pairs of path and value; each value is JSON or a bare string, as in --set."""
    path, equals, values = text.partition("=")
    if not (path and equals and values):
        raise argparse.ArgumentTypeError(
            f"expected PATH=VALUE,VALUE as in optimizer.args.lr=1e-3,1e-2, got {shown(text)}"
        )
    try:
        return [(path, value) for value in parse_json(f"[{values}]")]
    except InputError:
        return [(path, _value(value)) for value in values.split(",")]


def _value(text: str) -> Any:
    try:
        return parse_json(text)
    except InputError:
        return text


def configs_of(args: argparse.Namespace) -> Iterator[tuple[Values, ConfigParser]]:
    """Yield every combination of values with its config, whose run is made in the folder of the sweep.

    Raises InputError where a config has a fault.
    """
    for values in itertools.product(*args.vary):
        config = from_args(args)
        for path, value in [*values, ("trainer.save_dir", str(args.out)), ("trainer.verbosity", 0)]:
            config.override(path, value)
        config.check(CATALOGUE, RESERVED)
        yield list(values), config


def label_of(values: Values) -> str:
    """Describe a run by its values, each with the last part of its path."""
    return ", ".join(
        f"{path.rpartition('.')[2] if not path.endswith('.type') else path.split('.')[0]} {value}"
        for path, value in values
    )


def run(config: ConfigParser) -> tuple[TrainedModel[Any] | None, dict[str, float], str]:
    """Train as the config says: the network, its last validation values and seconds, and the error if it failed."""
    started = time.perf_counter()
    try:
        outcome = train(config)
    except Interrupted as stop:
        print(stop)
        raise SystemExit(130) from None
    except InputError as error:
        return None, {"seconds": time.perf_counter() - started}, str(error)
    measured = {name: value for name, value in outcome.numbers.items() if name.startswith("val_")}
    return load(outcome.folder), {**measured, "seconds": time.perf_counter() - started}, ""


def report(runs: Sequence[tuple[Values, dict[str, float], str]]) -> str:
    """Return the runs as a table in Markdown; a failed run has dashes, and its error follows the table."""
    names = list(dict.fromkeys(name for _, numbers, _ in runs for name in numbers if name != "seconds"))
    head = ("", *(name.removeprefix("val_").replace("_", " ") for name in names), "seconds")
    rows = [
        (
            label_of(values),
            *(f"{numbers[name]:.3f}" if name in numbers else "-" for name in names),
            f"{numbers['seconds']:,.0f}",
        )
        for values, numbers, _ in runs
    ]
    wrong = [f"{label_of(values)}: {error}" for values, _, error in runs if error]
    return "\n".join([*table(head, *rows), *wrong])


def inks_of(network: Any, texts: Sequence[str] | None) -> list[np.ndarray]:
    """Have a network write the texts, or all characters that it was trained on: points (T, 3) each."""
    if network is None or not network.can("write"):
        return []
    words = list(texts or network.characters)
    drawn = network.draw_lines(words, [SEED + word for word in range(len(words))], BIAS)
    return [network.points(sample.strokes) for sample in drawn]


def picture(rows: Sequence[Sequence[np.ndarray]], labels: Sequence[str]) -> Figure:
    """Draw lines, points (T, 3) each, in a row for each label."""
    page = grid_page(rows, cell_mm=CELL_MM, margin_mm=0)
    width = LABEL_MM + page.width
    figure = Figure(figsize=(width / 25.4, page.height / 25.4))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(-LABEL_MM, page.width), ylim=(page.height, 0))
    axes.set_axis_off()
    axes.add_collection(LineCollection(page.strokes, colors=INK_COLOR, linewidths=PEN_POINTS, capstyle="round"))
    for row, label in enumerate(labels):
        axes.text(2 - LABEL_MM, (row + 0.5) * CELL_MM, label, fontsize=8, va="center", parse_math=False)
    return figure


@one_line_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--vary", action="append", type=varied, required=True, metavar="PATH=VALUE,VALUE")
    parser.add_argument("--text", nargs="+", help="texts to write (default: all characters that a run was trained on)")
    parser.add_argument("--out", type=Path, default=Path("out/sweep"), help="folder of the runs, sweep.md, sweep.png")
    args = parser.parse_args()
    if args.resume or args.init_from:
        raise InputError("a sweep is of new runs: name their config with -c, without --resume or --init-from")
    configs = list(configs_of(args))
    if args.check:
        print("\n".join(label_of(values) for values, _ in configs))
        return
    args.out.mkdir(parents=True, exist_ok=True)
    runs: list[tuple[Values, dict[str, float], str]] = []
    rows: list[list[np.ndarray]] = []
    for values, config in configs:
        network, numbers, wrong = run(config)
        runs.append((values, numbers, wrong))
        rows.append(inks_of(network, args.text))
        with atomic_path(args.out / "sweep.md") as path:
            path.write_text(report(runs) + "\n", encoding="utf-8")
    if all(wrong for *_, wrong in runs):
        raise InputError(f"no run came to its end: {runs[0][2]}")
    print(report(runs))
    if any(rows):
        save_figure(picture(rows, [label_of(values) for values, *_ in runs]), args.out / "sweep.png")
        print(args.out / "sweep.png")


if __name__ == "__main__":
    main()
