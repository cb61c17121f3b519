"""A format is one entry: its name, reader, suffixes and options are found there by all that read ink."""

import inspect
from pathlib import Path

import pytest

from data_loader.formats.ink_files import ink_of
from data_loader.formats.read_report import Report
from data_loader.formats.registry import FORMATS, format_of
from utils.errors import InputError


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_reader_that_takes_its_options(name: str) -> None:
    parameters = list(inspect.signature(FORMATS[name].read).parameters)
    assert parameters[:3] in (["source", "report", "progress"], ["folder", "report", "progress"])
    assert set(FORMATS[name].options) <= set(parameters[3:])


@pytest.mark.parametrize(
    ("file", "name"), [("a.SVG", "svg"), ("b.jsonl.gz", "jsonl"), ("c.inkml", "inkml"), ("d.txt", None), (".npz", None)]
)
def test_the_suffix_of_a_file_names_its_format(file: str, name: str | None) -> None:
    entry = format_of(Path(file))
    assert (entry.name if entry else None) == name


@pytest.mark.parametrize(("file", "message"), [("none.svg", "no such file"), ("a.txt", "files that end in .inkml")])
def test_a_file_that_is_not_ink_is_refused(tmp_path: Path, file: str, message: str) -> None:
    (tmp_path / "a.txt").touch()
    with pytest.raises(InputError, match=message):
        ink_of([tmp_path / file], Report())
