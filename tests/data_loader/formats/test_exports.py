"""An export leaves a whole file or folder behind, or nothing, in every format."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from data_loader.prepare import EXPORTS
from ink.strokes import InkLine
from tests.tiny import ink_line
from utils.errors import InputError


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_lines_that_end_in_an_error_leave_nothing(tmp_path: Path, name: str, error: type[BaseException]) -> None:
    def lines() -> Iterator[InkLine]:
        yield ink_line(0)
        raise error

    with pytest.raises(error):
        EXPORTS[name](lines(), tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", sorted(EXPORTS.keys() - {"jsonl"}))
def test_a_folder_is_written_where_there_is_none_or_an_empty_one(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    EXPORTS[name]([ink_line(0)], out)
    before = {path: path.read_bytes() for path in out.iterdir()}
    file = next(iter(before))
    for target, message in ((out, "not an empty folder"), (file, "not an empty"), (file / "x", "cannot write there")):
        with pytest.raises(InputError, match=message):
            EXPORTS[name]([ink_line(1)], target)
    assert {path: path.read_bytes() for path in out.iterdir()} == before and list(tmp_path.iterdir()) == [out]
