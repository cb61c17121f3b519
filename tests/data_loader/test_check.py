"""A sound corpus has no faults; every damage has one, told with its file, its line and the mend."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_loader import survey
from data_loader.check import check_corpus
from data_loader.corpus import CARD, FILES
from ink.strokes import InkLine
from tests.data_loader.formats.mutate import mutants
from tests.tiny import ink_line, write_corpus
from utils.errors import InputError
from utils.files import file_hash

Arrays = dict[str, np.ndarray]


def some_lines() -> list[InkLine]:
    """Lines of two splits and three writers, one without times, one without text."""
    lines = [ink_line(n, text="é ab"[: n + 1], split=("train", "valid")[n % 2], writer="wv"[n % 2]) for n in range(6)]
    return [*lines, replace(ink_line(6, text="", writer=""), times=None)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_corpus(tmp_path / "c", some_lines())
    return tmp_path / "c"


def change(folder: Path, alter: Callable[[Arrays, dict[str, Any]], None], *, rehash: bool = True) -> None:
    """Alter the arrays of a corpus, by file, and its card; the card's hashes are made to fit."""
    arrays = {name: np.fromfile(folder / name, dtype).reshape(shape) for name, (dtype, shape) in FILES.items()}
    card = json.loads((folder / CARD).read_text())
    alter(arrays, card)
    for name, array in arrays.items():
        array.tofile(folder / name)
        if rehash:
            card["sha256"][name] = file_hash(folder / name)
    (folder / CARD).write_text(json.dumps(card))


def put(file: str, place: Any, value: Any) -> Callable[[Arrays, dict[str, Any]], None]:
    """An alteration: a value at a place of a file."""

    def alter(arrays: Arrays, _: dict[str, Any]) -> None:
        arrays[file][place] = value

    return alter


def say(value: Any, *path: str) -> Callable[[Arrays, dict[str, Any]], None]:
    """An alteration: what the card says."""

    def alter(_: Arrays, card: dict[str, Any]) -> None:
        for key in path[:-1]:
            card = card[key]
        card[path[-1]] = value

    return alter


def spell(file: str, field: str, line: int, text: bytes) -> Callable[[Arrays, dict[str, Any]], None]:
    """An alteration: the first bytes of a line's text or id."""

    def alter(arrays: Arrays, _: dict[str, Any]) -> None:
        begin = arrays["lines.bin"][field][line]
        arrays[file][begin : begin + len(text)] = list(text)

    return alter


@pytest.mark.parametrize("chunk", [1, 1 << 19])
def test_a_corpus_as_written_is_sound(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(survey, "CHUNK_POINTS", chunk)
    assert check_corpus(folder).faults == check_corpus(folder).notes == []
    rng = np.random.default_rng(0)
    shifts = [rng.normal(0, 0.1, (400, 3)).astype(np.float32) * np.array([1, 1e4, 0], np.float32) for _ in range(60)]
    odd = [
        replace(line, points=line.points + shift)
        for line, shift in zip((ink_line(n, points=400) for n in range(60)), shifts, strict=True)
    ]
    write_corpus(tmp_path / "odd", odd)
    assert check_corpus(tmp_path / "odd").faults == [], "sums may differ by their rounding"
    write_corpus(tmp_path / "silent", [replace(line, text="") for line in odd])
    assert check_corpus(tmp_path / "silent").faults == [], "texts.bin is empty"


def wrap(arrays: Arrays, _: dict[str, Any]) -> None:
    """Places so far apart that their difference is too large a number and comes out positive."""
    arrays["lines.bin"]["point"][1:3] = 92 * 10**17, -92 * 10**17


def nudge(_: Arrays, card: dict[str, Any]) -> None:
    card["splits"]["valid"]["sum_of_squares"][1] *= 1 + 1e-7


DAMAGE: dict[str, tuple[Callable[[Arrays, dict[str, Any]], None], str]] = {
    "not finite": (put("points.bin", (25, 0), np.nan), "points.bin: line valid-1: a value is not finite"),
    "infinite": (put("points.bin", (139, 1), -np.inf), "points.bin: line train-6: a value is not finite"),
    "lift": (put("points.bin", (45, 2), 0.5), "points.bin: line train-2: an end_of_stroke is not 0 or 1"),
    "last lift": (put("points.bin", (79, 2), 0), "points.bin: line valid-3: its last point does not end a stroke"),
    "moved": (put("points.bin", (30, 0), 99), "card.json: split valid, sum_of_squares: it says [", ),
    "time": (put("times.bin", 3, np.inf), "times.bin: line train-0: a time is infinite"),
    "utf-8": (spell("texts.bin", "text", 4, b"\xff"), "texts.bin: line train-4: not UTF-8"),
    "line break": (spell("texts.bin", "text", 4, b"ab\nb"), "texts.bin: line train-4: a character that cannot be"),
    "decomposed": (spell("texts.bin", "text", 4, "e\u0301".encode()), "texts.bin: line train-4: not in Unicode's"),
    "same id": (spell("ids.bin", "id", 3, b"valid-1"), "ids.bin: line valid-1: 2 lines have this id"),
    "id": (spell("ids.bin", "id", 3, b"\xff"), "ids.bin: line number 3: not UTF-8"),
    "order": (put("lines.bin", 2, (70, 0, 0, 0, 0)), "lines.bin: line number 2: its point ends before it begins"),
    "begin": (put("lines.bin", 0, (1, 0, 0, 0, 0)), "lines.bin: the first point is not at 0"),
"wrapped": (wrap, "lines.bin: line number 1: its point ends before it begins"),
    "nudged": (nudge, "card.json: split valid, sum_of_squares: it says ["),
    "last empty": (put("lines.bin", 6, (140, 19, 42, 2, 0)), "lines.bin: line train-6: it has fewer than two points"),
    "short": (put("lines.bin", 1, (1, 3, 7, 1, 1)), "lines.bin: line train-0: it has fewer than two points"),
    "empty": (put("lines.bin", 1, (0, 3, 7, 1, 1)), "lines.bin: line train-0: it has fewer than two points"),
    "writer": (put("lines.bin", 4, (80, 11, 28, 3, 0)), "lines.bin: line number 4: its writer is none of the card's"),
    "split": (put("lines.bin", 4, (80, 11, 28, 0, -1)), "lines.bin: line number 4: its split is none of the card's"),
    "other split": (put("lines.bin", 6, (120, 19, 42, 2, 1)), "card.json: split train, lines: it says 4, the files 3"),
    "other writer": (put("lines.bin", 6, (120, 19, 42, 1, 0)), "card.json: split train, writers: it says 1, the files"),
    "points": (say(1, "points"), "card.json: points: it says 1, the files 140"),
    "lines": (say(9, "lines"), "lines.bin: it has 7 lines, the card 9"),
    "alphabet": (say("abé", "alphabet"), "card.json: alphabet: it says abé, the files  abé"),
    "characters": (say({"a": 2}, "characters"), "card.json: characters: it says {'a': 2}, the files {"),
    "split's points": (say(9, "splits", "valid", "points"), "card.json: split valid, points: it says 9, the files 60"),
    "offsets": (say(9, "splits", "valid", "offsets"), "card.json: split valid, offsets: it says 9, the files 57"),
    "text": (say(None, "splits", "valid", "characters"), "card.json: split valid, characters: it says None, the"),
    "sum": (say([0.5, 1], "splits", "train", "sum"), "card.json: split train, sum: it says [0.5, 1], the files ["),
    "no sum": (say([], "splits", "train", "sum"), "card.json: split train, sum: it says [], the files ["),
    "odd sum": (say(["a", {}], "splits", "train", "sum"), "card.json: split train, sum: it says ['a', {}], the"),
    "huge sum": (say([10**400, 0], "splits", "train", "sum"), "card.json: split train, sum: it says [1000"),
    "writers": (say(["w", "w", ""], "writers"), "card.json: its writers are not all names, each once"),
    "odd writers": (say(["w", 3, {}], "writers"), "card.json: its writers are not all names, each once"),
    "no hashes": (say(None, "sha256"), "points.bin: its SHA-256 is not the card's"),
    "no report": (say(None, "report"), "card.json: its report is not that of a preparation"),
    "odd report": (say({"noted": {"a": {"count": 1, "places": [{}]}}}, "report"), "card.json: its report is not that"),
    "no splits": (say(None, "splits"), "card.json: not a whole card"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_every_damage_is_named_with_its_place_and_mend(folder: Path, name: str) -> None:
    alter, told = DAMAGE[name]
    change(folder, alter, rehash=name != "no hashes")
    faults = check_corpus(folder).faults
    assert any(fault.startswith(told) for fault in faults), faults
    assert all(re.search(r"; (prepare|give)[^;\n]*$", fault) for fault in faults), faults


def test_a_changed_byte_is_seen_by_its_hash_and_the_lines_are_still_judged(folder: Path) -> None:
    change(folder, put("points.bin", (25, 0), np.nan), rehash=False)
    faults = check_corpus(folder).faults
    assert faults[0].startswith("points.bin: its SHA-256 is not the card's")
    assert any("line valid-1" in fault for fault in faults)


@pytest.mark.parametrize("name", [*FILES, CARD])
@pytest.mark.parametrize("how", ["missing", "empty", "cut", "folder", "noise"])
def test_a_file_that_is_no_longer_one_is_a_fault(folder: Path, name: str, how: str) -> None:
    path = folder / name
    data = path.read_bytes()
    path.unlink()
    if how == "folder":
        path.mkdir()
    elif how != "missing":
        path.write_bytes({"empty": b"", "cut": data[:-3], "noise": b"\xff" * len(data)}[how])
    faults = check_corpus(folder).faults
    assert any(fault.startswith(f"{name}: ") for fault in faults), faults


def test_a_corpus_without_a_card_still_has_its_lines_judged(folder: Path) -> None:
    change(folder, put("points.bin", (25, 0), np.nan))
    (folder / CARD).unlink()
    faults = check_corpus(folder).faults
    assert len(faults) == 2 and "no prepared corpus" in faults[0] and "line valid-1" in faults[1]


def test_many_faults_of_a_kind_are_counted(folder: Path) -> None:
    change(folder, put("points.bin", (slice(None), 0), np.nan))
    told = [fault for fault in check_corpus(folder).faults if fault.startswith("points.bin")]
    assert len(told) == 6 and told[5] == "points.bin: 2 more: a value is not finite; prepare the corpus again"


def test_the_same_ink_in_two_splits_is_a_fault_where_it_cannot_be_chance(tmp_path: Path) -> None:
    def told(points: int, split: str) -> tuple[list[str], list[str]]:
        first = ink_line(1, points=points)
        second = replace(first, id="copy", split=split, writer="v")
        write_corpus(tmp_path / "c", [first, ink_line(2), second])
        findings = check_corpus(tmp_path / "c")
        return findings.faults, findings.notes

    both = "points.bin: line train-1, line copy: the same ink is"
    assert told(32, "valid") == ([f"{both} in two splits; leave one out of the source"], [])
    assert told(31, "valid") == ([], [f"{both} in two splits; leave one out of the source"])
    assert told(32, "train") == ([], [f"{both} there twice; leave one out of the source"])
    assert told(31, "train") == ([], [])


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
        "notes.txt: no part of a corpus",
        "points.bin: line train-2: a coordinate is beyond 1,000,000, float32 rounds it",
        "times.bin: line valid-1: some of its times are unknown, so that none is used",
        "times.bin: line train-0: its times run backwards somewhere",
        "lines.bin: writer w (train, valid): has lines in two splits",
    ]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        check_corpus(tmp_path / "none")


def survives(folder: Path, count: int) -> int:
    """Check a corpus with each of its files damaged in turn: how often the damage was seen."""
    seen = 0
    for name in [*FILES, CARD]:
        data = (folder / name).read_bytes()
        for mutant in mutants(data, count):
            (folder / name).write_bytes(mutant)
            findings = check_corpus(folder)
            assert all("\n" not in told and len(told) < 1000 for told in [*findings.faults, *findings.notes])
            assert findings.faults or mutant == data or name == CARD, name
            seen += bool(findings.faults)
        (folder / name).write_bytes(data)
    return seen


def test_a_damaged_corpus_never_breaks_the_check(folder: Path) -> None:
    assert survives(folder, 40) > 180


@pytest.mark.slow
def test_damage_by_the_thousand_never_breaks_the_check(folder: Path) -> None:
    assert survives(folder, 500) > 2250
