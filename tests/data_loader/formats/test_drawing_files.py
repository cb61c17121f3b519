"""Files of one drawing each: the folder that they are in can name their writer."""

from pathlib import Path

import pytest

from data_loader.formats.inkml.reader import read_inkml
from data_loader.formats.read_report import Report
from data_loader.formats.svg.reader import read_svg
from tests.data_loader.formats.mini_iam import tar_gz
from utils.errors import InputError

SVG = b'<svg><path d="M0 0L1 1"/></svg>'
INKML = b'<ink><annotation type="writer">ann</annotation><trace>0 0,1 1</trace></ink>'
PLACES = {"top": "", "bob/1": "bob", "cy/bob/1": "bob", "dee/1": "dee"}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("read", "suffix", "data"), [(read_svg, ".svg", SVG), (read_inkml, ".inkml", INKML)])
def test_the_folder_names_the_writer(tmp_path: Path, read, suffix: str, data: bytes, packed: bool) -> None:  # type: ignore[no-untyped-def]
    source = tmp_path / ("all.tar.gz" if packed else "all")
    if packed:
        source.write_bytes(tar_gz({place + suffix: data for place in PLACES}))
    for place in PLACES if not packed else ():
        (source / place).parent.mkdir(parents=True, exist_ok=True)
        (source / (place + suffix)).write_bytes(data)
    writers = {line.id: line.writer for line in read(source, Report(), writer_from="folder")}
    assert writers == PLACES | ({} if packed else {"top": "all"})
    assert {line.writer for line in read(source, Report())} == ({""} if suffix == ".svg" else {"ann"})


def test_a_file_alone_is_in_a_folder_too(tmp_path: Path) -> None:
    (tmp_path / "eve").mkdir()
    (tmp_path / "eve" / "1.svg").write_bytes(SVG)
    (line,) = read_svg(tmp_path / "eve" / "1.svg", Report(), writer_from="folder")
    assert line.writer == "eve"


def test_a_pattern_finds_the_writer_in_the_path(tmp_path: Path) -> None:
    names = ["writer12/1.svg", "writer12b/1.svg", "deep/writer3c/1.svg", "other/1.svg"]
    (tmp_path / "all.tar.gz").write_bytes(tar_gz(dict.fromkeys(names, SVG)))
    lines = read_svg(tmp_path / "all.tar.gz", Report(), writer_from=r"writer\d+")
    assert [line.writer for line in lines] == ["writer12", "writer12", "writer3", ""]
    with pytest.raises(InputError, match=r"--writer-from 'writer\(' is neither 'folder' nor a pattern: "):
        list(read_svg(tmp_path / "all.tar.gz", Report(), writer_from="writer("))
    with pytest.raises(
        InputError, match=r"--writer-from 'writerd' matches no path in .*, such as .*svg; is it in quotes"
    ):
        list(read_svg(tmp_path / "all.tar.gz", Report(), writer_from="writerd"))
