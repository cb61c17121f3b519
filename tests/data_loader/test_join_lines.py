"""Lines that are joined at random to others by their writer, for training."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_loader.augment import Augment
from data_loader.corpus import Corpus
from data_loader.sources import CorpusLines, Visit
from ink.geometry import baseline
from tests.tiny import ink_line, write_corpus

TEXTS = {"ab": "me", "cd": "me", "efgh": "me", "i": "other", "jk": "alone"}
"""Texts of lines, each once, and their writers."""
LINES = [
    *(replace(ink_line(n, text=text), writer=writer) for n, (text, writer) in enumerate(TEXTS.items())),
    replace(ink_line(9, text="l"), writer="other", split="valid"),
]


def visited(folder: Path, augment: Augment, times: int = 40) -> list[tuple[int, np.ndarray, str]]:
    """Place, points and text of every training line in so many epochs."""
    write_corpus(folder / "lines", LINES)
    corpus = Corpus(folder / "lines")
    source = CorpusLines(corpus, corpus.lines_of([LINES[0].split]), augment)
    return [(n, *source.line(n, Visit(1, epoch))[1:]) for epoch in range(times) for n in range(len(TEXTS))]


def test_another_line_by_the_writer_follows_where_both_are_short_enough(tmp_path: Path) -> None:
    pairs = visited(tmp_path, Augment(join_lines=(1.0, 7)))
    assert {text for *_, text in pairs} == {"ab cd", "cd ab", "ab efgh", "efgh ab", "cd efgh", "efgh cd", "i", "jk"}
    assert {text for *_, text in visited(tmp_path, Augment(join_lines=(1.0, 6)))} == {"ab cd", "cd ab", *TEXTS} - {
        "ab",
        "cd",
    }
    lines = {line.text: line.points for line in LINES}
    for _, points, text in pairs:
        first, *second = (lines[part] for part in text.split(" "))
        count = len(first)
        np.testing.assert_allclose(np.diff(points[:count], axis=0), np.diff(first, axis=0), atol=1e-4)
        for other in second:
            behind = points[count:]
            np.testing.assert_allclose(np.diff(behind, axis=0), np.diff(other, axis=0), atol=1e-4)
            assert behind[:, 0].min() > points[:count, 0].max()
            assert baseline(behind) == pytest.approx(baseline(points[:count]), abs=1e-4)


def test_lines_are_joined_so_often_and_anew_in_every_epoch(tmp_path: Path) -> None:
    joined = [" " in text for n, _, text in visited(tmp_path, Augment(join_lines=(0.3, 9)), 400) if n < 3]
    assert np.mean(joined) == pytest.approx(0.3, abs=0.05)
    assert not any(" " in text for *_, text in visited(tmp_path, Augment(join_lines=(0.0, 9))))
