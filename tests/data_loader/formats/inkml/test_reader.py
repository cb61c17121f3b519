"""InkML: what is a line, where it says its text and its format, what is left out and reported."""

import os
from pathlib import Path

import pytest

from data_loader.formats.inkml.reader import read_inkml
from data_loader.formats.read_report import Report
from ink.strokes import InkLine
from tests.data_loader.formats.mini_iam import tar_gz
from utils.errors import InputError

TRACES = "<trace>1 2, 3 4</trace><trace>5 6</trace>"
TEXT = '<annotation type="truth">hello</annotation>'


def ink(body: str, head: str = "") -> str:
    return f'{head}<ink xmlns="http://www.w3.org/2003/InkML">{body}</ink>'


def channels(*names: str, intermittent: str = "", **more: str) -> str:
    """A traceFormat; `more` are attributes of the channel of that name, e.g. Y='orientation="-ve"'."""
    regular = "".join(f'<channel name="{name}" {more.get(name, "")}/>' for name in names)
    late = "".join(f'<channel name="{name}" type="boolean"/>' for name in intermittent)
    return f"<traceFormat>{regular}<intermittentChannels>{late}</intermittentChannels></traceFormat>"


def read_all(source: Path) -> tuple[list[InkLine], Report]:
    report = Report()
    lines = list(read_inkml(source, report))
    assert len({line.id for line in lines}) == len(lines)
    return lines, report


def read(folder: Path, body: str) -> tuple[list[InkLine], Report]:
    path = folder / "a.inkml"
    path.write_text(body if "ink xmlns" in body else ink(body), encoding="utf-8")
    return read_all(path)


def single_line(folder: Path, body: str) -> tuple[InkLine, set[str]]:
    """The one line of a file, and the kinds of what was noted."""
    (line,), report = read(folder, body)
    assert not report.num_dropped
    return line, set(report.as_dict()["noted"])


def dropped(report: Report) -> dict[str, str]:
    """The first place of each kind of file or line that was left out."""
    return {kind: group["places"][0]["where"] for kind, group in report.as_dict()["dropped"].items()}


def test_a_file_is_a_line(tmp_path: Path) -> None:
    line, noted = single_line(tmp_path, '<annotation type="writer">w 7</annotation>' + TRACES + TEXT)
    assert (line.id, line.text, line.writer, line.split, line.unit, line.times) == ("a", "hello", "w 7", "", "", None)
    assert line.points.dtype == "float32" and line.points.tolist() == [[1, 2, 0], [3, 4, 1], [5, 6, 1]]
    assert not noted


YX = channels("Y", "X")
REFERRED = {
    "in the file": YX + "{}",
    "streamed context": f"<context>{YX}</context>{{}}",
    "ink source": f"<context><inkSource>{YX}</inkSource></context>{{}}",
    "context by name": f'<definitions><context xml:id="c">{YX}</context></definitions>{{contextRef="#c"}}',
    "by names of names": (
        f'<definitions>{channels("X")}<inkSource xml:id="s">{YX}</inkSource><context id="c" inkSourceRef="#s"/>'
        '<context id="d" contextRef="#c"/></definitions>{contextRef="#d"}'
    ),
    "format by name": (
        f"<definitions>{channels('X')}{YX.replace('<traceFormat', '<traceFormat id=' + repr('f'), 1)}</definitions>"
        '<context traceFormatRef="#f"/>{}'
    ),
    "by the group": (
        f'<definitions>{channels("X")}<context xml:id="c">{YX}</context></definitions>'
        '<traceGroup contextRef="#c"><traceGroup>{}</traceGroup></traceGroup>'
    ),
    "the first of some": f"<definitions>{YX}{channels('X')}</definitions>{{}}",
    "never referred to": f'<definitions><context xml:id="c">{YX}</context></definitions>{{}}',
}


@pytest.mark.parametrize("name", REFERRED)
def test_where_a_format_may_stand(tmp_path: Path, name: str) -> None:
    head, _, rest = REFERRED[name].partition("{")
    attribute, _, tail = rest.partition("}")
    line, noted = single_line(tmp_path, head + TRACES.replace("<trace>", f"<trace {attribute}>") + tail)
    assert line.points[:, :2].tolist() == [[2, 1], [4, 3], [6, 5]] and not noted


def test_the_default_context_and_what_is_not_there(tmp_path: Path) -> None:
    traces = '<trace contextRef="#DefaultContext">1 2</trace><trace contextRef="#gone">3 4</trace>'
    line, noted = single_line(tmp_path, YX + traces)
    assert line.points[:, :2].tolist() == [[1, 2], [4, 3]] and noted == {"references to nothing in the file"}


def test_groups_with_a_text_are_lines(tmp_path: Path) -> None:
    def group(text: str, inner: str) -> str:
        return f'<traceGroup><annotation type="Transcription">{text}</annotation>{inner}</traceGroup>'

    one_line = "<traceGroup><trace>0 0,1 1</trace></traceGroup>"
    page = '<annotation type="writer">w</annotation><traceGroup>' + group(" a\n b ", group("b", one_line) + TRACES)
    page += group("c", one_line + '<annotation type="writer">v</annotation><annotation type="id">X</annotation>')
    page += "</traceGroup><trace>9 9,9 9</trace>" + group("no ink here", "")
    lines, report = read(tmp_path, page)
    assert [(line.id, line.text, line.writer, len(line.points)) for line in lines] == [
        ("a-1", "b", "w", 2),
        ("X", "c", "v", 2),
    ]
    assert dropped(report) == {"ink outside the lines": "a.inkml, strokes: 3"}
    (line,), report = read(tmp_path, page + '<annotation type="truth">\n all of it\n</annotation>')
    assert line.text == "all of it" and len(line.points) == 9 and not report.num_dropped


@pytest.mark.parametrize(
    ("annotations", "text", "note"),
    [
        ('<annotation type="label">b</annotation><annotation type="truth">a</annotation>', "a", None),
        ('<annotation type="truth">a</annotation><annotation type="truth">b</annotation>', "a", "second text"),
        ('<annotation type="truth"> a \n  b&lt;&#233; </annotation>', "a b<\u00e9", None),
        ('<annotation type="truth" xml:space="preserve"> a  b </annotation>', " a  b ", None),
        ('<annotation type="truth">cafe\u0301<!-- no --><![CDATA[ & so]]></annotation>', "caf\u00e9 & so", None),
        ('<annotation type="truth"/><annotation type="text">a</annotation>', "a", None),
        ('<annotation>x</annotation><annotation type="age">30</annotation>', "", None),
        ('<annotationXML type="truth"><math><mi>x</mi></math></annotationXML>', "", None),
        (
            "<annotationXML><a><transcription>ab</transcription><traceView/><trace>7 7</trace></a></annotationXML>",
            "ab",
            None,
        ),
        ('<annotationXML type="truth">ab</annotationXML>', "ab", None),
        ('<traceView traceDataRef="#t"><annotation type="truth">x</annotation></traceView>', "", "traceViews"),
        ('<definitions><brush><annotation type="truth">x</annotation></brush></definitions>', "", None),
    ],
)
def test_where_a_text_may_stand(tmp_path: Path, annotations: str, text: str, note: str | None) -> None:
    line, noted = single_line(tmp_path, annotations + TRACES)
    assert line.text == text and len(line.points) == 3
    assert [kind.startswith(note) for kind in noted] == [True] if note else not noted


@pytest.mark.parametrize(
    ("trace", "kind"),
    [
        ('<annotation type="truth">a&#8232;b\u0007</annotation>', "broken XML"),
        ('<annotation type="truth">a\ue000b</annotation>', "bad text"),
        (f'<annotation type="writer">{"a" * 10_001}</annotation>', "bad writer"),
        ('<annotation type="id">a\ufdd0</annotation>', "bad id"),
        (channels("X", "Y", X='units="\ue000"', Y='units="\ue000"'), "bad unit"),
        (channels("X", "F"), "bad trace format"),
        ("<trace><trace>1 2</trace></trace>", "broken XML"),
        ("<a>" * 200 + "</a>" * 200, "huge file"),
        ("<a/>" * 100_001, "huge file"),
        (channels(*"XY" * 51), "bad trace format"),
        (" " * 2**24, "huge file"),
        ("</ink>", "broken XML"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, trace: str, kind: str) -> None:
    (tmp_path / "a.inkml").write_text(ink(trace + TRACES), encoding="utf-8")
    (tmp_path / "b.inkml").write_text(ink(TRACES))
    (line,), report = read_all(tmp_path)
    assert line.id == "b" and dropped(report) == {kind: "a.inkml"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (ink(TRACES, '<!DOCTYPE ink [<!ENTITY b "c">]>').encode(), "XML with a DOCTYPE"),
        (ink(TRACES, '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a>').encode("utf-16"), "XML with a DOCTYPE"),
        (ink(TRACES + "&b;").encode(), "broken XML"),
        (ink(TRACES, '<?xml version="1.0" encoding="unicode_escape"?>').encode(), "unknown encoding"),
        (TRACES.encode(), "not InkML"),
        (b"\x1f\x8b\0\0", "broken XML"),
        (b" \n", "empty file"),
        (ink(" " * 2**24).encode(), "huge file"),
    ],
)
def test_what_is_no_inkml_is_one_clear_line(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "a.inkml").write_bytes(data)
    with pytest.raises(InputError, match=rf"^[^\n]*a\.inkml: no line in it can be used; {message}[^\n]*$"):
        read_all(tmp_path / "a.inkml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    text = ink('<annotation type="truth">\u00e9</annotation>' + TRACES, f'<?xml version="1.0" encoding="{encoding}"?>')
    (tmp_path / "a.inkml").write_bytes(text.encode(encoding))
    assert read_all(tmp_path / "a.inkml")[0][0].text == "\u00e9"


def test_pen_up_and_continued_traces(tmp_path: Path) -> None:
    body = (
        '<trace xml:id="a" continuation="begin">0 0</trace><trace type="penUp">5 5</trace><trace xml:id="b">1 1</trace>'
        '<trace xml:id="c" continuation="middle" priorRef="#a">2 2</trace><trace/>'
        '<trace continuation="end" priorRef="#c">3 3,4 4</trace><trace continuation="end" priorRef="#z">5 5</trace>'
    )
    line, noted = single_line(tmp_path, body)
    assert line.points[:, [0, 2]].tolist() == [[0, 0], [2, 0], [3, 0], [4, 1], [1, 1], [5, 1]]
    assert noted == {"penUp traces, left out", "empty traces", "continuations of no trace of their kind"}
    line, _ = single_line(tmp_path, '<trace id="a">0 0</trace><trace continuation="end">1 1</trace><trace>2 2</trace>')
    assert line.points[:, 2].tolist() == [0, 1, 1]
    line, noted = single_line(
        tmp_path, '<trace id="a">0 0</trace>' + YX + '<trace continuation="end" priorRef="#a">1 2</trace>'
    )
    assert line.points.tolist() == [[0, 0, 1], [2, 1, 1]] and noted == {"continuations of no trace of their kind"}
    with pytest.raises(InputError, match="bad trace"):
        read(tmp_path, '<trace>0 0, 1 1</trace><trace continuation="end">1</trace>')


def test_old_prefixed_elements_and_traces_in_definitions(tmp_path: Path) -> None:
    body = '<i:ink xmlns:i="x"><i:definitions><i:trace>9 9</i:trace></i:definitions><i:trace>1 2,3 4</i:trace></i:ink>'
    (line,), report = read(tmp_path, body)
    assert line.points[:, :2].tolist() == [[1, 2], [3, 4]]
    assert dropped(report) == {"ink outside the lines": "a.inkml, strokes: 1"}


def test_folders_and_archives_read_the_same(tmp_path: Path) -> None:
    named = ink('<annotation type="UI">b/c</annotation>' + TRACES)
    files = {"a.INKML": named, "d.inkml": named, "e\n.inkml": ink(TRACES), "x.txt": "", "b/c.inkml": ink(TEXT + TRACES)}
    for name, text in files.items():
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "a.tar.gz").write_bytes(tar_gz({name: text.encode() for name, text in files.items()}))
    folder, report = read_all(tmp_path / "folder")
    packed, also = read_all(tmp_path / "a.tar.gz")
    names = ["b/c", "d", "e?", "b/c.inkml"]
    assert [line.id for line in folder] == [line.id for line in packed] == names
    assert report.as_dict() == also.as_dict() and not report.num_dropped
    assert set(report.as_dict()["noted"]) == {"not an .inkml file", "ids of other lines, called by the file instead"}


def test_an_id_that_is_taken_costs_the_later_line(tmp_path: Path) -> None:
    for name in ("a.inkml", "b.inkml", "c.inkml"):
        label = {"a": "c", "b": "c.inkml"}.get(name[0], "")
        (tmp_path / name).write_text(ink(f'<annotation type="id">{label}</annotation>' + TRACES))
    lines, report = read_all(tmp_path)
    assert [line.id for line in lines] == ["c", "c.inkml"] and dropped(report) == {"second line of an id": "c.inkml"}


def test_progress_wraps_the_files(tmp_path: Path) -> None:
    (tmp_path / "a.inkml").write_text(ink(TRACES))
    calls: list[object] = []
    list(read_inkml(tmp_path, Report(), lambda files, total, title: (calls.append((total, title)), files)[1]))
    assert calls == [(None, f"reading {tmp_path.name}")]


@pytest.mark.slow
@pytest.mark.skipif("DUCTUS_DATA" not in os.environ, reason="the real data are not here: DUCTUS_DATA is not set")
@pytest.mark.parametrize(("writer_from", "num_writers"), [("folder", 42), (r"writer\d+", 33), (None, 0)])
def test_imadocsen_has_its_writers_by_folder(writer_from: str | None, num_writers: int) -> None:
    """A folder is a session; one person may have two, such as writer12 and writer12b, so the number alone is safe."""
    report = Report()
    source = Path(os.environ["DUCTUS_DATA"], "imadocsen", "sentences.tar.gz")
    lines = list(read_inkml(source, report, writer_from=writer_from))
    assert len(lines) == 837 and all(line.text for line in lines)
    assert len({line.writer for line in lines} - {""}) == num_writers
    assert report.num_dropped == 0
