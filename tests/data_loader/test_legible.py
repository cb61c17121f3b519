"""Corpora without illegible lines: which lines are left out, what stays as it was, and what the card says."""

from pathlib import Path

import pytest

from data_loader.corpus import Corpus
from data_loader.formats.read_report import Report
from data_loader.legible import is_legible, prepare_legible
from tests.tiny import assert_same_ink, ink_line, write_corpus
from utils.errors import InputError


@pytest.mark.parametrize(
    ("text", "reading", "legible"),
    [
        ("a fine morning today", "a fine morning today", True),
        ("a fine morning today", "A FINE MORNING TODAY", True),
        ("a fine morning today", "a fime morming todoy", True),  # 3 of 20
        ("a fine morning today", "a fime morming toboy", False),  # 4 of 20
        ("a", "b", False),
        ("", "", True),
    ],
)
def test_a_line_is_judged_by_its_edits_but_not_by_its_case(text: str, reading: str, legible: bool) -> None:
    assert is_legible(text, reading) == legible


@pytest.mark.parametrize(
    ("text", "reading", "legible"),
    [
        ("a", "a", True),
        ("C", "c", True),
        ("0", "O", True),
        ("I", "l", True),
        ("1", "|", True),
        ("B", "6", False),
        ("a", "o", False),
        ("0", "oO", False),
        ("0", "", False),
        (",", "h", True),
    ],
)
def test_a_character_alone_may_be_read_as_its_look_alike(text: str, reading: str, legible: bool) -> None:
    assert is_legible(text, reading, alone=True) == legible


def test_lines_that_are_read_as_another_text_are_left_out(tmp_path: Path) -> None:
    texts = ["morning", "evening", "midnight", "noon"]
    lines = [ink_line(n, text=text, writer=f"w{n % 2}") for n, text in enumerate(texts)]
    lines += [ink_line(n, text="dawn", split="valid") for n in (4, 5)]
    write_corpus(tmp_path / "mine", lines)
    readings = {0: "Morning", 1: "evenimp", 2: "midmight", 3: "m"}
    report = Report()
    card = prepare_legible(Corpus(tmp_path / "mine"), tmp_path / "made", readings, "r.pt (sha256 0)", report)
    made = Corpus(tmp_path / "made")
    assert_same_ink([lines[n] for n in (0, 2, 4, 5)], map(made.line, range(len(made))))
    assert made.card == card and {name: split["lines"] for name, split in card["splits"].items()} == {
        "train": 2,
        "valid": 2,
    }
    assert "r.pt (sha256 0) reads with a CER over 0.15" in card["how_made"]
    assert report.summary() == ["left out, illegible, of train: 2 (train-1, train-3)"]
    assert card["report"] == report.as_dict()


def test_characters_have_their_own_rule(tmp_path: Path) -> None:
    write_corpus(tmp_path / "mine", [ink_line(n, text=text) for n, text in enumerate("0a,")])
    card = prepare_legible(Corpus(tmp_path / "mine"), tmp_path / "made", dict(enumerate("Oob")), "r.pt", Report())
    assert card["characters"] == {"0": 1, ",": 1} and "reads as another character" in card["how_made"]


@pytest.mark.parametrize(
    ("name", "readings", "max_cer", "fault"),
    [
        ("mine", {}, 0.15, "is the corpus itself"),
        ("made", {0: "xyz"}, 0.15, "not one line in it can be used"),
        ("made", {}, -1.0, "largest CER is -1.0"),
        ("made", {}, float("nan"), "largest CER is nan"),
    ],
)
def test_what_cannot_be_leaves_nothing_behind(
    tmp_path: Path, name: str, readings: dict[int, str], max_cer: float, fault: str
) -> None:
    write_corpus(tmp_path / "mine", [ink_line(1, text="abc")])
    with pytest.raises(InputError, match=fault):
        prepare_legible(Corpus(tmp_path / "mine"), tmp_path / name, readings, "r.pt", Report(), max_cer)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"] and len(Corpus(tmp_path / "mine")) == 1
