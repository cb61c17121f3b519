"""Draw the picture of docs/transformations.md."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot

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
    *({"scale": 0.3}, {"shear": 0.4}, {"rotate": 8}, {"jitter": 0.3}, {"speed": 0.5}, {"crop_words": (1, 0.3)}),
]


def draw_line(axes: Any, line: InkLine, before: InkLine, title: str) -> None:
    """Draw ink and its points over the ink as it was before, in grey, titled with the change and the text."""
    shift = line.points[0, :2] - before.points[0, :2]
    for stroke in pen_strokes(before.points):
        axes.plot(*(stroke + shift).T, color="#d0c8b8", linewidth=2.5)
    for stroke in pen_strokes(line.points):
        axes.plot(*stroke.T, color="#1a1a2e", linewidth=0.7, marker=".", markersize=1.5)
    axes.set_title(f"{title}: {len(line.points)} points, {line.text}", fontsize=7, loc="left")
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.axis("off")


def draw(path: Path) -> None:
    """Write the figure: a line of the built-in corpus before and after each transformation and augmentation."""
    lines = list(synthetic_lines(num_writers=5, lines_per_writer=6, valid_writers=0))[-6:]
    line = max(lines, key=lambda candidate: len(candidate.text) if len(candidate.text) < 30 else 0)
    shown = [(line, line, "as it is")]
    for given in TRANSFORMS:
        source = [line]
        if "normalise_baseline" in given:
            source = [replace(line, points=mapped(line.points, rotation(-0.1)))]
        if "join_words" in given:
            source = [short for short in lines if len(short.text) < 20][:2]
        (after, *_) = Transform(**given).lines(source)
        shown.append((after, source[0], label_of("transform", given)))
    for given in AUGMENTS:
        for seed in (1, 2):
            points, text = Augment(**given)(line.points, line.text, np.random.default_rng(seed))
            before = InkLine("", text, "", "", points) if "crop_words" in given else line
            shown.append((InkLine("", text, "", "", points), before, label_of("augment", given)))
    figure, axes = pyplot.subplots(len(shown) // 2, 2, figsize=(11, 0.8 * len(shown) // 2 + 2))
    for place, (after, before, title) in zip(axes.T.flat, shown, strict=True):
        draw_line(place, after, before, title)
    figure.tight_layout()
    figure.savefig(path, dpi=90)


def label_of(kind: str, given: dict[str, Any]) -> str:
    """Describe a transformation as in a config."""
    return f"{kind} " + ", ".join(f"{name} {value}" for name, value in given.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/transformations.png"))
    args = parser.parse_args()
    draw(args.out)
    print(args.out)


if __name__ == "__main__":
    main()
