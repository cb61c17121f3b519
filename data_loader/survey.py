"""A prepared corpus in numbers: some for every line, and the lines that stand out by them, each with the reason.

What is judged is the logarithm of a number. Its distance from the median of all lines, or of the writer's lines, is
counted in robust standard deviations (1.4826 times the median distance): `deviations`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from data_loader.corpus import Corpus
from utils.errors import InputError
from utils.progress import progress

CHUNK_POINTS = 1 << 19  # at once in memory
WORD_GAP = 0.75  # of the writer's width per character: wider free paper parts words, what fits IAM-OnDB's words best
ODD = 3.0  # deviations
FEW_CHARACTERS = 8  # a shorter text says less of the width and the points of a character
LEAST_SPREAD = 0.05  # of a logarithm: a corpus whose lines are all alike has no odd ones
WORDS_SPREAD = 0.25
PRIOR_LINES = 3  # a writer's median counts as many lines, that of all writers as these

Numbers = dict[str, np.ndarray]


@dataclass(frozen=True)
class Measure:
    """An outlier measure of lines, with its messages for too much and too little ("": never an outlier)."""

    name: str
    too_much: str
    too_little: str = ""
    by_writer: bool = False
    of_text: bool = False
    least_spread: float = LEAST_SPREAD


_POINTS = "{value:.3g} points per character, usual are {usual:.3g}: is the "
_WIDTH = "{times:.2g} times the writer's usual width per character: "
_WORDS = "by the gaps in the ink {seen:.0f}, in the text {words:.0f}: is it this line's text?"
MEASURES = (
    Measure("points per character", _POINTS + "transcription whole?", _POINTS + "ink whole?", of_text=True),
    Measure(
        "points per character", _POINTS + "transcription whole?", _POINTS + "ink whole?", by_writer=True, of_text=True
    ),
    Measure(
        "width per character",
        _WIDTH + "is the transcription whole?",
        _WIDTH + "does the text say more than the ink?",
        by_writer=True,
        of_text=True,
    ),
    Measure(
        "words seen per word",
        "words " + _WORDS,
        "words " + _WORDS,
        by_writer=True,
        of_text=True,
        least_spread=WORDS_SPREAD,
    ),
    Measure("longest jump", "a jump of {value:.3g} std: is a piece of another line in it?"),
    Measure(
        "longest move with the pen down",
        "a move of {value:.3g} std with the pen down: were points or a pen lift lost?",
    ),
    Measure("points", "{value:.0f} points, usual are {usual:.0f}: more than one line?"),
    Measure("height", "{times:.2g} times the writer's usual height: a stray mark, or two lines?", by_writer=True),
)


@dataclass(frozen=True)
class OddLine:
    """A line that stands out: its position in the corpus, by how many deviations at most, and why, in words."""

    line: int
    deviations: float
    reasons: list[str]


def line_chunks(starts: np.ndarray) -> Iterator[tuple[int, int]]:
    """Runs of lines [first, last) of at most CHUNK_POINTS points, or of one line; `starts` (L + 1,) of the index."""
    first = 0
    while first < len(starts) - 1:
        last = int(np.searchsorted(starts, starts[first] + CHUNK_POINTS, "right")) - 1
        last = min(max(last, first + 1), len(starts) - 1)
        yield first, last
        first = last


def survey(corpus: Corpus) -> Numbers:
    """Numbers of every line, each (L,) float64, NaN where a line has none.

    points, strokes, characters (spaces too), words; width, height of the ink in the data set's units; seconds;
    longest jump: the longest move from point to point, and longest move with the pen down, both in units of the
    corpus's per-axis std; points per character, width per character; words seen by the free paper between them,
    and words seen per word.
    """
    try:
        std = np.array(corpus.std(corpus.split_names))
    except InputError:  # all ink on one straight line
        std = np.ones(2)
    chunks = list(line_chunks(corpus.index["point"]))
    walk = progress(chunks, len(chunks), "measuring the lines", "piece")
    parts = [_numbers(corpus, first, last, std) for first, last in walk]
    numbers = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    characters = np.where(numbers["characters"] > 0, numbers["characters"], np.nan)
    numbers["points per character"] = numbers["points"] / characters
    numbers["width per character"] = numbers["width"] / characters
    usual = np.exp(_usual(_log(numbers["width per character"]), corpus.index["writer"][:-1]))
    words_seen = [_words_by_gaps(corpus, first, last, WORD_GAP * usual[first:last]) for first, last in chunks]
    numbers["words seen"] = np.concatenate(words_seen)
    numbers["words seen per word"] = numbers["words seen"] / np.where(numbers["words"] > 0, numbers["words"], np.nan)
    return numbers


def odd_lines(numbers: Numbers, writers: np.ndarray, max_lines: int = 60) -> list[OddLine]:
    """The lines that stand out, oddest first, each measure in turn; `writers` (L,) are labels."""
    enough = min(FEW_CHARACTERS, float(np.median(numbers["characters"]))) or 1.0
    trust = np.sqrt(np.minimum(1, numbers["characters"] / enough))
    reasons: dict[int, dict[str, tuple[float, str]]] = {}
    turns: list[tuple[int, float, int]] = []
    for measure in MEASURES:
        logs = _log(numbers[measure.name])
        usual = _usual(logs, writers if measure.by_writer else np.zeros(len(logs), np.int64))
        deviations = _deviations(logs - usual, measure.least_spread) * (trust if measure.of_text else 1)
        score = np.abs(deviations) if measure.too_little else deviations
        oddest = np.argsort(-score, kind="stable")[:max_lines]
        for rank, line in enumerate(oddest[score[oddest] > ODD].tolist()):
            words = measure.too_much if deviations[line] > 0 else measure.too_little
            why = words.format(**_values(numbers, line, measure.name, float(np.exp(usual[line]))))
            reasons.setdefault(line, {})[measure.name] = (float(score[line]), why)
            turns.append((rank, -float(score[line]), line))
    in_turn = dict.fromkeys(line for *_, line in sorted(turns))
    ranked = [(line, sorted(reasons[line].values(), reverse=True)) for line in list(in_turn)[:max_lines]]
    return [OddLine(line, why[0][0], [words for _, words in why]) for line, why in ranked]


def _values(numbers: Numbers, line: int, name: str, usual: float) -> dict[str, float]:
    """Return the values that the messages of a measure may name."""
    value = float(numbers[name][line])
    parts = {"words": float(numbers["words"][line]), "seen": float(numbers["words seen"][line])}
    return {"value": value, "usual": usual, "times": value / usual, **parts}


def writer_counts(corpus: Corpus, max_writers: int) -> list[tuple[str, str, int, int]]:
    """The `max_writers` writers with the most lines: name, splits, lines, points."""
    writers, splits = corpus.index["writer"][:-1], corpus.index["split"][:-1]
    lines = np.bincount(writers, minlength=len(corpus.card["writers"]))
    points = np.bincount(writers, corpus.lengths, minlength=len(lines))
    rows = []
    for writer in np.argsort(-lines, kind="stable")[:max_writers].tolist():
        names = ", ".join(corpus.split_names[split] for split in np.unique(splits[writers == writer]))
        rows.append((corpus.card["writers"][writer], names, int(lines[writer]), int(points[writer])))
    return rows


def _numbers(corpus: Corpus, first: int, last: int, std: np.ndarray) -> Numbers:
    """The numbers of lines [first, last) that need neither other lines nor other writers."""
    bounds = corpus.index["point"][first : last + 1]
    starts = bounds[:-1] - bounds[0]
    points = corpus._points[bounds[0] : bounds[-1]].astype(np.float64)
    size = np.maximum.reduceat(points[:, :2], starts) - np.minimum.reduceat(points[:, :2], starts)
    moves = np.append(np.hypot(*(np.diff(points[:, :2], axis=0) / std).T), 0.0)
    moves[np.append(starts[1:], len(points)) - 1] = 0
    times = corpus._times[bounds[0] : bounds[-1]]
    texts = [corpus.text(line) for line in range(first, last)]
    return {
        "points": np.diff(bounds).astype(np.float64),
        "strokes": np.add.reduceat(points[:, 2], starts),
        "characters": np.array([len(text) for text in texts], np.float64),
        "words": np.array([len(text.split()) for text in texts], np.float64),
        "width": size[:, 0],
        "height": size[:, 1],
        "seconds": np.maximum.reduceat(times, starts) - np.minimum.reduceat(times, starts),
        "longest jump": np.maximum.reduceat(moves, starts),
        "longest move with the pen down": np.maximum.reduceat(moves * (points[:, 2] == 0), starts),
    }


def _words_by_gaps(corpus: Corpus, first: int, last: int, gap: np.ndarray) -> np.ndarray:
    """One more than the gaps (a bare column of paper, wider than the line's `gap`) in lines [first, last): float64."""
    bounds = corpus.index["point"][first : last + 1]
    points = corpus._points[bounds[0] : bounds[-1]].astype(np.float64)
    starts = np.append(0, np.flatnonzero(points[:-1, 2] > 0.5) + 1)
    left, right = (end.reduceat(points[:, 0], starts) for end in (np.minimum, np.maximum))
    line = np.searchsorted(bounds - bounds[0], starts, "right") - 1
    order = np.lexsort((left, line))
    left, right, line = left[order], right[order], line[order]
    own_space = line * (
        points[:, 0].max() - points[:, 0].min() + 1
    )  # the lines side by side, each in a space of its own
    reached = np.maximum.accumulate(right + own_space)
    is_gap = (left[1:] + own_space[1:] - reached[:-1] > gap[line[1:]]) & (line[1:] == line[:-1])
    return 1.0 + np.bincount(line[1:][is_gap], minlength=last - first)


def _log(values: np.ndarray) -> np.ndarray:
    """Logarithms of values >= 0, none taken for less than a twentieth of the median, so that they have a bound."""
    known = values[np.isfinite(values)]
    middle = float(np.median(known)) if len(known) else 0.0
    lowest = middle / 20 or float(known.max(initial=0)) / 20 or 1.0
    return np.log(np.where(np.isfinite(values), np.maximum(values, lowest), np.nan))


def _usual(logs: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The usual value for every line (L,): the median of its group, shrunk to that of all as by PRIOR_LINES lines."""
    known = np.isfinite(logs)
    if not known.any():
        return np.zeros(len(logs))
    median_of_all = np.median(logs[known])
    group = np.unique(groups, return_inverse=True)[1]
    counts = np.bincount(group[known], minlength=group.max() + 1)
    ordered = logs[known][np.lexsort((logs[known], group[known]))]
    begin = np.cumsum(counts) - counts
    low, high = (np.minimum(begin + at, len(ordered) - 1) for at in (np.maximum(counts - 1, 0) // 2, counts // 2))
    medians = (ordered[low] + ordered[high]) / 2
    return ((counts * medians + PRIOR_LINES * median_of_all) / (counts + PRIOR_LINES))[group]


def _deviations(distances: np.ndarray, least_spread: float) -> np.ndarray:
    """Distances (L,) from what is usual in robust standard deviations; NaN where unknown."""
    known = distances[np.isfinite(distances)]
    spread = 1.4826 * float(np.median(np.abs(known))) if len(known) else 0.0
    return distances / max(spread, least_spread)
