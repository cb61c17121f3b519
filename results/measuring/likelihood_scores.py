"""How well lines were predicted: what is lost a line and a point, with standard errors, by length and by writer."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

GRAVES: list[dict[str, Any]] = [
    {"network": "prediction, 1 layer", "nats_per_line": -1025.7, "sse": 0.40},
    {"network": "prediction, 3 layers", "nats_per_line": -1041.0, "sse": 0.41},
    {"network": "prediction, 3 layers, adaptive weight noise", "nats_per_line": -1057.7, "sse": 0.41},
    {"network": "synthesis", "nats_per_line": -1096.9, "sse": 0.23},
    {"network": "synthesis, adaptive weight noise", "nats_per_line": -1128.2, "sse": 0.23},
]
"""Graves (2013), tables 3 and 4: on the same split of IAM-OnDB."""
LENGTHS = 5
TOLD = {
    "nats_per_line": "nats per line",
    "nats_per_point": "nats per point",
    "end_of_stroke_nats": "of these for pen lifts",
    "sse": "squared error per point",
    "lattice_bits_per_point": "lattice bits per point",
}


class LineSums(NamedTuple):
    """Of L lines, each (L,): sums over their points.

    nats     negative log-density of the strokes, pen lifts included
    end      the part of the pen lifts in it
    error    squared distance from the mixture's mean to the true offset, both axes together
    lattice  negative log-probability of strokes on the lattice, pen lifts included, nats; NaN where there is none
    points   predicted points
    """

    nats: Any
    end: Any
    error: Any
    lattice: Any
    points: Any


def scores(sums: LineSums, writers: Sequence[str]) -> dict[str, Any]:
    """Nats a line and a point, squared error and bits a point, with standard errors; by length and by writer.

    Lengths are fifths of the lines by their points; the parts, weighted by their lines or points, add up to the whole.
    """
    bounds = np.quantile(sums.points, np.arange(1, LENGTHS) / LENGTHS)
    fifth, names = np.searchsorted(bounds, sums.points), np.array(writers)
    by_length = [_some(sums, fifth == number) for number in np.unique(fifth)]
    by_writer = [{"writer": str(name)} | _some(sums, names == name) for name in np.unique(names)]
    return _some(sums, sums.points > 0) | {"by_length": by_length, "by_writer": by_writer}


def _some(sums: LineSums, chosen: np.ndarray) -> dict[str, Any]:
    """The numbers of the chosen lines."""
    nats, end, error, lattice, points = (column[chosen] for column in sums)
    one = np.ones_like(points)
    numbers: dict[str, Any] = {"n_lines": len(points), "n_points": int(points.sum())}
    numbers |= {"shortest_line": int(points.min()) + 1, "longest_line": int(points.max()) + 1}
    measures = {
        "nats_per_line": (nats, one),
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


def density_table(numbers: dict[str, Any]) -> str:
    """The numbers of `evaluate` as a short text, with what others reached on the same lines."""
    where = f"{numbers['corpus']} {', '.join(numbers['splits'])}"
    rows = [f"{where}: {numbers['n_lines']:,} lines, {numbers['n_points']:,} predicted points"]
    for name, told in TOLD.items():
        value, error = numbers[name], numbers[f"{name}_standard_error"]
        if value is None:
            rows.append(f"{told:26} {numbers['lattice']}")
        else:
            digits = 1 if name == "nats_per_line" else 3
            rows.append(f"{told:26} {value:9.{digits}f}" + (f" ± {error:.{digits}f}" if error is not None else ""))
    if numbers["graves_2013"]:
        rows += ["", f"{'':60} nats per line  squared error"]
        for row in [{"network": "this network", **numbers}, *_named(numbers["graves_2013"])]:
            rows.append(f"{row['network']:60} {row['nats_per_line']:13.1f}  {row['sse']:13.2f}")
    return "\n".join(rows)


def _named(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"network": f"Graves (2013), {row['network']}"} for row in rows]
