"""InkML's traces: how points, channels, directions and times are told, and what is a fault."""

from pathlib import Path

import numpy as np
import pytest

from tests.data_loader.formats.inkml.test_reader import TEXT, TRACES, channels, dropped, read, single_line
from utils.errors import InputError


@pytest.mark.parametrize(
    ("trace", "points"),
    [
        ("1125 18432,'23'43,\"7\"-8,3-5", [(1125, 18432), (1148, 18475), (1178, 18510), (1211, 18540)]),
        ("10-5,-3-4,.5-.5", [(10, -5), (-3, -4), (0.5, -0.5)]),
        ("1 2,'1'2,3 4,!7 8,9 9", [(1, 2), (2, 4), (5, 8), (7, 16), (9, 25)]),
        ("1 2,'1'2,*3,**", [(1, 2), (2, 4), (3, 7), (4, 10)]),
        ("1 2,**,*3,4*", [(1, 2), (1, 2), (1, 3), (4, 3)]),
        ("0 0,'1'1,\"1\"-1,**,0 0", [(0, 0), (1, 1), (3, 1), (6, 0), (9, -1)]),
        ("#1F#a,-#10 #0", [(31, 10), (-16, 0)]),
        (" 1e1\n\t2E-1 , +5. ' - 6,\n3 4 ,", [(10, 0.2), (5, -5.8), (3, -1.8)]),
        ("1 2 3 4 5 6", [(1, 2), (3, 4), (5, 6)]),
        ("1 2 3,4 5 6", [(1, 2), (4, 5)]),
    ],
)
def test_traces(tmp_path: Path, trace: str, points: list[tuple[float, float]]) -> None:
    line, _ = single_line(tmp_path, f"<trace>{trace}</trace>")
    np.testing.assert_allclose(line.points[:, :2], points, rtol=1e-6)


@pytest.mark.parametrize(
    ("trace", "kind"),
    [
        ("1 2,3", "bad trace"),
        ("1 2,3 4 5", "bad trace"),
        ("1 2,,3 4", "bad trace"),
        ("1 2,3 x", "bad trace"),
        ("1 2,3 4;", "bad trace"),
        ("1 2,3 nan", "bad trace"),
        ("1 2,3 1_0", "bad trace"),
        ("1 2,3 '", "bad trace"),
        ("1 2,3 \u0661", "bad trace"),
        ("1 2,3 ?", "bad coordinates"),
        ("'1 2,3 4", "bad coordinates"),
        ('1 2,"3 4', "bad coordinates"),
        ("* 2,3 4", "bad coordinates"),
        ("1 2,1e999 3", "bad coordinates"),
        ("1 2,1000001 3", "bad coordinates"),
        ("1 2", "no ink"),
        ("", "no ink"),
        ("1 2," * 600_000, "bad trace"),
    ],
)
def test_a_bad_trace_costs_its_line_and_is_named(tmp_path: Path, trace: str, kind: str) -> None:
    group = "<traceGroup>{}</traceGroup>"
    bad, good = group.format(f"{TEXT}<trace>{trace}</trace>"), group.format(TEXT + TRACES)
    (line,), report = read(tmp_path, bad + good)
    assert line.id == "a-2" and dropped(report) == {kind: "a.inkml, line 1"}
    with pytest.raises(InputError, match=rf"a\.inkml: no line in it can be used; {kind}: a\.inkml: "):
        read(tmp_path, f"<trace>{trace}</trace>")


def test_channels_in_any_order_with_time_and_some_in_some_points(tmp_path: Path) -> None:
    body = channels("F", "T", "Y", "X", intermittent="SR", T='units="s"', X='units="mm"', Y='units="mm"')
    line, noted = single_line(tmp_path, body + "<trace>9 100 2 1, 8 '1 3 2 T, 8 2 2 1 *F</trace>")
    assert line.points.tolist() == [[1, 2, 0], [2, 3, 0], [1, 2, 1]] and line.unit == "mm"
    assert line.times is not None and line.times.dtype == np.float64 and line.times.tolist() == [0, 1, 3]
    assert not noted


def test_boolean_channels_are_passed_over(tmp_path: Path) -> None:
    """The example of the Recommendation (section 3.2.1), and boolean channels in every point, with signs of order."""
    trace = "1125 18432,'23'43,\"7\"-8,3-5,7 -3,6 2,6 8,3 6 T,2 4*T,3 6,3-6 F F"
    line, noted = single_line(tmp_path, channels("X", "Y", intermittent="AB") + f"<trace>{trace}</trace>")
    assert len(line.points) == 11 and line.points[-1].tolist() == [1584, 18823, 1] and not noted
    body = channels("X", "Y", "B", B='type="boolean"') + "<trace>1 2 T,'1'1'F,3 4T,\"0 1 !F</trace>"
    line, noted = single_line(tmp_path, body)
    assert line.points[:2, :2].tolist() == [[1, 2], [2, 3]] and len(line.points) == 4 and not noted


def test_a_channel_that_is_left_out_of_a_point_is_not_known(tmp_path: Path) -> None:
    line, noted = single_line(tmp_path, channels("X", "Y", intermittent="T") + "<trace>1 2 0, 3 4, 5 6 2</trace>")
    assert line.times is None and len(line.points) == 3 and len(noted) == 2
    with pytest.raises(InputError, match="bad coordinates"):
        read(tmp_path, channels("X", intermittent="Y") + "<trace>1 2, 3</trace>")


def test_y_upward_is_turned(tmp_path: Path) -> None:
    line, _ = single_line(tmp_path, channels("X", "Y", Y='orientation="-ve"') + TRACES)
    assert line.points[:, :2].tolist() == [[1, -2], [3, -4], [5, -6]]


@pytest.mark.parametrize(
    ("units", "values", "times", "note"),
    [
        ('units="ms"', (1500, 1750, 1501), [0, 0.25, 0.001], None),
        ('units="us"', (0, 2, 4), [0, 2e-6, 4e-6], None),
        ("", (0, 10, 20), [0, 0.01, 0.02], "times without a unit, read as milliseconds"),
        ('units="dev"', (0, 1, 2), None, "lines without times: one is missing, too large or in an unknown unit"),
        ('units="s"', (0, "?", 2), None, "lines without times: one is missing, too large or in an unknown unit"),
        ('units="s"', (0, 1, "1e13"), None, "lines without times: one is missing, too large or in an unknown unit"),
    ],
)
def test_units_of_time(
    tmp_path: Path, units: str, values: tuple[object, ...], times: list[float] | None, note: str | None
) -> None:
    points = ",".join(f"1 2 {value}" for value in values)
    line, noted = single_line(tmp_path, channels("X", "Y", "T", T=units) + f"<trace>{points}</trace>")
    assert noted == ({note} if note else set())
    assert (line.times is None) == (times is None)
    if times:
        np.testing.assert_allclose(line.times, times, rtol=1e-12)


@pytest.mark.parametrize(
    ("values", "points", "in_the_air"),
    [
        ("TTFFT", [(0, 0, 0), (1, 1, 1), (4, 4, 1)], 2),
        ("FTTTF", [(1, 1, 0), (2, 2, 0), (3, 3, 1)], 2),
        ("T?*TT", [(0, 0, 0), (1, 1, 0), (2, 2, 0), (3, 3, 0), (4, 4, 1)], 0),
    ],
)
def test_the_tip_that_does_not_touch_writes_nothing(
    tmp_path: Path, values: str, points: list[tuple[int, int, int]], in_the_air: int
) -> None:
    trace = ",".join(f"{n} {n} {n} {value}" for n, value in enumerate(values))
    body = channels("X", "Y", "T", "S", T='units="s"', S='type="boolean"') + f"<trace>{trace}</trace>"
    line, noted = single_line(tmp_path, body + "<trace>9 9 9 T,10 9 10 T</trace>")
    wanted = np.array([*points, (9, 9, 0), (10, 9, 1)])
    np.testing.assert_array_equal(line.points, wanted)
    np.testing.assert_array_equal(line.times, wanted[:, 0] - wanted[0, 0])
    assert noted == ({"points with the pen in the air, left out"} if in_the_air else set())


def test_ink_that_never_touched_is_none(tmp_path: Path) -> None:
    body = channels("X", "Y", "S", S='type="boolean"') + "<trace>1 2 F,3 4 F,5 6 T</trace>"
    with pytest.raises(InputError, match=r"no ink: .*points: 1; a line needs 2"):
        read(tmp_path, body)
