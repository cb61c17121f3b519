"""Excalidraw drawings as ink: freedraw elements in place, what is left out, and damaged files."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_loader.formats.excalidraw import read_excalidraw
from data_loader.formats.read_report import Report
from ink.strokes import InkLine
from tests.data_loader.formats.mutate import mutants, survives
from utils.errors import InputError

STROKE: dict[str, Any] = {
    **{"type": "freedraw", "x": 10, "y": 20.5, "angle": 0, "isDeleted": False, "simulatePressure": True},
    **{"points": [[0, 0], [4, 0], [4, 2]], "pressures": []},
}


def drawing(*elements: Any) -> bytes:
    return json.dumps({"type": "excalidraw", "version": 2, "elements": elements, "appState": {}, "files": {}}).encode()


def read(path: Path, data: bytes) -> tuple[InkLine, list[str]]:
    path.write_bytes(data)
    report = Report()
    (line,) = read_excalidraw(path, report)
    return line, report.summary()


def test_strokes_are_in_their_place_and_the_rest_is_counted(tmp_path: Path) -> None:
    others = [{"type": "text", "text": "hello"}, {"type": "arrow", "points": [[0, 0], [1, 1]]}, {"type": "text"}]
    deleted = STROKE | {"isDeleted": True}
    data = drawing(STROKE, *others, deleted, STROKE | {"x": 0, "points": [[1, 2, 0.5]]}, STROKE | {"points": []})
    line, summary = read(tmp_path / "a.excalidraw", data)
    assert (line.id, line.text, line.unit, line.times) == ("a", "", "px", None)
    assert line.points.tolist() == [[10, 20.5, 0], [14, 20.5, 0], [14, 22.5, 1], [1, 22.5, 1]]
    assert summary == [
        'elements of type "text": 1 (a.excalidraw)',
        'elements of type "arrow": 1 (a.excalidraw)',
        "deleted strokes: 1 (a.excalidraw)",
    ]


def test_a_rotated_element_is_turned_about_its_middle(tmp_path: Path) -> None:
    line, _ = read(tmp_path / "a.excalidraw", drawing(STROKE | {"angle": math.pi / 2}))
    middle = np.array([12, 21.5])
    expected = np.array([[1, -2], [1, 2], [-1, 2]]) + middle  # a quarter turn takes (x, y) to (-y, x), y downward
    np.testing.assert_allclose(line.points[:, :2], expected, atol=1e-5)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"{", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 10_000, "no JSON"),
        (b"[]", "not Excalidraw"),
        (b'{"elements": {}}', "not Excalidraw"),
        (drawing(1), "not Excalidraw"),
        (drawing({"type": "text"}), "no ink"),
        (drawing(STROKE | {"points": [[1, 2]]}), "no ink"),
        (drawing(STROKE | {"points": 7}), "bad strokes"),
        (drawing(STROKE | {"points": [[1], [2]]}), "bad strokes"),
        (drawing(STROKE | {"points": [[1, "2"], [2, 3]]}), "bad coordinates"),
        (drawing(STROKE | {"points": [[1, 1e7], [2, 3]]}), "bad coordinates"),
        (drawing(STROKE | {"x": None}), "bad coordinates"),
        (drawing(STROKE | {"angle": 1e300}), "bad coordinates"),
    ],
)
def test_a_file_at_fault_is_refused_by_name(tmp_path: Path, data: bytes, kind: str) -> None:
    with pytest.raises(InputError, match=f"no line in it can be used; {kind}"):
        read(tmp_path / "x.excalidraw", data)


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    source, folder = tmp_path / "ink.excalidraw", tmp_path / "out"
    folder.mkdir()
    outcomes = set()
    for mutant in mutants(drawing(STROKE, {"type": "text", "text": "hello"}, STROKE | {"angle": 0.5}), 200):
        source.write_bytes(mutant)
        outcomes.add(survives(read_excalidraw, source, folder))
    assert outcomes == {"corpus", "error"}
