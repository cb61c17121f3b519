"""The likeness of the lines of a page: pages that a network writes, next to real forms of the same texts.

python -m benchmarks.pages --corpus iam-ondb --split testset_v
"""

import argparse
import math
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.reports import table
from data_loader.prepare import open_corpus
from ink.geometry import baseline_slope, slant, x_height
from ink.strokes import InkLine
from results.roles import load_as
from results.trained import bundled
from results.writing.writer import Writer
from utils.errors import InputError, one_line_errors

LINES = 6
MEASURES = ("slant", "x-height", "width per character", "slope, degrees")
LETTER_LINES = 40


def forms_of(corpus: str, splits: Sequence[str], data_dir: Path, count: int) -> list[list[InkLine]]:
    """Return the first LINES lines of `count` forms, evenly chosen; a line's id is its form's, "-" and its number.

    Raises InputError where there are fewer forms of so many lines.
    """
    opened, forms = open_corpus(corpus, data_dir), defaultdict[str, list[int]](list)
    for line in opened.lines_of(splits).tolist():
        forms[opened.id(line).rpartition("-")[0]].append(line)
    whole = [sorted(lines, key=opened.id)[:LINES] for _, lines in sorted(forms.items()) if len(lines) >= LINES]
    if len(whole) < count:
        raise InputError(f"{opened.folder}: {len(whole)} forms have {LINES} lines, {count} are wanted")
    chosen = np.linspace(0, len(whole) - 1, count).astype(int)
    return [[opened.line(line) for line in whole[form]] for form in chosen.tolist()]


def measured(lines: Sequence[np.ndarray], texts: Sequence[str]) -> tuple[np.ndarray, float]:
    """Return the standard deviations (4,) of MEASURES over the lines of a page, and the mean slope in degrees upward.

    Those of x-height and width per character are in shares of their means.
    """
    rows = np.array(
        [
            (
                slant(ink),
                x_height(ink),
                np.ptp(ink[:, 0]) / len(text),
                -math.degrees(math.atan(baseline_slope(ink))),
            )
            for ink, text in zip(lines, texts, strict=True)
        ]
    )
    spread = rows.std(0, ddof=1)
    spread[1:3] /= rows[:, 1:3].mean(0)
    return spread, float(rows[:, 3].mean())


def row(name: str, pages: Sequence[tuple[np.ndarray, float]]) -> tuple[str, ...]:
    """Return the medians of the deviations within pages, and the deciles and median of the pages' mean slopes."""
    spreads, slopes = zip(*pages, strict=True)
    cells = [f"{value:.3f}" for value in np.median(spreads, 0)[:3]]
    low, middle, high = np.quantile(slopes, [0.1, 0.5, 0.9])
    return name, *cells, f"{np.median(spreads, 0)[3]:.2f}", f"{low:.1f}, {middle:.1f}, {high:.1f}"


@one_line_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-r", "--resume", type=Path, default=bundled("write lines"))
    parser.add_argument("--corpus", default="iam-ondb", help="its texts are written, and its forms are measured")
    parser.add_argument("--split", nargs="+", default=["testset_v"])
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--pages", type=int, default=50, help="forms, and seeds from 0 on")
    parser.add_argument("--bias", type=float, nargs="+", default=[0.5, 1.0])
    args = parser.parse_args()
    writer = load_as(Writer, args.resume, "cpu")
    forms = forms_of(args.corpus, args.split, args.data_dir, args.pages)
    texts = [[line.text for line in form] for form in forms]
    pages = [measured([line.points for line in form], page) for form, page in zip(forms, texts, strict=True)]
    rows: list[tuple[str, ...]] = [("within a page", *MEASURES, "mean slope of a page"), row("real forms", pages)]
    for bias in args.bias:
        for hands in ("one", "each"):
            written = [
                writer.write("\n".join(page), bias=bias, seed=seed, hands=hands, chars_per_line=max(map(len, page)))
                for seed, page in enumerate(texts)
            ]
            pages = [measured(writing.lines, page) for writing, page in zip(written, texts, strict=True)]
            rows.append(row(f"--hands {hands}, bias {bias:g}", pages))
    print("\n".join(table(*rows)))
    start, letter = time.process_time(), [line for page in texts for line in page][:LETTER_LINES]
    writer.write("\n".join(letter), bias=args.bias[-1], chars_per_line=max(map(len, letter)))
    print(f"A page of {len(letter)} lines: {time.process_time() - start:.1f} s of CPU time.")


if __name__ == "__main__":
    main()
