"""Pages that stand alone: what is text stays text, what is ink keeps its shape, what is counted is counted."""

import html as markup
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from render.web import html
from render.web.charts import histogram
from render.web.ink import line_figure
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


@pytest.mark.parametrize("evil", EVIL)
def test_text_is_harmless_wherever_it_is(evil: str) -> None:
    pieces = {
        line_figure(loops(), evil, evil, evil, [evil]): 4,
        html.table([evil], [[evil]]): 2,
        histogram(np.arange(9.0), evil): 1,
        histogram(np.array([]), evil): 1,
        html.folded(evil, evil): 2,
        html.paragraph(evil): 1,
        html.unbroken(evil): 1,
        html.character_tiles({evil[0]: 3}, 10): 0,
        html.large_numbers([(evil, evil)]): 2,
        html.figure(html.Html("<b></b>"), evil, evil, title=evil): 3,
        html.image_figure(b"", evil): 1,
    }
    page = Outline(html.page(evil, evil, [html.Section(evil, evil, piece) for piece in pieces]))
    calm = [html.Section("a", "a", html.Html(piece.replace(html.escaped(evil), "a"))) for piece in pieces]
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in Outline(html.page("a", "a", calm)).tags]
    assert page.text.count(evil) == 3 + 2 * len(pieces) + sum(pieces.values())
    assert not any(name.startswith("on") or name == "href" for _, attrs in page.tags for name in attrs)
    assert [attrs["src"] for _, attrs in page.tags if "src" in attrs] == ["data:image/png;base64,"]


def test_sections_without_a_body_are_left_out() -> None:
    empty = [html.Html(""), html.stacked([]), html.stacked(["", ""]), html.grid([]), html.grid([""])]
    page = html.page("t", "lead", [html.Section(f"empty {n}", "remark", piece) for n, piece in enumerate(empty)])
    assert "empty" not in page and "remark" not in page
    assert "<h2>h</h2>" in html.page("t", "lead", [html.Section("h", "", html.table(["a"], []))])


def test_a_page_runs_and_fetches_nothing() -> None:
    page = html.page("t", "lead", [html.Section("h", "", line_figure(loops(), "id", "text", "facts"))])
    content = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert ("meta", {"http-equiv": "Content-Security-Policy", "content": content}) in Outline(page).tags
    assert not re.search(r"<script|<link|<img|url\(|@import|https?:", page)


def test_markup_is_put_in_as_it_is_and_numbers_are_set_for_people() -> None:
    assert html.stacked([html.Html("<b>"), "<b>", "", 3]) == "<b>\n&lt;b&gt;\n3"
    texts = {12345: "12,345", 3.14159: "3.14", 1234.5: "1,234", 0: "0", 2.0: "2", -7.25: "-7.25", float("nan"): "–"}
    assert {value: html.number(value) for value in texts} == texts
    assert re.findall(r"<td[^>]*>([^<]*)", html.table(["a"], [["12345", 12345, np.int64(7), 0.5]])) == [
        "12345",
        "12,345",
        "7",
        "0.5",
    ]


def test_a_table_without_rows_says_so() -> None:
    assert html.table(["a"], []) == "<p>None.</p>"


def test_rare_characters_are_marked_and_all_can_be_seen() -> None:
    tiles = html.character_tiles({" ": 4000, "e": 10, "<": 9, "é": 1}, rare=10)
    assert "␣</b><small>4,000" in tiles and "&lt;" in tiles and 'title="U+00E9"' in tiles
    rare = re.findall(r'<span class="rare"[^>]*><b>([^/]*)</b>', tiles)
    assert list(map(markup.unescape, rare)) == ["<", "é"]
