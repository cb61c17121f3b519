"""Scores of predicted lines: nats per line and per point, with standard errors, by length and by writer."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from results.tables import aligned

GRAVES: list[dict[str, Any]] = [
    {"network": "prediction, 1 layer", "nats_per_line": -1025.7, "sse": 0.40},
    {"network": "prediction, 3 layers", "nats_per_line": -1041.0, "sse": 0.41},
    {"network": "prediction, 3 layers, adaptive weight noise", "nats_per_line": -1057.7, "sse": 0.41},
    {"network": "synthesis", "nats_per_line": -1096.9, "sse": 0.23},
    {"network": "synthesis, adaptive weight noise", "nats_per_line": -1128.2, "sse": 0.23},
]
"""Graves (2013), tables 3 and 4: on the same split of IAM-OnDB."""
LENGTHS = 5
LABELS = {
    "nats_per_line": "nats per line",
    "nats_per_point": "nats per point",
    "end_of_stroke_nats": "of these for pen lifts",
    "sse": "squared error per point",
    "lattice_bits_per_point": "lattice bits per point",
}


class LineSums(NamedTuple):
    """Sums over the points of L lines, each (L,).

    nats     negative log-density of the strokes, pen lifts included
    end      the part of the pen lifts in it
    error    squared distance from the mixture's mean to the true offset, both axes together
    lattice  negative log-probability of strokes on the integer lattice, pen lifts included, nats; NaN without a lattice
    points   predicted points
    """

    nats: Any
    end: Any
    error: Any
    lattice: Any
    points: Any


def scores(sums: LineSums, writers: Sequence[str]) -> dict[str, Any]:
    """Nats per line and per point, squared error and bits per point, with standard errors; by length and by writer.

    Lengths are fifths of the lines by their points; the groups, weighted by their lines or points, add up to the whole.
    """
    bounds = np.quantile(sums.points, np.arange(1, LENGTHS) / LENGTHS)
    fifth, names = np.searchsorted(bounds, sums.points), np.array(writers)
    by_length = [_some(sums, fifth == number) for number in np.unique(fifth)]
    by_writer = [{"writer": str(name)} | _some(sums, names == name) for name in np.unique(names)]
    return _some(sums, sums.points > 0) | {"by_length": by_length, "by_writer": by_writer}


def _some(sums: LineSums, chosen: np.ndarray) -> dict[str, Any]:
    """The numbers of the chosen lines."""
    nats, end, error, lattice, points = (column[chosen] for column in sums)
    lines = np.ones_like(points)
    numbers: dict[str, Any] = {"n_lines": len(points), "n_points": int(points.sum())}
    numbers |= {"shortest_line": int(points.min()) + 1, "longest_line": int(points.max()) + 1}
    measures = {
        "nats_per_line": (nats, lines),
        "nats_per_point": (nats, points),
        "end_of_stroke_nats": (end, points),
        "sse": (error, points),
        "lattice_bits_per_point": (lattice / math.log(2), points),
    }
    for name, (sum_, size) in measures.items():
        numbers |= {name: _number(sum_.sum() / size.sum()), f"{name}_standard_error": ratio_error(sum_, size)}
    return numbers


def ratio_error(sums: np.ndarray, sizes: np.ndarray) -> float | None:
    """Standard error of sum(sums) / sum(sizes) over lines (L,), as of a ratio of means; None for one line.

    With sizes of 1 it is that of the mean. Lines count as independent; those of one writer are less so.
    """
    count = len(sums)
    if count < 2:
        return None
    rest = sums - sizes * (sums.sum() / sizes.sum())
    return _number(math.sqrt((rest**2).sum() * count / (count - 1)) / sizes.sum())


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def likelihood_table(numbers: dict[str, Any]) -> str:
    """The numbers of `predict_corpus` as a short text, with those of Graves (2013) on the same lines."""
    where = f"{numbers['corpus']} {', '.join(numbers['splits'])}"
    rows = [[label, *_cells(numbers, name)] for name, label in LABELS.items()]
    text = [f"{where}: {numbers['n_lines']:,} lines, {numbers['n_points']:,} predicted points", aligned(rows)]
    if numbers["graves_2013"]:
        others = [row | {"network": f"Graves (2013), {row['network']}"} for row in numbers["graves_2013"]]
        rows = [
            [row["network"], f"{row['nats_per_line']:.1f}", f"{row['sse']:.2f}"]
            for row in ({"network": "this network", **numbers}, *others)
        ]
        text += ["", aligned([["", "nats per line", "squared error"], *rows])]
    return "\n".join(text)


def _cells(numbers: dict[str, Any], name: str) -> list[str]:
    """A number and its standard error for people, or why there is none."""
    value, error, digits = numbers[name], numbers[f"{name}_standard_error"], 1 if name == "nats_per_line" else 3
    if value is None:
        return [numbers["lattice"]]
    return [f"{value:.{digits}f}", "" if error is None else f"± {error:.{digits}f}"]
