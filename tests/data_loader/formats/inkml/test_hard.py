"""InkML under attack and at random: encoded traces, round trips, mutants, bombs."""

import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from data_loader.formats.inkml.export import write_inkml
from data_loader.formats.inkml.reader import read_inkml
from data_loader.formats.inkml.traces import Channel, TraceFormat, parse_trace
from data_loader.formats.read_report import BadFileError, Report
from ink.strokes import InkLine
from tests.data_loader.formats.mutate import mutants, survives
from tests.tiny import assert_same_ink

SOUND = b"""<?xml version="1.0" encoding="UTF-8"?>
<ink xmlns="http://www.w3.org/2003/InkML"><annotation type="writer">w1</annotation>
<definitions><context xml:id="c"><inkSource><traceFormat><channel name="X" units="mm"/><channel name="Y" units="mm"/>
<channel name="T" units="s"/><intermittentChannels><channel name="S" type="boolean"/></intermittentChannels>
</traceFormat><channelProperties><channelProperty channel="X" name="resolution" value="1" units="1/mm"/>
</channelProperties></inkSource></context></definitions>
<traceGroup contextRef="#c"><annotation type="truth">a b</annotation>
<trace xml:id="t">10 5 0,'3'-2'.5,1 1*T,#1F-2 1</trace><trace continuation="end" priorRef="#t">1 2 7,3 4 8</trace>
</traceGroup><traceGroup><annotation type="truth">c</annotation><annotation type="split">s</annotation>
<trace>1 2 3,4 5 6</trace><trace type="penUp">1 1 1</trace></traceGroup></ink>
"""


@st.composite
def encoded(draw: st.DrawFn, values: list[int]) -> list[str]:
    """One channel's whole numbers, each as itself, its first or second difference, or "*" where that says the same."""
    tokens, order, number = [], 0, None
    for i, value in enumerate(values):
        step = value - values[i - 1]
        numbers = {0: value, 1: step, 2: step - (values[i - 1] - values[max(i - 2, 0)])}
        new = draw(st.sampled_from([0] + [1] * (i > 0) + [2] * (order > 0)))
        if (new, numbers[new]) == (order, number) and draw(st.booleans()):
            tokens.append("*")
            continue
        sign = "" if new == order and draw(st.booleans()) else "!'\""[new] + draw(st.sampled_from(["", " "]))
        order, number = new, numbers[new]
        minus, size = "-" if number < 0 else draw(st.sampled_from(["", "+"])), abs(number)
        tokens.append(sign + minus + draw(st.sampled_from([f"{size}", f"{size}.", f"{size}0e-1", f"#{size:X}"])))
    return tokens


@given(st.data(), st.integers(0, 3), st.integers(1, 12))
def test_traces_are_what_was_encoded(data: st.DataObject, spare: int, length: int) -> None:
    names = data.draw(st.permutations(["X", "Y", "T", *"ABC"[:spare]]))
    rows = [data.draw(st.lists(st.integers(-99, 99), min_size=length, max_size=length)) for _ in names]
    columns = [data.draw(encoded(row)) for row in rows]
    blanks = st.sampled_from([" ", "\n", "\t  "])
    text = ",".join("".join(data.draw(blanks) + token for token in point) for point in zip(*columns, strict=True))
    points, odd = parse_trace(text, TraceFormat(tuple(Channel(name, "s") for name in names), len(names)))
    np.testing.assert_array_equal(points[:, :3], np.array([rows[names.index(name)] for name in "XYT"], float).T)
    assert not odd


@given(st.lists(st.lists(st.integers(-99, 99), min_size=2, max_size=2), min_size=1))
def test_no_blank_is_needed_before_a_sign(points: list[list[int]]) -> None:
    text = ",".join("".join(f"!{n}" if n >= 0 else f"{n}" for n in point) for point in points)
    result, _ = parse_trace(text, TraceFormat((Channel("X"), Channel("Y")), 2))
    assert result[:, :2].tolist() == points


@given(st.text("0123456789.,'\"!*?#TFeE+- \n", max_size=30))
def test_any_trace_is_read_or_refused(text: str) -> None:
    try:
        points, _ = parse_trace(text, TraceFormat((Channel("X"), Channel("Y"), Channel("T")), 2))
    except BadFileError as bad:
        assert "\n" not in str(bad)
    else:
        assert points.shape[1] == 4 and not np.isnan(points[:, :2]).any()


labels = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=20)
texts = labels.map(lambda text: unicodedata.normalize("NFC", text)).filter(str.isprintable)


@given(
    st.tuples(texts, labels, labels, labels),
    arrays.arrays(np.float32, st.tuples(st.integers(2, 9), st.just(3)), elements=st.floats(-1e6, 1e6, width=32)),
    st.lists(st.floats(-1e9, 1e9), min_size=8, max_size=8) | st.none(),
)
def test_an_export_loses_nothing(
    names: tuple[str, str, str, str], points: np.ndarray, times: list[float] | None
) -> None:
    points[:, 2] = points[:, 2] > 0
    points[-1, 2] = 1
    clock = None if times is None else np.array([0.0, *times])[: len(points)]
    text, writer, split, unit = names
    lines = [InkLine(f"{i}{writer}", text, writer, split, points, clock, unit) for i in range(2)]
    with tempfile.TemporaryDirectory() as folder:
        write_inkml(lines, Path(folder, "out"))
        assert_same_ink(lines, read_inkml(Path(folder, "out"), Report()))


def test_every_float32_survives_its_nine_digits(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    points = rng.integers(0, 2**32, (40_000, 3), np.uint32).view(np.float32)
    points = points[(np.abs(points[:, :2]) < 1e6).all(1)]
    points[:, 2] = 1
    write_inkml([InkLine("a", "", "", "", points)], tmp_path / "out")
    (line,) = read_inkml(tmp_path / "out", Report())
    np.testing.assert_array_equal(line.points, points)
    assert len(points) > 5_000


def survivors(folder: Path, count: int) -> set[str]:
    """Outcomes of reading this many mutants."""
    (folder / "corpora").mkdir()
    outcomes = set()
    for mutant in mutants(SOUND, count):
        (folder / "a.inkml").write_bytes(mutant)
        outcomes.add(survives(read_inkml, folder / "a.inkml", folder / "corpora"))
    return outcomes


def test_mutants(tmp_path: Path) -> None:
    assert survivors(tmp_path, 200) == {"corpus", "error"}


@pytest.mark.slow
def test_many_mutants(tmp_path: Path) -> None:
    assert survivors(tmp_path, 3000) == {"corpus", "error"}


def test_the_sound_file_is_sound(tmp_path: Path) -> None:
    (tmp_path / "a.inkml").write_bytes(SOUND)
    first, second = read_inkml(tmp_path, report := Report())
    assert first.points.tolist() == [[10, 5, 0], [13, 3, 0], [14, 4, 0], [45, 2, 0], [1, 2, 0], [3, 4, 1]]
    assert first.times is not None and first.times.tolist() == [0, 0.5, 1, 2, 7, 8]
    assert (second.split, second.writer, report.num_dropped) == ("s", "w1", 0)


MIB = 2**20
BOMBS = {
    "many values": (b"<trace>" + b"-1" * (MIB - 60) + b"</trace>") * 8,
    "signs": b"<trace>" + b"' " * (MIB - 60) + b"</trace>",
    "one number": b"<trace>" + b"9" * (2 * MIB - 100) + b" 1,2 3</trace>",
    "many traces": b"<trace>1 1</trace>" * 95_000,
    "many groups": b"<traceGroup><annotation type='text'>a</annotation><trace>1 1</trace></traceGroup>" * 33_000,
    "deep groups": b"<traceGroup>" * 98 + b"<trace>1 1</trace>" * 90_000 + b"</traceGroup>" * 98,
    "nested texts": b"<traceGroup><annotation type='text'>a</annotation>" * 90 + b"<traceGroup/>" * 90_000,
    "one text": b"<annotation type='truth'>" + b"a\n" * (8 * MIB - 60) + b"</annotation><trace>1 1,2 2</trace>",
    "attributes": b"<trace " + b" ".join(b"a%d='1'" % i for i in range(900_000)) + b">1 1,2 2</trace>",
}
BOMBS["nested texts"] += b"</traceGroup>" * 90
READ = """
import sys, time
from pathlib import Path
from data_loader.formats.inkml.reader import read_inkml
from data_loader.formats.read_report import Report
from tests.peak_memory import peak_kib
from utils.errors import InputError

for path in map(Path, sys.argv[1:]):
    start = time.process_time()
    try:
        found = len(list(read_inkml(path, Report())))
    except InputError as error:
        found = error
    print(path.stem, time.process_time() - start, found, sep="\\t")
print(peak_kib())
"""


@pytest.mark.slow
def test_large_files_take_bounded_time_and_memory(tmp_path: Path) -> None:
    for name, body in BOMBS.items():
        (tmp_path / f"{name}.inkml").write_bytes(b"<ink>" + body + b"</ink>")
    command = [sys.executable, "-c", READ, *map(str, sorted(tmp_path.iterdir()))]
    root = Path(__file__).parents[4]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300, check=True)
    *rows, peak_kib = run.stdout.splitlines()
    assert len(rows) == len(BOMBS) and all(float(line.split("\t")[1]) < 10 for line in rows), rows
    assert int(peak_kib) < MIB
