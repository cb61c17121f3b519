"""A prepared corpus: nothing is lost on the way, and damage is told from data."""

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_loader.corpus import Corpus
from data_loader.corpus_files import FILES
from data_loader.corpus_writer import CorpusWriter
from ink.strokes import InkLine
from tests.tiny import assert_same_ink, ink_line, write_corpus
from utils.errors import InputError
from utils.files import file_hash


def odd_lines() -> list[InkLine]:
    """Lines with all that a reader may yield: odd texts and ids, no writer, no times, splits in turn."""
    far = np.array([[16777215, -1e30, 0], [0.1, 1e-30, 1]], np.float32)
    return [
        ink_line(1, points=2, text="plain", split="train", writer="anna"),
        replace(ink_line(2, points=9, split="valid", writer=""), id="∂/ä b.png", text="日本 🖋 \u0301"),
        replace(ink_line(3, points=500, split="train", writer="Ünal"), text="cafe\u0301 A\u030a", times=None),
        replace(ink_line(4, text="", split="test", writer="anna"), id=""),
        replace(ink_line(5, text=" x ", split="train"), points=far, times=np.array([0, 1 / 3])),
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_corpus(tmp_path / "odd", odd_lines())
    return tmp_path / "odd"


def test_nothing_is_lost_and_texts_are_composed(folder: Path) -> None:
    corpus, lines = Corpus(folder), odd_lines()
    assert len(corpus) == len(lines)
    for number, line in enumerate(lines):
        assert_same_ink([corpus.line(number)], [replace(line, text=unicodedata.normalize("NFC", line.text))])
        assert np.array_equal(corpus.points(number), line.points)
    assert corpus.text(2) == "café Å"
    assert corpus.lengths.tolist() == [2, 9, 500, 20, 2]
    assert corpus.text_lengths.tolist() == [len(corpus.text(number)) for number in range(5)]


def test_characters_of_some_lines_are_counted(folder: Path) -> None:
    corpus = Corpus(folder)
    for lines in ([], [0], [1, 2], [4, 1], range(5)):
        expected = Counter("".join(corpus.text(line) for line in lines))
        assert corpus.character_counts(np.array(lines, np.int64)) == expected


def test_a_line_with_one_unknown_time_has_no_times(tmp_path: Path) -> None:
    line = ink_line(1)
    assert line.times is not None
    line.times[3] = np.nan
    write_corpus(tmp_path / "c", [line, ink_line(2)])
    corpus = Corpus(tmp_path / "c")
    assert corpus.line(0).times is None and corpus.line(1).times is not None


def test_the_card_counts_what_is_there(folder: Path) -> None:
    card = Corpus(folder).card
    assert (card["name"], card["lines"], card["points"]) == ("odd", 5, 533)
    assert card["writers"] == ["anna", "", "Ünal", "w"]
    counts = {name: (part["lines"], part["points"], part["writers"]) for name, part in card["splits"].items()}
    assert counts == {"train": (3, 504, 3), "valid": (1, 9, 0), "test": (1, 20, 1)}
    assert card["alphabet"] == "".join(sorted(set("plain日本 🖋 \u0301café Å x ")))
    assert card["sha256"] == {name: file_hash(folder / name) for name in FILES}


def test_lines_of_splits_by_name(folder: Path) -> None:
    corpus = Corpus(folder)
    assert corpus.lines_of(["train"]).tolist() == [0, 2, 4]
    assert corpus.lines_of(["test", "valid"]).tolist() == [1, 3]
    with pytest.raises(InputError, match="no split trian; it has train, valid, test"):
        corpus.lines_of(["train", "trian"])


@pytest.mark.parametrize("splits", [["train"], ["valid"], ["train", "valid"]])
def test_std_is_numpys_over_those_splits_alone(tmp_path: Path, splits: list[str]) -> None:
    lines = [ink_line(number, points=30 + number) for number in range(8)]
    wide = [replace(ink_line(n, split="valid"), points=ink_line(n).points * np.float32([50, 9, 1])) for n in range(5)]
    write_corpus(tmp_path / "c", [*lines, *wide])
    offsets = [np.diff(line.points[:, :2].astype(float), axis=0) for line in [*lines, *wide] if line.split in splits]
    np.testing.assert_allclose(Corpus(tmp_path / "c").std(splits), np.concatenate(offsets).std(0), rtol=1e-9)


def test_ink_that_moves_in_one_direction_only_is_refused(tmp_path: Path) -> None:
    line = ink_line(1)
    line.points[:, 1] = 5
    write_corpus(tmp_path / "c", [line])
    with pytest.raises(InputError, match="does not move in both directions"):
        Corpus(tmp_path / "c").std(["train"])


def lines_that_break(error: type[BaseException]) -> Iterable[InkLine]:
    yield from odd_lines()
    raise error


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("older", [False, True])
def test_an_exception_midway_leaves_what_was_there(tmp_path: Path, error: type[BaseException], older: bool) -> None:
    if older:
        write_corpus(tmp_path / "c", odd_lines()[:2])
    with pytest.raises(error):
        write_corpus(tmp_path / "c", lines_that_break(error))
    assert os.listdir(tmp_path) == ["c"] * older
    assert not older or [Corpus(tmp_path / "c").id(line) for line in (0, 1)] == [line.id for line in odd_lines()[:2]]


def test_a_failed_move_keeps_the_older_corpus(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if target == folder and not self.name.endswith(".old"):
            raise OSError("no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="no"):
        write_corpus(folder, [ink_line(1)])
    assert os.listdir(folder.parent) == ["odd"] and len(Corpus(folder)) == 5


def test_a_new_corpus_takes_the_place_of_the_older_one_which_stays_open(folder: Path) -> None:
    corpus = Corpus(folder)
    write_corpus(folder, [ink_line(1)])
    assert os.listdir(folder.parent) == ["odd"] and len(Corpus(folder)) == 1
    assert_same_ink([corpus.line(0)], odd_lines()[:1])


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_no_corpus_is_never_replaced(tmp_path: Path, kind: str) -> None:
    precious = tmp_path / "c" / "thesis.txt" if kind == "folder" else tmp_path / "c"
    precious.parent.mkdir(exist_ok=True)
    precious.write_text("years of work")
    with pytest.raises(InputError, match="no prepared corpus"):
        write_corpus(tmp_path / "c", [ink_line(1)])
    assert precious.read_text() == "years of work" and os.listdir(tmp_path) == ["c"]


def test_a_corpus_without_lines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not one line"):
        write_corpus(tmp_path / "c", [])
    assert os.listdir(tmp_path) == []


def test_a_place_that_cannot_be_written_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write there"), CorpusWriter(tmp_path / "file" / "c"):
        pytest.fail("the block must not run")


def test_a_folder_without_corpus_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere: no prepared corpus; make one with: python prepare_data.py"):
        Corpus(tmp_path / "nowhere")
