"""A corpus as written is valid; every damage is a fault with its file, its place and how to fix it."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_loader import survey
from data_loader.corpus import Corpus
from data_loader.corpus_check import check_corpus
from data_loader.corpus_files import CARD, FILES
from ink.strokes import InkLine
from tests.data_loader.formats.mutate import few_or_many, mutants
from tests.tiny import ink_line, write_corpus
from utils.errors import InputError
from utils.files import file_hash

Arrays = dict[str, np.ndarray]
Alteration = Callable[[Arrays, dict[str, Any]], None]


def some_lines() -> list[InkLine]:
    """Lines of two splits and three writers, one without times, one without text."""
    lines = [ink_line(n, text="é ab"[: n + 1], split=("train", "valid")[n % 2], writer="wv"[n % 2]) for n in range(6)]
    return [*lines, replace(ink_line(6, text="", writer=""), times=None)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_corpus(tmp_path / "c", some_lines())
    return tmp_path / "c"


def change(folder: Path, alter: Alteration) -> None:
    """Alter the arrays of a corpus, by file, and its card; the card's hashes are made to fit."""
    arrays = {name: np.fromfile(folder / name, dtype).reshape(shape) for name, (dtype, shape) in FILES.items()}
    card = json.loads((folder / CARD).read_text())
    alter(arrays, card)
    for name, array in arrays.items():
        array.tofile(folder / name)
        if isinstance(card["sha256"], dict):
            card["sha256"][name] = file_hash(folder / name)
    (folder / CARD).write_text(json.dumps(card))


def put(file: str, place: Any, value: Any) -> Alteration:
    """An alteration: a value at a place of a file."""

    def alter(arrays: Arrays, _: dict[str, Any]) -> None:
        arrays[file][place] = value

    return alter


def claim(value: Any, key: str) -> Alteration:
    """An alteration: the value of an entry of the card."""
    return lambda _, card: card.update({key: value})


@pytest.mark.parametrize("chunk", [1, 1 << 19])
def test_a_corpus_as_written_is_valid(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(survey, "CHUNK_POINTS", chunk)
    assert check_corpus(folder).faults == check_corpus(folder).notes == []
    write_corpus(tmp_path / "silent", [replace(line, text="") for line in some_lines()])
    assert check_corpus(tmp_path / "silent").faults == [], "texts.bin is empty"


INK = ink_line(1).points
INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "one point": ({"points": INK[-1:]}, r"shape \(1, 3\)"),
    "columns": ({"points": INK[:, :2]}, r"shape \(20, 2\)"),
    "nan": ({"points": np.where(np.arange(60).reshape(20, 3) == 9, np.nan, INK)}, "NaN or inf"),
    "infinite": ({"points": np.where(np.arange(60).reshape(20, 3) == 9, -np.inf, INK)}, "NaN or inf"),
    "half a lift": ({"points": INK * np.float32([1, 1, 0.5])}, "end_of_stroke"),
    "no last lift": ({"points": INK * np.float32([1, 1, 0])}, "end_of_stroke"),
    "times": ({"times": np.arange(3.0)}, "times"),
    "endless": ({"times": np.full(20, np.inf)}, "times"),
    "text": ({"text": "a\nb"}, "its text has characters"),
    "id": ({"id": "a\u2028"}, "its id has characters"),
    "writer": ({"writer": "\x00"}, "its writer has characters"),
}


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_line_is_not_written(tmp_path: Path, name: str) -> None:
    changes, message = INVALID[name]
    with pytest.raises(InputError, match=f"^line .*: .*{message}"):
        write_corpus(tmp_path / "c", [ink_line(1), replace(ink_line(1), **changes)])
    assert os.listdir(tmp_path) == []


def wrap(arrays: Arrays, _: dict[str, Any]) -> None:
    """Put places so far apart that their difference is too large a number and comes out positive."""
    arrays["lines.bin"]["point"][1:3] = 92 * 10**17, -92 * 10**17


DAMAGE: dict[str, tuple[Alteration, str]] = {
    "order": (put("lines.bin", 2, (70, 0, 0, 0, 0)), "lines.bin: line number 2: its point ends before it begins"),
    "begin": (put("lines.bin", 0, (1, 0, 0, 0, 0)), "lines.bin: the first point is not at 0"),
    "wrapped": (wrap, "lines.bin: line number 1: its point ends before it begins"),
    "last empty": (put("lines.bin", 6, (140, 19, 42, 2, 0)), "lines.bin: line number 6: it has fewer than two points"),
    "short": (put("lines.bin", 1, (1, 3, 7, 1, 1)), "lines.bin: line number 0: it has fewer than two points"),
    "writer": (put("lines.bin", 4, (80, 11, 28, 3, 0)), "lines.bin: line number 4: its writer is none of the card's"),
    "split": (put("lines.bin", 4, (80, 11, 28, 0, -1)), "lines.bin: line number 4: its split is none of the card's"),
    "lines": (claim(9, "lines"), "lines.bin: it has 7 lines, the card 9"),
    "writers": (claim(["w", "w", ""], "writers"), "card.json: its writers are not all names, each once"),
    "odd writers": (claim(["w", 3, {}], "writers"), "card.json: its writers are not all names, each once"),
    "fewer writers": (claim(["w"], "writers"), "lines.bin: line number 1: its writer is none of the card's"),
    "no report": (claim(None, "report"), "card.json: not a whole card"),
    "no splits": (claim(None, "splits"), "card.json: not a whole card"),
    "odd splits": (claim({"train": {}}, "splits"), "card.json: not a whole card"),
    "version": (claim(2, "format_version"), "card.json: not a card of format version 1"),
}
ONLY_CHECKED: dict[str, tuple[Alteration, str]] = {
    "same id": (lambda arrays, _: arrays["ids.bin"].put(range(21, 28), list(b"valid-1")), "ids.bin: line valid-1: 2"),
    "no hashes": (claim(None, "sha256"), "points.bin: its SHA-256 is not the card's"),
}  # fmt: skip


@pytest.mark.parametrize("name", [*DAMAGE, *ONLY_CHECKED])
def test_every_damage_is_named_with_its_place(folder: Path, name: str) -> None:
    alter, message = (DAMAGE | ONLY_CHECKED)[name]
    change(folder, alter)
    faults = check_corpus(folder).faults
    assert any(fault.startswith(message) for fault in faults), faults
    assert all(re.search(r"; (prepare|give)[^;\n]*$", fault) for fault in faults), faults
    if name in ONLY_CHECKED:
        Corpus(folder)
        return
    with pytest.raises(InputError, match=re.escape(message.removeprefix(CARD))) as caught:
        Corpus(folder)
    assert str(folder) in str(caught.value) and str(caught.value).endswith("; prepare the corpus again")


@pytest.mark.parametrize("name", [*FILES, CARD])
@pytest.mark.parametrize("how", ["missing", "empty", "cut", "grown", "folder", "noise"])
def test_a_file_that_is_no_longer_whole_is_a_fault(folder: Path, name: str, how: str) -> None:
    path = folder / name
    data = path.read_bytes()
    path.unlink()
    if how == "folder":
        path.mkdir()
    elif how != "missing":
        contents = {"empty": b"", "cut": data[:-1], "grown": data + bytes(96), "noise": b"\xff" * len(data)}
        path.write_bytes(contents[how])
    faults = check_corpus(folder).faults
    assert any(fault.startswith(f"{name}: ") for fault in faults), faults
    if how != "noise" or name in ("lines.bin", CARD):
        with pytest.raises(InputError, match=re.escape(str(folder))):
            Corpus(folder)
    if how != "folder":
        write_corpus(folder, some_lines())
        assert check_corpus(folder).faults == [], "a damaged corpus can be prepared again"


def test_many_faults_of_a_kind_are_counted(folder: Path) -> None:
    change(folder, put("lines.bin", "split", 9))
    faults = [fault for fault in check_corpus(folder).faults if "split" in fault]
    assert len(faults) == 6 and faults[5].startswith("lines.bin: 2 more: its split is none of the card's; prepare")


def test_the_same_ink_in_two_splits_is_a_fault_where_it_cannot_be_chance(tmp_path: Path) -> None:
    def findings_of(points: int, split: str) -> tuple[list[str], list[str]]:
        first = ink_line(1, points=points)
        second = replace(first, id="copy", split=split, writer="v")
        write_corpus(tmp_path / "c", [first, ink_line(2), second])
        findings = check_corpus(tmp_path / "c")
        return findings.faults, findings.notes

    both = "points.bin: line train-1, line copy: the same ink is"
    assert findings_of(32, "valid") == ([f"{both} in two splits; leave one out of the source"], [])
    assert findings_of(31, "valid") == ([], [f"{both} in two splits; leave one out of the source"])
    assert findings_of(32, "train") == ([], [f"{both} there twice; leave one out of the source"])
    assert findings_of(31, "train") == ([], [])


def test_what_is_worth_knowing_is_noted(tmp_path: Path) -> None:
    lines = [ink_line(n, split=split) for n, split in enumerate(("train", "valid", "train"))]
    lines += [ink_line(7, writer="", split="valid"), ink_line(8, writer="")]
    times = np.arange(20.0)
    lines[0] = replace(lines[0], times=times[::-1] - 19)
    lines[1] = replace(lines[1], times=np.where(times == 4, np.nan, times))
    lines[2] = replace(lines[2], points=lines[2].points + np.array([2e6, 0, 0], np.float32))
    write_corpus(tmp_path / "c", lines)
    (tmp_path / "c" / "notes.txt").touch()
    findings = check_corpus(tmp_path / "c")
    assert findings.faults == []
    assert [note.split(";")[0] for note in findings.notes] == [
        "notes.txt: not part of a corpus",
        "points.bin: line train-2: a coordinate is beyond 1,000,000, float32 rounds it",
        "times.bin: line valid-1: some of its times are unknown, so that none is used",
        "times.bin: line train-0: its times run backwards somewhere",
        "lines.bin: writer w (train, valid): has lines in two splits",
    ]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        check_corpus(tmp_path / "none")


@few_or_many(40, 500)
def test_a_damaged_corpus_never_breaks_the_check(folder: Path, count: int) -> None:
    num_faulty = 0
    for name in [*FILES, CARD]:
        data = (folder / name).read_bytes()
        for mutant in mutants(data, count):
            (folder / name).write_bytes(mutant)
            findings = check_corpus(folder)
            assert all("\n" not in text and len(text) < 1000 for text in [*findings.faults, *findings.notes])
            assert findings.faults or mutant == data or name == CARD, name
            num_faulty += bool(findings.faults)
        (folder / name).write_bytes(data)
    assert num_faulty > 4.5 * count
