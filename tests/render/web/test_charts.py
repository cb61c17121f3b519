"""Curves: every point lies where the axes say, nothing is lost, and nothing but numbers decides what is drawn."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from render.web.charts import BARS, CURVE_BINS, LEFT, NARROW, Curve, curves_figure, histogram
from tests.render.web.test_html import EVIL, Outline


def curve(y: list[float], x: list[float] | None = None, *, name: str = "a", dots: bool = False) -> Curve:
    return Curve(name, np.array(range(len(y)) if x is None else x, float), np.array(y, float), dots)


def svg_of(figure: str) -> ElementTree.Element:
    return ElementTree.fromstring(figure[figure.index("<svg") : figure.index("</svg>") + len("</svg>")])


def lines_of(figure: str) -> list[np.ndarray]:
    """The points (n, 2) of every curve, in pixels."""
    return [
        np.array([point.split(",") for point in line.attrib["points"].split()], float).reshape(-1, 2)
        for line in svg_of(figure).iter("polyline")
    ]


def scale(figure: str, anchor: str, at: str) -> np.ndarray:
    """The numbers beside (anchor "end") or below ("middle") the frame, and where they stand: (n, 2)."""
    texts = [text for text in svg_of(figure).iter("text") if text.attrib["text-anchor"] == anchor]
    texts = [text for text in texts if anchor == "middle" or float(text.attrib["x"]) < LEFT]
    labels = [(text.text or "", float(text.attrib[at])) for text in texts]
    return np.array([(float(t.replace(",", "")), place) for t, place in labels if re.fullmatch(r"[-\d.,e+]+", t)])


@pytest.mark.parametrize(
    "values", [[0, 1, 4, 9, 16], [-1057.7, -880.2], [1e-4, 2.5e-4], [12345, 99999], [5, 5.001], [3e-7, 9e-7], [2.0]]
)
def test_points_lie_where_the_axes_say(values: list[float]) -> None:
    figure = curves_figure("t", [curve(values, [100 * n for n in range(len(values))])])
    (drawn,) = lines_of(figure)
    for axis, (anchor, at), true in ((1, ("end", "y"), values), (0, ("middle", "x"), [100 * n for n in range(9)])):
        ticks = scale(figure, anchor, at)
        if len(ticks) < 2:
            assert len(values) == 1 or axis == 1
            continue
        assert len(set(ticks[:, 0])) == len(ticks)  # no two rules are called the same
        slope, start = np.polyfit(ticks[:, 0] - ticks[0, 0], ticks[:, 1], 1)
        places = start + slope * (np.array(true[: len(values)]) - ticks[0, 0])
        assert drawn[:, axis] + (3.5 if axis else 0) == pytest.approx(places, abs=0.3)


def test_values_of_many_sizes_stand_on_a_logarithmic_axis() -> None:
    figure = curves_figure("t", [curve([0.1, 1, 10, 1000])])
    heights = lines_of(figure)[0][:, 1]
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.2)
    assert heights[2] - heights[3] == pytest.approx(2 * (heights[0] - heights[1]), abs=0.3)


def test_names_at_the_right_end_are_not_cut() -> None:
    figure = curves_figure("t", [curve([1, 2, 3], [0, 500, 1000])], marks=[(1000, "5.64")])
    ends = {text.text: text.attrib for text in svg_of(figure).iter("text") if text.text in ("1,000", "5.64")}
    assert len(ends) == 2
    assert all((at["text-anchor"], float(at["x"])) == ("end", NARROW[0]) for at in ends.values())


def test_what_is_no_number_is_left_out_and_counted() -> None:
    figure = curves_figure("t", [curve([1, np.nan, np.inf, 2, -1e300, 3])])
    assert len(lines_of(figure)[0]) == 3 and "3 values are NaN, inf or beyond 1e+100" in figure
    assert curves_figure("t", [curve([])]) == ""
    assert "1 values are NaN" in curves_figure("t", [curve([np.nan])])


def test_no_spike_of_a_long_curve_is_lost() -> None:
    y = np.random.default_rng(1).normal(size=20_000)
    y[12_345], y[777] = 50, -60
    (drawn,) = lines_of(curves_figure("t", [curve(y.tolist())]))
    assert CURVE_BINS < len(drawn) <= 2 * CURVE_BINS + 2 and (np.diff(drawn[:, 0]) >= 0).all()
    low, high = drawn[:, 1].argmax(), drawn[:, 1].argmin()
    xs = drawn[[0, -1], 0]
    assert np.interp([777, 12_345], [0, 19_999], xs) == pytest.approx(drawn[[low, high], 0], abs=0.1)


def test_marks_dots_the_best_and_the_legend() -> None:
    curves = [curve([3, 2, 1], dots=True), curve([9, 8, 7], name="b"), curve([], name="empty")]
    figure = curves_figure("t", curves, marks=[(1, "one"), (2, "two"), (7, "out")], best=(2, 1, "best: 1"))
    root, drawn = svg_of(figure), lines_of(figure)[0]
    marks = [float(line.attrib["x1"]) for line in root.iter("line") if line.attrib["class"] == "mark"]
    assert marks == drawn[1:, 0].tolist()
    ring = [circle for circle in root.iter("circle") if circle.attrib["r"] == "5"]
    assert [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in ring] == [tuple(drawn[2])]
    assert [text.text for text in root.iter("text") if text.text in ("one", "two", "out", "best: 1")] == [
        "one",
        "two",
        "best: 1",
    ]
    assert "a: 2 at 1" in figure and re.findall(r"</b> (\w+)", figure) == ["a", "b"]


@pytest.mark.parametrize("evil", EVIL)
def test_names_are_text(evil: str) -> None:
    curves = [curve([1, 2], name=evil, dots=True), curve([2, 1], name=evil)]
    outline = Outline(curves_figure(evil, curves, x_label=evil, marks=[(1, evil)], best=(0, 1, evil)))
    assert not any(tag == "script" or name.startswith("on") for tag, attrs in outline.tags for name in attrs)
    assert outline.text.count(evil) == 1 + 2 + 2 + 1 + 1 + 1


@settings(max_examples=80)
@example([(0.0, 5e-324), (1.0, 9e99)])
@given(st.lists(st.tuples(st.floats(0, 1e12), st.floats()), max_size=30))
def test_any_numbers_can_be_drawn(pairs: list[tuple[float, float]]) -> None:
    pairs.sort(key=lambda pair: pair[0])
    figure = curves_figure("t", [curve([y for _, y in pairs], [x for x, _ in pairs])])
    finite = [y for _, y in pairs if abs(y) < 1e100]
    if finite:
        (drawn,) = lines_of(figure)
        assert len(drawn) == len(finite) and np.isfinite(drawn).all()
        assert (drawn >= 0).all() and (drawn <= NARROW).all()


def bars(svg: str) -> list[tuple[str, int]]:
    """The bars of a histogram: where each begins and how many it counts."""
    return [(begin, int(n.replace(",", ""))) for begin, n in re.findall(r"<title>from (\S+): (\S+)</title>", svg)]


def test_a_histogram_of_few_whole_numbers_has_a_bar_for_each() -> None:
    assert bars(histogram(np.array([3, 1, 1, 2, 3, 3, np.nan, np.inf]), "n")) == [("1", 2), ("2", 1), ("3", 3)]
    assert bars(histogram(np.full(7, 4.0), "n")) == [("4", 7)]
    assert bars(histogram(np.full(7, 4.5), "n")) == [("4.5", 7)]


@given(st.lists(st.floats(-1e6, 1e6) | st.integers(0, 500).map(float), min_size=1, max_size=300))
def test_a_histogram_loses_no_value(values: list[float]) -> None:
    counted = bars(histogram(np.array(values), "n"))
    assert sum(n for _, n in counted) == len(values) and len(counted) <= BARS + 2


def test_a_histogram_says_its_percentiles_and_bars_are_to_scale() -> None:
    svg = histogram(np.repeat(np.arange(101.0), 3), "n")
    assert "median 50, 98 % from 1 to 99, all from 0 to 100" in svg
    heights = {float(h) for h in re.findall(r'height="([\d.]+)"', histogram(np.array([1, 2, 2, 2, 2]), "n"))}
    assert heights == {88.0, 22.0}
    # 300 whole numbers in bins of whole width: an even spread stays even
    counts = [n for _, n in bars(histogram(np.arange(0, 300.0), "n"))]
    assert len(set(counts[:-1])) == 1
