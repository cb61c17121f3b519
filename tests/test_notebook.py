"""The notebook runs from top to bottom in the state of a clean clone."""

import ast
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from data_loader.synthetic.lines import synthetic_lines

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "notebooks" / "results.ipynb"
CELLS: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text())["cells"]


@pytest.mark.slow
def test_every_cell_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a folder as Jupyter starts it, with all of the project above it but its data."""
    for path in ("experiments.py", "saved"):
        (tmp_path / path).symlink_to(ROOT / path)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    monkeypatch.setattr(sys, "path", list(sys.path))
    few = {"synthetic": lambda: synthetic_lines(num_writers=4, lines_per_writer=6, valid_writers=1)}
    monkeypatch.setattr("data_loader.prepare.BUILT_IN", few)
    names: dict[str, Any] = {}
    for cell in CELLS:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    assert os.getcwd() == str(tmp_path)
    assert len(names["lines"]) == len(names["biases"]) and names["writing"]._repr_png_().startswith(b"\x89PNG")
    assert names["trace"].text == "where it looks" and names["numbers"]["n_lines"] == 6
    assert [row["bias"] for row in names["found"].numbers["rows"]] == [0.0, 1.5]
    assert "CER" in capsys.readouterr().out


def test_what_it_shows_is_there_and_small() -> None:
    assert NOTEBOOK.stat().st_size < 200_000
    for cell in CELLS:
        if cell["cell_type"] == "code":
            source = "".join(cell["source"])
            shows = isinstance(ast.parse(source).body[-1], ast.Expr | ast.For) and "sys.path" not in source
            assert bool(cell["outputs"]) == shows, cell["id"]
    assert sum("image/png" in output.get("data", {}) for cell in CELLS for output in cell.get("outputs", [])) == 4
