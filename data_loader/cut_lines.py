"""Pages of ink become lines, and the text of each page is shared out among its lines."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
from rapidfuzz.distance import Levenshtein

from data_loader.formats.read_report import Report
from ink.geometry import down_strokes
from ink.rules import cut_writing
from ink.strokes import InkLine
from utils.errors import InputError

ReadLines = Callable[[Sequence[InkLine]], list[str]]
"""Returns the text that a trained network reads in each line."""
PAGES_AT_ONCE = 64
"""Pages whose lines are read together."""
MAX_EDITS = 0.4
"""Edits per character between a line's share of the text and its reading; with more the share is doubtful."""
MAX_MISFIT = 2.0
"""Characters between a line's end by its size and the nearest end of a word; with more it is doubtful."""
MIN_CHOICE = 5.0
"""Characters by which the nearest end of a word is nearer than the next one; with less it is doubtful. So 98 % of the
shares that are kept are right (IAM-OnDB forms)."""


def cut_page(page: InkLine) -> list[InkLine]:
    """Return the lines of a page in reading order, without texts and rules; a page of one line as it is.

    Line n of the page "a" is called "a-n"; its times begin at 0.
    """
    return lines_of_page(page, cut_writing(page.points))


def lines_of_page(page: InkLine, cuts: Sequence[np.ndarray]) -> list[InkLine]:
    """Return the lines of a page by the rows (n,) of its points that each has; see `cut_page`."""
    if len(cuts) == 1 and len(cuts[0]) == len(page.points):
        return [page]
    lines = [_piece(page, number, rows) for number, rows in enumerate(cuts, 1)]
    return lines if lines[1:] else [replace(lines[0], id=page.id, text=page.text)]


def _piece(page: InkLine, number: int, rows: np.ndarray) -> InkLine:
    times = None if page.times is None else page.times[rows] - page.times[rows[0]]
    return replace(page, id=f"{page.id}-{number}", text="", points=page.points[rows], times=times)


def cut_pages(pages: Iterable[InkLine], report: Report, read: ReadLines | None = None) -> Iterator[InkLine]:
    """Yield the lines of each page with their shares of its text.

    Line breaks of the text decide where there are as many as in the ink. Otherwise it is cut between words so that the
    edits from what `read` finds in the lines are fewest; without `read`, by the sizes of the lines. A line whose share
    is doubtful, or that is a single point, is left out and counted in `report`, and so are rules and frames.
    """
    pages = iter(pages)
    while some := list(islice(pages, PAGES_AT_ONCE)):
        cuts = [cut_page(page) for page in some]
        to_read = [line for page, lines in zip(some, cuts, strict=True) if page.text and lines[1:] for line in lines]
        readable = [line for line in to_read if len(line.points) > 1]
        readings = dict(zip((line.id for line in readable), read(readable), strict=True)) if read and readable else None
        for page, lines in zip(some, cuts, strict=True):
            rules = int(page.points[:, 2].sum() - sum(line.points[:, 2].sum() for line in lines))
            if rules:
                report.note("page without its rules and frames", page.id, f"{rules} strokes")
            yield from _with_texts(page, lines, readings, report) if lines[1:] else lines


def _with_texts(
    page: InkLine, lines: list[InkLine], readings: dict[str, str] | None, report: Report
) -> Iterator[InkLine]:
    report.note("page cut into lines", page.id, f"{len(lines)} lines")
    read = [readings.get(line.id, "") for line in lines] if readings is not None else None
    shares = share_text(page.text, lines, read) if page.text else [""] * len(lines)
    for line, share in zip(lines, shares, strict=True):
        if len(line.points) < 2:
            report.dropped("line of a single point", line.id, f"line {line.id.rpartition('-')[2]} of its page")
        elif share is None:
            kind = f"line of a doubtful text{', without --reader' * (readings is None)}"
            report.dropped(kind, line.id, f"part of {page.text[:40]!r}")
        else:
            yield replace(line, text=share)


def without_texts(lines: Iterable[InkLine]) -> Iterator[InkLine]:
    """Yield lines or pages of ink that others than their own texts are given for.

    Raises InputError where one has a text of its own.
    """
    for line in lines:
        if line.text.strip():
            raise InputError(f"{line.id}: has a text of its own, {line.text[:40]!r}; leave --texts out")
        yield line


def with_given_texts(lines: Iterable[InkLine], texts: Sequence[str]) -> Iterator[InkLine]:
    """Yield lines of ink without texts with those that their writer copied, the first with the first and so on.

    Raises InputError where there are more or fewer of them.
    """
    count = 0
    for count, line in enumerate(lines, 1):
        yield replace(line, text=texts[count - 1] if count <= len(texts) else "")
    if count != len(texts):
        inks, given = ("1 line" if n == 1 else f"{n} lines" for n in (count, len(texts)))
        raise InputError(
            f"--texts has {given}, and the ink {inks}: each line of text must be a line of ink, in this order "
            "(--cut-lines cuts pages into lines; prepare the ink without --texts and `look` shows the lines found)"
        )


def share_text(text: str, lines: Sequence[InkLine], readings: Sequence[str] | None = None) -> list[str | None]:
    """Return the share of a page's text of each of its lines, None where it is doubtful; see `cut_pages`."""
    rows = [" ".join(row.split()) for row in text.split("\n") if row.strip()]
    if len(rows) == len(lines):
        return list(rows)
    words = " ".join(rows).split()
    if len(words) < len(lines):
        return [None] * len(lines)
    return shared_by_size(words, lines) if readings is None else shared_by_reading(words, readings)


def shared_by_reading(words: Sequence[str], readings: Sequence[str]) -> list[str | None]:
    """Return each line's words such that the edits from all `readings` are fewest, by dynamic programming.

    None where the edits are more than MAX_EDITS per character; such a line counts no more than that, so that its words
    do not go to the lines next to it. Every line has a word at least.
    """
    lengths = np.cumsum([0, *(len(word) + 1 for word in words)])
    usual = int(lengths[-1]) // len(readings)
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]  # per line: cost and first word, by the word after it
    for number, reading in enumerate(readings, 1):
        longest = 10 + 2 * max(usual, len(reading))
        last_end = len(words) - (len(readings) - number)
        ends: dict[int, tuple[float, int]] = {}
        for begin, (cost, _) in best[-1].items():
            farthest = min(last_end, int(np.searchsorted(lengths, lengths[begin] + longest)))
            for end in range(begin + 1, farthest + 1) if number < len(readings) else [last_end]:
                share = " ".join(words[begin:end])
                total = cost + min(Levenshtein.distance(share, reading), MAX_EDITS * len(share))
                if begin < end and (end not in ends or total < ends[end][0]):
                    ends[end] = total, begin
        best.append(ends)
    shares: list[str | None] = []
    end = len(words)
    for reading, ends in zip(reversed(readings), reversed(best), strict=False):
        if end not in ends:
            return [None] * len(readings)
        begin = ends[end][1]
        share = " ".join(words[begin:end])
        shares.append(share if Levenshtein.distance(share, reading) < MAX_EDITS * len(share) else None)
        end = begin
    return shares[::-1]


def shared_by_size(words: Sequence[str], lines: Sequence[InkLine]) -> list[str | None]:
    """Return each line's words by its share of the page's width and down-strokes; None where either end is doubtful.

    On IAM-OnDB each end is 2.3 characters off in the median by both, 3.1 by the width alone.
    """
    sizes = np.array([[np.ptp(line.points[:, 0]), len(down_strokes(line.points))] for line in lines]) + 1e-9
    widths = (sizes / sizes.sum(0)).mean(1)
    ends = np.cumsum([len(word) + 1 for word in words])
    places = np.cumsum(widths)[:-1] * ends[-1]
    cuts, sure = [0], [True]
    for place in places:
        distance = np.abs(ends[:-1] - place)
        order = np.argsort(distance, kind="stable")
        cuts.append(int(order[0]) + 1)
        alone = len(order) < 2 or distance[order[1]] - distance[order[0]] >= MIN_CHOICE
        sure.append(bool(distance[order[0]] <= MAX_MISFIT and alone))
    cuts, sure = [*cuts, len(words)], [*sure, True]
    return [
        " ".join(words[cuts[n] : cuts[n + 1]]) if sure[n] and sure[n + 1] and cuts[n] < cuts[n + 1] else None
        for n in range(len(lines))
    ]
