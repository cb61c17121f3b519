"""The check of handwriting: each fault is named by its line, sound lines are not, and characters not written are."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_loader.corpus import Corpus
from data_loader.ink_check import ink_faults, ink_notes, missing, text_faults
from data_loader.synthetic.lines import synthetic_lines
from ink.geometry import x_height
from ink.strokes import InkLine
from tests.tiny import write_corpus

NEVER = "written never (a hand writes these as the bundled writer does): "
LINES = list(synthetic_lines(num_writers=4, lines_per_writer=5, valid_writers=1))
LINE = next(line for line in LINES if " " in line.text)


def below(line: InkLine, distance: float) -> np.ndarray:
    """The points of a line and, further down by some x-heights, once more."""
    return np.concatenate([line.points, line.points + np.float32([0, distance * x_height(line.points), 0])])


def unlifted(points: np.ndarray) -> np.ndarray:
    return np.column_stack([points[:, :2], np.arange(len(points)) == len(points) - 1]).astype(np.float32)


def repeated(points: np.ndarray, times: int) -> np.ndarray:
    """Points with more between each two, evenly spaced."""
    at = np.arange((len(points) - 1) * times + 1) / times
    xy = [np.interp(at, np.arange(len(points)), points[:, axis]) for axis in (0, 1)]
    lifts = np.where(at % 1 == 0, points[np.ceil(at).astype(int), 2], 0)
    return np.stack([*xy, lifts], 1).astype(np.float32)


def test_sound_lines_have_no_fault() -> None:
    assert [fault for line in LINES for fault in ink_faults(line)] == []


@pytest.mark.parametrize(
    ("points", "fault"),
    [
        (below(LINE, 5), "its ink looks like 2 lines; prepare it with --cut-lines"),
        (unlifted(LINE.points), f"the pen is never lifted in {len(LINE.text.split())} words"),
        (repeated(LINE.points, 30), "points per character are too many"),
    ],
)
def test_a_fault_of_the_ink_is_named(points: np.ndarray, fault: str) -> None:
    assert any(fault in named for named in ink_faults(replace(LINE, points=points, times=None)))


def test_points_far_apart_are_named() -> None:
    zigzag = np.array([[5 * n, 10 * (n % 2), n % 8 == 7] for n in range(40)], np.float32)
    (fault,) = ink_faults(replace(LINE, points=zigzag, times=None))
    assert fault.startswith("its points are 1.1 x-heights apart")


@pytest.mark.parametrize(
    ("reading", "is_named"), [("Hello you", False), ("hallo yov", False), ("Good bye", True), ("", True)]
)
def test_a_text_far_from_its_reading_is_named(reading: str, is_named: bool) -> None:
    faults = [*text_faults(replace(LINE, text="Hello you"), reading)]
    assert len(faults) == is_named and all(f"'Hello you', and it reads {reading!r}" in fault for fault in faults)


def test_notes_name_the_lines_and_read_those_of_sound_ink(tmp_path: Path) -> None:
    lines = [
        replace(LINES[0], id="sound", text="pen and ink"),
        replace(LINES[1], id="swapped", text="another text"),
        replace(LINE, id="page", points=below(LINE, 5), times=None),
        replace(LINES[3], id="short", text="abc"),
        replace(LINES[4], id="foreign", text="häufige Umlaute"),
    ]
    write_corpus(tmp_path / "c", lines)
    read: list[str] = []

    def reading(some: Sequence[InkLine]) -> list[str]:
        read.extend(line.id for line in some)
        return ["pen and ink"] * len(some)

    notes = ink_notes(Corpus(tmp_path / "c"), reading)
    assert read == ["sound", "swapped"]
    assert [note.split(": ")[0] for note in notes[:2]] == ["line swapped", "line page"]
    assert notes[2].startswith(NEVER) and len(notes) == 5
    assert notes[4] == "not in the bundled writer: ä; a hand learns these from these lines alone"
    assert not any("swapped" in note for note in ink_notes(Corpus(tmp_path / "c")))


def test_characters_never_written_and_lines_without_text_are_named() -> None:
    notes = [*missing(["abc abc", "", "abd"])]
    assert notes[0].startswith("1 of 3 lines have no text")
    assert notes[1].startswith(f'{NEVER}! " #') and " e f g " in notes[1] and " d " not in notes[1]
    assert notes[2].startswith("written only once: d;")
    assert [*missing(["".join(map(chr, range(0x4E00, 0x4E64)))])][-1].split("; ")[0].endswith(" and 60 more")
    assert [*missing(["", ""])] == ["2 of 2 lines have no text; a network that writes or reads is not trained on them"]
