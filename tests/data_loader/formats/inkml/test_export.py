"""Ink as InkML files: read back it is the same; what cannot be written leaves nothing behind."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_loader.formats.inkml.export import write_inkml
from tests.data_loader.formats.inkml.test_reader import read_all
from tests.tiny import assert_same_ink, ink_line
from utils.errors import InputError


def test_an_export_reads_back_the_same(tmp_path: Path) -> None:
    lines = [replace(ink_line(i), unit="mm", times=None if i == 2 else np.arange(20) / 7) for i in range(3)]
    lines[1] = replace(lines[1], id="../../etc/<a> & 'b'/" + "x" * 300, text=' "a" <b>  &amp; ', writer="", split="")
    lines[2] = replace(lines[2], id="../../etc/<a> & 'b'/" + "x" * 301, text="", unit="mm")
    write_inkml(lines, tmp_path / "out")
    back, report = read_all(tmp_path / "out")
    assert not any(report.as_dict().values()) and len(list((tmp_path / "out").iterdir())) == 3
    assert_same_ink(lines, back)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("field", ["id", "text", "writer", "split", "unit"])
def test_what_inkml_cannot_hold_is_refused_and_leaves_nothing(tmp_path: Path, field: str) -> None:
    bad = replace(ink_line(1), **{field: "a\x01b"})  # type: ignore[arg-type]
    with pytest.raises(InputError, match=f"its {field} 'a.x01b' has characters that InkML cannot hold"):
        write_inkml([ink_line(0), bad], tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_no_line_and_no_number_are_refused(tmp_path: Path) -> None:
    nan = replace(ink_line(0), points=np.full((2, 3), np.nan, np.float32))
    for lines, message in (([], "not one line"), ([nan], "no finite number")):
        with pytest.raises(InputError, match=message):
            write_inkml(lines, tmp_path / "out")
    assert not list(tmp_path.iterdir())
