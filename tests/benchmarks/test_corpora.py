"""The table of corpora counts what a corpus has, and reads the lines that are held back."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.corpora import COLUMNS, held_back_lines, row
from data_loader.prepare import open_corpus
from tests.results.recognizers import line_of, recognizer
from tests.tiny import write_corpus


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A folder with the corpus "letters": three lines to train on and two to validate."""
    lines = [line_of(text, split="train") for text in ("abcdefg", "ace", "bd")]
    write_corpus(tmp_path / "letters", [*lines, line_of("cab", split="valid"), line_of("deed", split="valid")])
    return tmp_path


def test_a_row_of_the_table(data_dir: Path) -> None:
    cells = row("letters", data_dir, recognizer(), count=10, seed=1)
    lines = held_back_lines(open_corpus("letters", data_dir), 10, 1)
    density = sum(len(line.points) for line in lines) / len("cabdeed")
    assert [line.text for line in lines] == ["cab", "deed"] and list(cells) == COLUMNS
    assert (cells["lines"], cells["lower case"], cells["digits"]) == ("5", "19", "0")
    assert cells["points per character"] == f"{density:.1f}"
    assert cells["CER"] == "0.0 % of 2" and row("letters", data_dir, None, count=1, seed=1)["CER"] == ""


def test_lines_are_a_random_sample_in_the_order_of_the_corpus(data_dir: Path) -> None:
    corpus = open_corpus("letters", data_dir)
    chosen = {held_back_lines(corpus, 1, seed)[0].text for seed in range(20)}
    assert chosen == {"cab", "deed"}
    assert np.array_equal(held_back_lines(corpus, 1, 3)[0].points, held_back_lines(corpus, 1, 3)[0].points)
