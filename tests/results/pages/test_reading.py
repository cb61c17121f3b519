"""The pages of what was read: the worst first, what differs marked, nothing taken for markup."""

from pathlib import Path

import numpy as np
import pytest

from data_loader.corpus import Corpus
from ink.strokes import InkLine
from model.reading.posteriors import TextPosterior
from results.pages.classification import classification_page
from results.pages.reading import MARK, marked_differences, reading_page
from results.reading.classifying import CorpusClassified
from results.reading.corpus import CorpusRead
from results.reading.lines import LineReading
from results.reading.scores import ReadLine
from tests.tiny import ink_line, write_corpus


def test_lines_with_errors_are_drawn_the_worst_first(tmp_path: Path) -> None:
    texts = {"cabbage": "cabbage", "dad": "bad", "de,d <b>": "deed"}
    write_corpus(tmp_path / "letters", [ink_line(number, text=text) for number, text in enumerate(texts)])
    lines = [ReadLine(f"line-{number}", "w", *pair) for number, pair in enumerate(texts.items())]
    sure = [TextPosterior(-0.1, [-0.1]), TextPosterior(-1.0, [-1.0]), TextPosterior(-3.0, [-3.0])]
    corpus_read = CorpusRead(
        "letters", Corpus(tmp_path / "letters"), ["train"], np.arange(3), lines, 1.0, posteriors=sure
    )
    page = reading_page(corpus_read, corpus_read.numbers)
    assert page.count('<svg class="ink"') == 2 and page.index("line-2") < page.index("line-1") and "line-0" not in page
    assert f"de{MARK},</mark>d" in page and "&lt;" in page and "<b>" not in page.split("</style>")[1]
    assert f"{100 * 6 / 18:.2f} %" in page and "5 edits, CER 62 %" in page
    assert "ECE" in page and "90 to 100 %" in page
    assert "script" not in page.lower().replace("transcription", "").replace("default-src", "")


@pytest.mark.parametrize(
    ("true", "read", "marked"),
    [("a<b", "axbc", "a[&lt;]b\na[x]b[c]"), ("ab", "b", "[a]b\nb"), ("same", "same", "same\nsame"), ("", "x", "\n[x]")],
)
def test_differences_are_marked_in_both_texts(true: str, read: str, marked: str) -> None:
    expected = marked.replace("[", MARK).replace("]", "</mark>")
    assert marked_differences(ReadLine("", "", true, read)) == expected


def test_misread_drawings_are_shown_the_surest_first() -> None:
    ink = ink_line(1).points
    readings = [
        LineReading(InkLine(f"{number}", true, "", "", ink), read, confidence, [])
        for number, (true, read, confidence) in enumerate([("/", "-", 0.6), ("-", "-", 0.9), ("/", "|", 0.8)])
    ]
    classified = CorpusClassified("shapes", ["odd"], readings, 1.0)
    page = classification_page(classified, classified.numbers)
    assert page.count('<svg class="ink"') == 2 and page.index("/ → |") < page.index("/ → -") and "80% sure" in page
    assert f"{100 / 3:.2f} % of 3 drawings of odd" in page
