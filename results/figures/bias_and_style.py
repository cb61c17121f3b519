"""Figures of one text by bias, by style and between styles, each with the numbers that it shows."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ink.geometry import slant, x_height
from render.figures.rows import Row, rows_figure
from results.figures.trace import one_line
from results.figures.window_and_density import Shown
from results.writing.interpolation import write_between
from results.writing.lines import Style, require_sane
from results.writing.writer import Writer
from utils.errors import InputError


def bias_sweep(writer: Writer, text: str | None, *, biases: Sequence[float], seed: int = 1, n: int = 2) -> Shown:
    """Return a text n times at every bias, the same seeds at each. Graves (2013), fig. 16 and 17."""
    rows, numbers = [], []
    for bias in biases:
        for copy, (points, stopped) in enumerate(_written(writer, text, bias, seed, n)):
            rows.append(Row("" if copy else f"bias {bias:g}", points))
            numbers.append(
                {"bias": bias, "seed": seed + copy, "stopped_by_itself": stopped, **measures_of(points, text)}
            )
    return rows_figure(rows), {"text": text, "lines": numbers}


def prime(
    writer: Writer, text: str | None, styles: Sequence[Style], *, biases: Sequence[float], seed: int = 1
) -> Shown:
    """Return, below each real line (grey), a text in its style at every bias. Graves (2013), fig. 18 to 21.

    The numbers of a real line are next to those of the lines written after it.
    """
    rows, numbers = [], []
    for style in styles:
        real, measures = _real(writer, style)
        rows.append(real)
        lines: list[dict[str, Any]] = []
        for bias in biases:
            ((points, stopped),) = _written(writer, text, bias, seed, 1, style)
            rows.append(Row(f"bias {bias:g}", points))
            lines.append({"bias": bias, "stopped_by_itself": stopped, **measures_of(points, text)})
        numbers.append({**measures, "lines": lines})
    return rows_figure(rows), {"text": text, "styles": numbers}


def interpolate(
    writer: Writer,
    text: str | None,
    styles: tuple[Style, Style],
    *,
    steps: int = 5,
    bias: float = 0.5,
    seed: int = 1,
) -> Shown:
    """Return a text in `steps` styles from the first to the second, between the two real lines (grey).

    Raises InputError where the network cannot write it.
    """
    if steps < 1:
        raise InputError(f"steps is {steps}; it must be 1 or more")
    require_sane(bias, seed, steps)
    line = one_line(writer, text)
    shares = np.linspace(0, 1, steps).tolist()
    samples = write_between(writer, line or "", styles, shares, bias=bias, seed=seed)
    inks = [writer.points(sample.strokes) for sample in samples]
    (first, first_numbers), (last, last_numbers) = (_real(writer, style) for style in styles)
    rows = [Row(f"{100 * share:.0f} %", ink) for share, ink in zip(shares, inks, strict=True)]
    numbers = [
        {"share": share, "stopped_by_itself": sample.stopped, **measures_of(ink, line)}
        for share, sample, ink in zip(shares, samples, inks, strict=True)
    ]
    return rows_figure([first, *rows, last]), {
        "text": line,
        "styles": [first_numbers, last_numbers],
        "lines": numbers,
    }


def measures_of(points: np.ndarray, text: str | None) -> dict[str, Any]:
    """Return measures of a line, points (T, 3): x-height in the data set's units, slant in x per y, lengths."""
    numbers = {"n_points": len(points), "x_height": x_height(points), "slant": slant(points)}
    if text:
        numbers |= {
            "points_per_character": len(points) / len(text),
            "width_per_character": float(np.ptp(points[:, 0])) / len(text),
        }
    return numbers


def _real(writer: Writer, style: Style) -> tuple[Row, dict[str, Any]]:
    points = writer.points(style.strokes)
    label = f"style {style.name}" if style.name.isdigit() else style.name
    return Row(label, points, faded=True), {
        "style": style.name,
        "style_text": style.text,
        **measures_of(points, style.text),
    }


def _written(
    writer: Writer, text: str | None, bias: float, seed: int, n: int, style: Style | None = None
) -> list[tuple[np.ndarray, bool]]:
    """Return n copies of a line: points, and whether the network ended it itself."""
    writings = writer.write_copies(one_line(writer, text), n, bias=bias, seed=seed, style=style)
    return [(writing.lines[0], writing.samples[0].stopped) for writing in writings]
