"""Draw the picture of docs/transformations.md."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from data_loader.augment import Augment
from data_loader.synthetic.lines import synthetic_lines
from data_loader.transform import Transform
from ink.geometry import mapped, rotation
from ink.strokes import InkLine, pen_strokes

TRANSFORMS: list[dict[str, Any]] = [
    *({"resample_distance": 0.5}, {"resample_seconds": 0.04}, {"simplify": 0.1}, {"smooth": 1.5}),
    *({"normalise_slant": True}, {"normalise_baseline": True}, {"join_words": 60}),
]
AUGMENTS: list[dict[str, Any]] = [
    *({"scale": 0.3}, {"shear": 0.4}, {"rotate": 8}, {"jitter": 0.3}, {"speed": 0.5}, {"bend": 0.2}),
    {"crop_words": (1, 0.3)},
]
TEXTS = ("it is modern", "Felix's dog")
"""Lines of one writer of the built-in corpus."""
BEFORE, INK, DOTS = "#d8cfbd", "#1a1a2e", "#d55e00"
"""The color of the ink before, of the ink after, and of its points."""
WIDTH, ROW = 9.0, 0.86
"""Inches: width of the picture, height of a row."""


class Change(NamedTuple):
    """A line after a change, the line before it, and the change as a config has it."""

    after: InkLine
    before: InkLine
    label: str


def draw_change(axes: Axes, change: Change) -> None:
    """Draw ink and its points over the ink as it was before, in grey, titled with the change."""
    after, before, label = change
    shift = after.points[0, :2] - before.points[0, :2]
    for stroke in pen_strokes(before.points):
        axes.plot(*(stroke + shift).T, color=BEFORE, linewidth=3, solid_capstyle="round")
    for stroke in pen_strokes(after.points):
        axes.plot(*stroke.T, color=INK, linewidth=0.9, marker=".", markersize=2.2, mec=DOTS, mfc=DOTS)
    axes.set_title(f"{label}: {len(after.points)} points", fontsize=9, loc="left", pad=2)
    axes.set_aspect("equal", anchor="W")
    axes.invert_yaxis()
    axes.axis("off")


def transformed(line: InkLine, another: InkLine) -> list[Change]:
    """Return the line before and after each transformation; `another` is joined to it."""
    changes = [Change(line, line, "as it is")]
    for given in TRANSFORMS:
        source = [line]
        if "normalise_baseline" in given:
            source = [replace(line, points=mapped(line.points, rotation(-0.1)))]
        if "join_words" in given:
            source = [line, another]
        (after, *_) = Transform(**given).lines(source)
        changes.append(Change(after, source[0], label_of("transform", given)))
    return changes


def augmented(line: InkLine) -> list[Change]:
    """Return the line before and after each augmentation."""
    changes = [Change(line, line, "as it is")]
    for given in AUGMENTS:
        points, text = Augment(**given)(line.points, line.text, np.random.default_rng(2))
        after = InkLine("", text, "", "", points)
        changes.append(Change(after, after if "crop_words" in given else line, label_of("augment", given)))
    return changes


def label_of(kind: str, given: dict[str, Any]) -> str:
    """Describe a transformation as a config has it."""
    return f"{kind} " + ", ".join(f"{name} {json.dumps(value)}" for name, value in given.items())


def picture() -> Figure:
    """Return the figure: a line before and after each transformation, on the left, and augmentation."""
    lines = [line for line in synthetic_lines(num_writers=2, lines_per_writer=6, valid_writers=0) if line.text in TEXTS]
    columns = [transformed(*lines), augmented(lines[0])]
    rows = max(map(len, columns))
    figure = Figure(figsize=(WIDTH, ROW * rows), layout="constrained")
    places = figure.subplots(rows, 2)
    for column, changes in enumerate(columns):
        for place, change in zip(places[:, column], changes, strict=True):
            draw_change(place, change)
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/transformations.png"), help="the picture")
    args = parser.parse_args()
    picture().savefig(args.out, dpi=150)
    print(args.out)


if __name__ == "__main__":
    main()
