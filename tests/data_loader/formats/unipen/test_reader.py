"""UNIPEN data sets as lines: what is taken, what is left out, and why."""

from pathlib import Path

import numpy as np
import pytest

from data_loader.formats.read_report import Report
from data_loader.formats.unipen.reader import HELD_BACK, read_unipen
from data_loader.prepare import open_corpus, prepare
from ink.strokes import InkLine
from tests.data_loader.formats.unipen.mini_unipen import HEADER, WORDS, mini_unipen, write_archive, write_tree
from utils.errors import InputError


def read(source: Path, *categories: str, **options: list[str]) -> tuple[dict[str, InkLine], dict[str, int]]:
    """Return the lines by id, and the counts of what was left out."""
    report = Report()
    given = {"category": list(categories)} if categories else {}
    lines = {line.id: line for line in read_unipen(source, report, **given, **options)}
    return lines, {kind: places["count"] for kind, places in report.as_dict()["dropped"].items()}


@pytest.mark.parametrize("name", ["x.tar.gz", "x.tar.xz", "tree", "tree/train"])
def test_every_kind_of_source_gives_the_same_lines(tmp_path: Path, name: str) -> None:
    source = tmp_path / name
    if "tree" in name:
        write_tree(mini_unipen(), tmp_path / "tree")
    else:
        write_archive(mini_unipen(), source)
    lines, dropped = read(source)
    assert {line.id: (line.text, line.writer, len(line.points)) for line in lines.values()} == {
        "8/aaa/x-1": ("to be", "aa/ann", 7),
        "8/aaa/x-2-bad": ("or", "aa/bob", 4),
        "1c/bbb/y-1": ("i", "", 2),
    }
    assert dropped == {"ink taken for a category before": 3}
    line = lines["8/aaa/x-1"]
    assert (line.unit, line.split) == ("mm", "")
    np.testing.assert_allclose(line.points[-1], [14, -12, 1])
    assert line.points[:, 2].tolist() == [0, 0, 1, 0, 1, 0, 1]
    assert line.times is not None and line.times[0] == 0 and line.times[-1] == pytest.approx(0.13)


def test_the_first_category_that_has_the_ink_takes_it(tmp_path: Path) -> None:
    source = write_tree(mini_unipen(), tmp_path)
    lines, dropped = read(source, "7", "8")
    assert set(lines) == {"7/aaa/x-1-ok", "7/aaa/x-2-good", "7/aaa/x-3-bad"}
    assert dropped == {"ink taken for a category before": 2}
    assert set(read(source, "7")[0]) == set(lines)


def test_qualities_can_be_left_out(tmp_path: Path) -> None:
    lines, dropped = read(write_tree(mini_unipen(), tmp_path), "7", quality=["OK", "GOOD", "?"])
    assert set(lines) == {"7/aaa/x-1-ok", "7/aaa/x-2-good"}
    assert dropped == {"quality BAD": 1}


def test_segments_that_cannot_be_used_are_counted_by_reason(tmp_path: Path) -> None:
    files = mini_unipen()
    files["train/data/7/aaa/x.dat"] = WORDS + (
        b'.SEGMENT WORD 2 OK "above"\n.SEGMENT WORD 1:0 OK "point"\n.SEGMENT WORD 0-9 OK "far"\n'
        b'.SEGMENT WORD what\n.SEGMENT WORD 0 OK ""\n.SEGMENT WORD 5 OK "i"\n.SEGMENT WORD 6 OK "nan"\n'
        b'.SEGMENT WORD 7 OK "."\n'
    )
    files["train/data/7/aaa/z.dat"] = b'.INCLUDE aaa/data/gone.dat\n.SEGMENT WORD 0 ? "gone"\n'
    files["train/data/7/aaa/w.dat"] = b'.INCLUDE aaa/data/w.dat\n.SEGMENT WORD 0 ? "loop"\n'
    files["train/include/aaa/data/w.dat"] = b".INCLUDE aaa/data/w.dat\n"
    files["train/include/aaa/data/x.dat"] += b".PEN_DOWN\n7 7\n7 7\n.PEN_DOWN\n1 2 3\n.PEN_DOWN\n1 1\n1 1\n"
    lines, dropped = read(write_tree(files, tmp_path), "7")
    assert set(lines) == {"7/aaa/x-1-ok", "7/aaa/x-2-good", "7/aaa/x-3-bad", "7/aaa/x-11-ok"}
    assert dropped == {
        "no ink": 2,
        "range beyond the ink": 1,
        "broken segment": 1,
        "no text": 1,
        "ink of one place": 1,
        "broken ink": 1,
        "included file is not there": 1,
        "too many includes": 1,
    }


def test_notes_name_the_left_handed_and_the_files_that_are_not_there(tmp_path: Path) -> None:
    files = mini_unipen()
    del files["train/include/aaa/aaa.doc"]
    report = Report()
    list(read_unipen(write_tree(files, tmp_path), report))
    noted = {kind: [place["where"] for place in entry["places"]] for kind, entry in report.as_dict()["noted"].items()}
    assert noted == {
        "included files that are not there": ["aaa/aaa.doc"],
        "ink without a resolution": ["8/aaa/x"],
        "writers who write with the left hand": ["aa/ann"],
    }


PAGE = b"""
.PEN_DOWN
0 100
30 110
.PEN_DOWN
50 100
80 111
.PEN_DOWN
55 115
.PEN_DOWN
2 60
30 70
.PEN_DOWN
50 61
80 70
"""


@pytest.mark.parametrize("pieces", ["words", "characters"])
def test_a_text_of_several_lines_is_cut_where_its_words_or_characters_say_so(tmp_path: Path, pieces: str) -> None:
    labels = {
        "7": b'.SEGMENT WORD 0 ? "a"\n.SEGMENT WORD 1-2 ? "bi"\n.SEGMENT WORD 3 ? "c"\n.SEGMENT WORD 4 ? "d"\n',
        "3": b"".join(b'.SEGMENT CHARACTER %d ? "%c"\n' % pair for pair in enumerate(b"abicd")),
    }
    category = {"words": "7", "characters": "3"}[pieces]
    include = b".INCLUDE a/p.dat\n"
    files = {
        "data/8/a/p.dat": include + b'.SEGMENT TEXT 0-4 OK "a bi c d"\n',
        f"data/{category}/a/p.dat": include + labels[category],
        "include/a/p.dat": PAGE,
    }
    source = write_tree(files, tmp_path)
    lines, dropped = read(source, "8")
    assert {name: (line.text, len(line.points)) for name, line in lines.items()} == {
        "8/a/p-1.1-ok": ("a bi", 5),
        "8/a/p-1.2-ok": ("c d", 4),
    }
    assert not dropped
    write_tree({f"data/{category}/a/p.dat": (include + labels[category]).replace(b'"c"', b'"x"')}, tmp_path)
    assert set(read(source, "8")[0]) == {"8/a/p-1-ok"}


def test_a_text_of_several_lines_whose_words_are_not_known_is_left_out(tmp_path: Path) -> None:
    page = b""
    for y in (100, 60, 20):
        for x in range(0, 400, 20):
            page += b".PEN_DOWN\n" + b"".join(
                b"%d %d\n" % point for point in ((x, y), (x, y + 10), (x + 8, y), (x + 8, y + 10))
            )
    segments = b'.SEGMENT TEXT 0-59 ? "some words"\n.SEGMENT TEXT 0-19 ? "one line"\n'
    files = {"data/8/a/p.dat": b".INCLUDE a/p.dat\n" + segments, "include/a/p.dat": page}
    lines, dropped = read(write_tree(files, tmp_path), "8")
    assert list(lines) == ["8/a/p-2"] and dropped == {"text of several lines": 1}


def test_a_source_without_unipen_data_is_refused(tmp_path: Path) -> None:
    write_tree({"data/9/a.dat": b"", "notes.txt": b"hello"}, tmp_path)
    with pytest.raises(InputError, match="no segment in it can be used; it has no ink of these categories"):
        read(tmp_path)
    files = {name: data for name, data in mini_unipen().items() if "include" not in name}
    with pytest.raises(InputError, match="no segment in it can be used; left out, included file is not there: 2"):
        read(write_tree(files, tmp_path / "gone"), "8")


def test_ink_that_two_files_have_is_taken_once_whoever_the_second_names_as_its_writer(tmp_path: Path) -> None:
    files, stroke = mini_unipen(), b".PEN_DOWN\n" + b"".join(b"%d %d\n" % (x, x * x % 50) for x in range(40))
    for name in (b"ann", b"bob"):
        ink = f"{name.decode()}/ink.dat"
        files[f"train/include/{ink}"] = HEADER + b".WRITER_ID " + name + b"\n" + stroke
        files[f"train/data/7/{ink}"] = b".INCLUDE %b/ink.dat\n" % name + b'.SEGMENT WORD 0 OK "or"\n'
    lines, dropped = read(write_tree(files, tmp_path), "7")
    assert "7/ann/ink-1-ok" in lines and "7/bob/ink-1-ok" not in lines
    assert dropped == {"ink of an earlier file": 1}


def test_a_writer_held_back_is_for_validation_in_every_corpus_and_no_other_writer_is(tmp_path: Path) -> None:
    assert len(HELD_BACK) == 73 and all(name[2:3] == "/" and name == name.strip() for name in HELD_BACK)
    name = min(name for name in HELD_BACK if name[:2].isalpha())
    laboratory, writer = (part.encode() for part in name.split("/"))
    files = {
        path.replace("aaa", f"{laboratory.decode()}a"): data.replace(b"aaa", laboratory + b"a").replace(b"ann", writer)
        for path, data in mini_unipen().items()
    }
    for category in ("8", "7"):
        source = write_tree(files, tmp_path / "source")
        card = prepare("unipen", source, tmp_path / category, Report(), category=[category, "1c"])
        corpus = open_corpus(category, tmp_path)
        assert corpus.writers_of(["valid"]) == {name} and len(corpus.lines_of(["train"])) == 2
        assert card["how_split"] == "by writer, those of a list for validation"
