"""Pages that stand alone: what is text stays text, what is ink keeps its shape, what is counted is counted."""

import html as markup
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from render.web import html
from tests.render.some_ink import loops

VOID = {"meta", "img"}
EVIL = ["<script>alert(1)</script>", "]]>", "</style><b>", "\"' onload=x", "&amp;", "<!--", "\u202e אב", "a\u2028b"]


class Outline(HTMLParser):
    """The elements of a page with their attributes, its text, and whether all is closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open += [] if tag in VOID else [tag]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def strokes_of(svg: str) -> list[np.ndarray]:
    """The pen strokes (n, 2) of an ink's `<svg>`, in order."""
    strokes = []
    for path in ElementTree.fromstring(svg).iter("path"):
        for data in path.attrib["d"].split("M")[1:]:
            start, offsets = ([int(n) for n in re.findall(r"-?\d+", part)] for part in data.split("l"))
            strokes.append(np.cumsum([start, *np.reshape(offsets, (-1, 2))], axis=0))
    return strokes


@pytest.mark.parametrize("evil", EVIL)
def test_text_is_harmless_wherever_it_stands(evil: str) -> None:
    pieces = [
        html.line_figure(loops(), evil, evil, evil, [evil]),
        html.table([evil], [[evil]]),
        html.histogram(np.arange(9.0), evil),
        html.histogram(np.array([]), evil),
        html.folded(evil, evil),
        html.character_tiles({evil[0]: 3}, 10),
        html.large_numbers([(evil, evil)]),
        html.image_figure(b"", evil),
    ]
    page = Outline(html.page(evil, evil, [(evil, evil, piece) for piece in pieces]))
    calm = Outline(
        html.page("a", "a", [("a", "a", html.Html(piece.replace(html.escaped(evil), "a"))) for piece in pieces])
    )
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in calm.tags]
    times = [4, 2, 1, 1, 2, 0, 2, 1]  # that each piece says it
    assert page.text.count(evil) == 3 + 2 * len(pieces) + sum(times)
    assert not any(name.startswith("on") or name == "href" for _, attrs in page.tags for name in attrs)
    assert [attrs["src"] for _, attrs in page.tags if "src" in attrs] == ["data:image/png;base64,"]


def test_a_page_runs_and_fetches_nothing() -> None:
    page = html.page("t", "lead", [("h", "", html.line_figure(loops(), "id", "text", "facts"))])
    content = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert ("meta", {"http-equiv": "Content-Security-Policy", "content": content}) in Outline(page).tags
    assert not re.search(r"<script|<link|<img|url\(|@import|https?:", page)


def test_markup_is_put_in_as_it_is_and_numbers_are_set_for_people() -> None:
    assert html.joined([html.Html("<b>"), "<b>", 3]) == "<b>\n&lt;b&gt;\n3"
    told = {12345: "12,345", 3.14159: "3.14", 1234.5: "1,234", 0: "0", 2.0: "2", -7.25: "-7.25", float("nan"): "–"}
    assert {value: html.number(value) for value in told} == told
    assert re.findall(r"<td[^>]*>([^<]*)", html.table(["a"], [["12345", 12345, np.int64(7), 0.5]])) == [
        "12345",
        "12,345",
        "7",
        "0.5",
    ]


def test_a_table_without_rows_says_so() -> None:
    assert html.table(["a"], []) == "<p>None.</p>"


def test_only_lines_with_reasons_are_marked() -> None:
    assert 'class="odd"' not in html.line_figure(loops(), "a", "b", "c")
    odd = html.line_figure(loops(), "a", "b", "c", ["first", "second"])
    assert odd.count('class="odd"') == 1 and re.findall(r'class="why">([^<]*)', odd) == ["first", "second"]


@pytest.mark.parametrize(("letters", "size"), [(1, 1e-6), (8, 10.0), (60, 1e5), (200, 1.0)])
def test_ink_keeps_its_shape_and_its_strokes(letters: int, size: float) -> None:
    points = loops(letters, size=size)
    drawn = strokes_of(html.ink_svg(points))
    wanted = [piece[:, :2] for piece in np.split(points, np.flatnonzero(points[:-1, 2]) + 1)]
    assert len(drawn) == len(wanted)
    extent = np.ptp(points[:, :2], axis=0).clip(1e-9)
    scale = min(html.WIDTH / extent[0], html.HEIGHT / extent[1])
    for one, other in zip(drawn, wanted, strict=True):
        ends = (other[[0, -1]] - points[:, :2].min(0)) * scale
        assert np.abs(one[[0, -1]] - ends).max() <= 0.5 + 1e-6
        assert np.abs(np.ptp(one, axis=0) - np.ptp(other, axis=0) * scale).max() <= 1 + 1e-6


def test_the_picture_is_as_large_as_the_ink_and_colors_follow_the_pen() -> None:
    svg = ElementTree.fromstring(html.ink_svg(loops(40)))
    x, y, width, height = (float(part) for part in svg.attrib["viewBox"].split())
    every = np.concatenate(strokes_of(html.ink_svg(loops(40))))
    assert (every.min(0) == 0).all() and np.allclose(every.max(0), (width + 2 * x, height + 2 * y))
    assert (float(svg.attrib["width"]), float(svg.attrib["height"])) == pytest.approx((width / 8, height / 8), abs=0.5)
    hues = [int(re.findall(r"\d+", path.attrib["stroke"])[0]) for path in svg.iter("path")]
    assert hues == sorted(hues) and len(set(hues)) == html.BANDS and hues[0] == html.FIRST_HUE
    assert len(list(ElementTree.fromstring(html.ink_svg(loops(2))).iter("path"))) == 3


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(*[st.floats(allow_nan=True, allow_infinity=True, width=32)] * 2, st.sampled_from([0, 1])), max_size=9
    )
)
def test_any_ink_can_be_drawn(rows: list[tuple[float, float, int]]) -> None:
    points = np.array(rows, np.float32).reshape(-1, 3)
    finite = points[np.isfinite(points).all(1)]
    strokes = strokes_of(html.ink_svg(points))
    assert len(strokes) == (len(finite) and 1 + int(finite[:-1, 2].sum()))
    assert all(((stroke >= 0) & (stroke <= (html.WIDTH, html.HEIGHT))).all() for stroke in strokes)


def bars(svg: str) -> list[tuple[str, int]]:
    """The bars of a histogram: where each begins and how many it counts."""
    return [(begin, int(n.replace(",", ""))) for begin, n in re.findall(r"<title>from (\S+): (\S+)</title>", svg)]


def test_a_histogram_of_few_whole_numbers_has_a_bar_for_each() -> None:
    assert bars(html.histogram(np.array([3, 1, 1, 2, 3, 3, np.nan, np.inf]), "n")) == [("1", 2), ("2", 1), ("3", 3)]
    assert bars(html.histogram(np.full(7, 4.0), "n")) == [("4", 7)]
    assert bars(html.histogram(np.full(7, 4.5), "n")) == [("4.5", 7)]


@given(st.lists(st.floats(-1e6, 1e6) | st.integers(0, 500).map(float), min_size=1, max_size=300))
def test_a_histogram_loses_no_value(values: list[float]) -> None:
    counted = bars(html.histogram(np.array(values), "n"))
    assert sum(n for _, n in counted) == len(values) and len(counted) <= html.BINS + 2


def test_a_histogram_says_its_percentiles_and_bars_are_to_scale() -> None:
    svg = html.histogram(np.repeat(np.arange(101.0), 3), "n")
    assert "median 50, 98 % from 1 to 99, all from 0 to 100" in svg
    heights = {float(h) for h in re.findall(r'height="([\d.]+)"', html.histogram(np.array([1, 2, 2, 2, 2]), "n"))}
    assert heights == {88.0, 22.0}
    # 300 whole numbers in bins of whole width: an even spread stays even
    counts = [n for _, n in bars(html.histogram(np.arange(0, 300.0), "n"))]
    assert len(set(counts[:-1])) == 1


def test_rare_characters_are_marked_and_all_can_be_seen() -> None:
    tiles = html.character_tiles({" ": 4000, "e": 10, "<": 9, "é": 1}, rare=10)
    assert "␣</b><small>4,000" in tiles and "&lt;" in tiles and 'title="U+00E9"' in tiles
    rare = re.findall(r'<span class="rare"[^>]*><b>([^/]*)</b>', tiles)
    assert [markup.unescape(one) for one in rare] == ["<", "é"]
