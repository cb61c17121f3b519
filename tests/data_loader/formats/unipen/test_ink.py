"""The ink of UNIPEN files: sections, columns, units, times and includes."""

import numpy as np
import pytest

from data_loader.formats.read_report import BadFileError
from data_loader.formats.unipen import ink as ink_module
from data_loader.formats.unipen.ink import Ink, read_ink
from data_loader.formats.unipen.segments import Span
from tests.data_loader.formats.unipen.mini_unipen import HEADER, INK, TIMED

WHOLE = Span(0, 0, 0, None)


def read(data: bytes, **files: bytes) -> Ink:
    return read_ink(["a"], {"a": data, **files})


def test_sections_with_points_are_counted_and_converted() -> None:
    ink = read_ink(["ink", "doc"], {"doc": HEADER, "ink": INK})
    assert ink.starts.tolist() == [0, 3, 5, 7, 9, 13]
    assert ink.is_down.tolist() == [True, True, False, True, True]
    np.testing.assert_allclose(ink.xy[:4], [[10, -10], [11, -11], [12, -10], [13, -10]])
    assert [header.writer for header in ink.headers] == ["ann"] * 4 + ["bob"]
    assert [header.hand for header in ink.headers] == ["L"] * 4 + ["R"]
    assert ink.missing == []


def test_times_are_those_of_the_rate_and_the_delays() -> None:
    ink = read_ink(["doc", "ink"], {"doc": HEADER, "ink": INK})
    np.testing.assert_allclose(ink.times - ink.times[0], [0, 0.01, 0.02, *(np.arange(3, 13) / 100 + 0.05)])


@pytest.mark.parametrize(
    ("header", "stamps", "seconds"),
    [
        (b".COORD X Y T", (100, 110, 120), 0.02),
        (b".COORD X Y T\n.POINTS_PER_SECOND 66", (98151, 98166, 98181), 0.03),
        (b".COORD X Y T\n.POINTS_PER_SECOND 200", (0, 3472, 8497), 0.008497),
        (b".COORD X Y T\n.POINTS_PER_SECOND 9600", (0, 10, 20), 0.02),
        (b".COORD X Y P\n.POINTS_PER_SECOND 100", (5, 5, 5), 0.02),
        (b".COORD X Y P\n.POINTS_PER_SECOND 9600", (5, 5, 5), np.nan),
    ],
)
def test_time_stamps_are_in_the_unit_that_fits_the_rate(header: bytes, stamps: tuple[int, ...], seconds: float) -> None:
    points = "".join(f"{x} 0 {stamp}\n" for x, stamp in enumerate(stamps)).encode()
    ink = read(header + b"\n.PEN_DOWN\n" + points)
    np.testing.assert_allclose(ink.times[-1] - ink.times[0], seconds)


def test_columns_may_change_between_sections() -> None:
    ink = read(b".COORD X Y\n.PEN_DOWN\n1 2\n.COORD P Y X\n.PEN_DOWN\n9 4 3\n")
    np.testing.assert_allclose(ink.xy * 1000 / 25.4, [[1, -2], [3, -4]], rtol=1e-6)


@pytest.mark.parametrize(
    ("spans", "rows"),
    [
        ([Span(0, 0, 1, None)], [0, 1, 2, 3, 4]),
        ([Span(0, 1, 1, 0)], [1, 2, 3]),
        ([Span(1, 0, 3, None)], [3, 4, 7, 8]),
        ([Span(2, 0, 2, None)], []),
        ([Span(3, 0, 3, None), Span(0, 2, 0, 2)], [2, 7, 8]),
        ([Span(4, 1, 4, 2), Span(4, 2, 4, 3)], [10, 11, 12]),
    ],
)
def test_rows_of_spans_are_the_points_on_the_paper(spans: list[Span], rows: list[int]) -> None:
    assert read_ink(["d", "i"], {"d": HEADER, "i": INK}).rows(spans).tolist() == rows


@pytest.mark.parametrize("span", [Span(0, 0, 5, None), Span(7, 0, 7, None), Span(0, 3, 1, 0), Span(0, 0, 0, 3)])
def test_a_span_beyond_the_ink_is_refused(span: Span) -> None:
    with pytest.raises(BadFileError, match="range beyond the ink"):
        read_ink(["d", "i"], {"d": HEADER, "i": INK}).rows([span])


def test_a_broken_section_costs_only_itself() -> None:
    ink = read(b".PEN_DOWN\n1 1\n.PEN_DOWN\n1 1\n2\n.PEN_DOWN\n1 x\n.PEN_DOWN\n2 2\n")
    assert ink.starts.tolist() == [0, 1, 2, 3, 4]
    assert np.isnan(ink.xy).all(axis=1).tolist() == [False, True, True, False]


def test_a_file_includes_another_in_its_place_and_keeps_its_headers() -> None:
    ink = read(b".PEN_DOWN\n1 1\n.INCLUDE b\n.INCLUDE gone\n.PEN_DOWN\n5 6 530 7\n", b=TIMED)
    assert ink.starts.tolist() == [0, 1, 4, 5]
    np.testing.assert_allclose(ink.xy[-1], [0.5, -0.6])
    assert ink.missing == ["gone"]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b".INCLUDE a\n", "too many includes"),
        (b".INCLUDE b\n" * 70, "too many includes"),
        (b".COORD X\n", "bad columns"),
        (b".COORD X Y X\n", "bad columns"),
        (b".COORD X Y " + b" ".join(b"C%d" % number for number in range(20)), "bad columns"),
        (b".PEN_DOWN\n" + b"1 1\n" * 11, "huge ink"),
    ],
)
def test_ink_that_cannot_be_read_is_refused(monkeypatch: pytest.MonkeyPatch, data: bytes, kind: str) -> None:
    monkeypatch.setattr(ink_module, "MAX_NUMBERS", 20)
    with pytest.raises(BadFileError, match=kind):
        read(data, b=b".PEN_DOWN\n1 1\n" if kind == "huge ink" else b"")
