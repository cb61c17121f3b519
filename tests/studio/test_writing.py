"""Texts that the studio writes, and their files."""

import io
import shlex
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from results.roles import load_as
from results.writing.lines import Writing
from results.writing.writer import Writer
from studio.lines import BATCHES, LineMemory, LiveDraw
from studio.settings import WriteSettings
from studio.writing import KINDS, placed
from tests.results.writers import writer
from tests.studio.conftest import Page

Run = Callable[..., tuple[int, str, str]]
TEXT = "dad bad cab\n\nfed egg"
SHEETS: list[dict[str, Any]] = [
    {},
    {"bias": 1.5, "seed": 7, "style": "kept-hand"},
    {"hands": "each", "seed": 4},
    {"paper": "a6", "ruled": True, "align": "center", "slant": -12.0, "line": "filled"},
    {
        "margin": 5.0,
        "size": 2.0,
        "spacing": 9.0,
        "pen": 0.8,
        "color": "#204080",
        "line": "polyline",
    },
]


@pytest.fixture
def hand(page: Page, studio_folder: Path) -> Path:
    """A kept style."""
    if not (studio_folder / "styles" / "hand.jsonl").is_file():
        assert page.call("/api/styles/keep", {"id": "random-5", "title": "Hand"}).json()["id"] == "kept-hand"
    return studio_folder / "styles" / "hand.jsonl"


@pytest.mark.parametrize(
    ("kind", "settings"), [*(("svg", some) for some in SHEETS), ("pdf", SHEETS[4]), ("png", SHEETS[3])]
)
def test_a_file_is_what_the_command_line_writes_byte_for_byte(
    settings: dict[str, Any], kind: str, page: Page, hand: Path, experiments_cli: Run, tmp_path: Path
) -> None:
    (*_, (name, reply)) = page.events("/api/write", {"text": TEXT, **settings})
    assert name == "done"
    words = shlex.split(reply["command"])[2:]
    assert experiments_cli(*words[:-1], tmp_path / f"out.{kind}")[0] == 0
    made = page.call(f"/api/write/{kind}", {"text": TEXT, **settings})
    assert made.content == (tmp_path / f"out.{kind}").read_bytes()
    assert made.headers["content-type"].split(";")[0] == KINDS[kind][1]


@pytest.mark.parametrize(
    ("network", "style", "hands", "shown"),
    [
        (None, None, "one", " --hands one"),
        (None, None, "each", " --hands each"),
        (None, "3", "one", ""),
        ("mine.pt", None, "one", ""),
        ("mine.pt", None, "each", " --hands each"),
    ],
)
def test_the_command_has_the_hands_that_it_would_not_take_by_itself(
    network: str | None, style: str | None, hands: Any, shown: str
) -> None:
    words = WriteSettings("dad", hands=hands).command(network, style, "dad.svg")
    assert words and words.partition(" --hands")[1] + words.partition(" --hands")[2].partition(" --")[0] == shown


def test_no_command_where_it_would_write_another_text() -> None:
    commands = [WriteSettings(text).command(None, "3", "a.svg") for text in ("a\nb", "a-", "a\\nb", "-a")]
    assert [command is None for command in commands] == [False, False, True, True]


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("cab", "çäb"), TEXT.replace("cab", "c@b")])
def test_points_are_streamed_as_they_are_drawn_and_are_those_of_the_writing(
    networks: Path, page: Page, text: str
) -> None:
    events = page.events("/api/write", {"text": text, "seed": 3})
    names = [name for name, _ in events]
    assert names[0] == "lines" and names[-1] == "done" and set(names[1:-1]) == {"ink"}
    texts = events[0][1]["texts"]
    assert texts == text.split("\n")
    ink: dict[int, list[float]] = {0: [], 2: []}
    whole = set()
    for line, values, is_whole in (data for _, data in events[1:-1]):
        assert line not in whole
        ink[line] += values
        whole |= {line} if is_whole else set()
    assert whole == {0, 2}
    writing = load_as(Writer, networks / "writer.pt").write(text, seed=3)
    for line, values in ink.items():
        points = np.array(values).reshape(-1, 3)
        true = writing.lines[line]
        assert len(points) == len(true)
        unit = np.ptp(points[:, :2], axis=0).max() / np.ptp(true[:, :2], axis=0).max()
        np.testing.assert_allclose(points[:, :2] - points[0, :2], (true[:, :2] - true[0, :2]) * unit, atol=0.02)


@pytest.mark.parametrize("slant", [0.0, 20.0])
def test_the_matrices_bring_the_ink_to_its_place_on_the_pages(slant: float) -> None:
    rng = np.random.default_rng(1)
    lines = [np.column_stack([rng.normal(size=(40, 2)).cumsum(0), np.arange(40) % 8 == 7]) for _ in range(3)]
    lines.insert(1, np.zeros((0, 3)))
    writing = Writing(["a", "", "b", "c"], [line.astype(np.float32) for line in lines], [])
    paper = WriteSettings("", paper="a6", slant=slant).sheet()
    pages = writing.pages(paper)
    shown = placed([line for line in lines if len(line)], [0, 2, 3], pages, 0.25)
    numbers = [line["number"] for page in shown for line in page["lines"]]
    assert numbers == [0, 2, 3]
    for page, plain in zip(pages, shown, strict=True):
        for strokes, line in zip(page.lines, plain["lines"], strict=True):
            a, c, e, b, d, f = line["matrix"]
            x, y = 0.25 * writing.lines[line["number"]][:, :2].astype(float).T
            np.testing.assert_allclose(
                np.concatenate(strokes), np.column_stack([a * x + c * y + e, b * x + d * y + f]), atol=0.01
            )


def test_a_line_is_written_again_and_the_others_stay(page: Page, networks: Path) -> None:
    first = page.call("/api/write/svg", {"text": TEXT, "seed": 3}).text
    again = page.call("/api/write/svg", {"text": TEXT, "seed": 3, "again": {"2": 1}})
    assert again.text != first
    events = page.events("/api/write", {"text": TEXT, "seed": 3, "again": {"2": 1}})
    assert events[-1][1]["command"] is None
    network = load_as(Writer, networks / "writer.pt")
    (style,) = network.own_styles(["dad bad cab", "fed egg"], [3], 0.5)
    own, other = network.write(TEXT, seed=3), network.write(TEXT, seed=4, style=style)
    settings = WriteSettings(TEXT, seed=3, again={2: 1})
    mixed = network.write(TEXT, seed=3, draw=LiveDraw(LineMemory(), 3, settings.again, lambda *_: None))
    np.testing.assert_array_equal(mixed.samples[0].strokes, own.samples[0].strokes)
    np.testing.assert_array_equal(mixed.samples[1].strokes, other.samples[1].strokes)


def test_no_line_is_drawn_twice_and_the_first_is_drawn_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    network, memory, drawn = writer(), LineMemory(), []
    draw_lines = Writer.draw_lines

    def counted(self: Writer, texts: Any, *args: Any) -> Any:
        drawn.append(len(texts))
        return draw_lines(self, texts, *args)

    monkeypatch.setattr(Writer, "draw_lines", counted)
    texts = [f"{a}{b}" for a in "abcdefg" for b in "abcdefg"][:23]
    lines = [network.write("\n".join(texts), seed=2, draw=LiveDraw(memory, 2, {}, lambda *_: None)).lines for _ in "12"]
    assert drawn == [1, *BATCHES[:3], 2, 1]  # each writing begins with the style of its seed
    for one_line, other in zip(*lines, strict=True):
        np.testing.assert_array_equal(one_line, other)


def test_several_pages_are_in_a_zip_and_a_pdf_holds_them_all(page: Page) -> None:
    settings = {"text": "\n".join(["bad"] * 9), "paper": "a6"}
    made = page.call("/api/write/svg", settings)
    names = zipfile.ZipFile(io.BytesIO(made.content)).namelist()
    assert names == sorted(names) and names[0] == f"writing-1-page{1:0{len(str(len(names)))}}.svg" and len(names) > 1
    assert 'filename="writing-1.zip"' in made.headers["content-disposition"]
    assert f"/Count {len(names)}".encode() in page.call("/api/write/pdf", settings).content


def test_a_transparent_picture_has_the_ink_alone(page: Page) -> None:
    plain, clear = (
        page.call(f"/api/write/{kind}", {"text": "b", "size": 0.5}).content for kind in ("png", "transparent")
    )
    plain, clear = (Image.open(io.BytesIO(content)) for content in (plain, clear))
    assert clear.mode == "RGBA" and clear.size == plain.size and clear.getextrema()[3] == (0, 255)
    white = Image.new("RGBA", clear.size, "white")
    np.testing.assert_allclose(
        np.asarray(Image.alpha_composite(white, clear).convert("RGB"), int), np.asarray(plain), atol=1
    )


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"text": ""}, "empty"),
        ({"text": "bad ☃"}, "☃"),
        ({"text": "b" * 20_001}, "20,001"),
        ({"text": "bad", "bias": 99}, "bias"),
        ({"text": "bad", "seed": -1}, "seed"),
        ({"text": "bad", "paper": "a6", "margin": 60}, "margin"),
        ({"text": "bad", "paper": "huge"}, "paper"),
        ({"text": "bad", "pen": 0}, "pen"),
        ({"text": "bad", "color": "ink"}, "color"),
        ({"text": "bad", "slant": 80}, "slant"),
        ({"text": "bad", "line": "dotted"}, "line"),
        ({"text": "bad", "style": "kept-../../secret"}, "not there"),
        ({"text": "bad", "style": "random-x"}, "handwriting"),
        ({"text": ["bad"]}, "text"),
        ({"text": "bad", "bias": "1"}, "bias"),
        ({"text": "bad", "ruled": 1}, "ruled"),
        ({"text": "bad", "again": {"0": -1}}, "again"),
        ({"text": "bad", "again": [1]}, "again"),
        ({"text": "bad", "more": 1}, "settings"),
    ],
)
def test_what_cannot_be_written_is_said_in_a_line(settings: dict[str, Any], named: str, page: Page) -> None:
    response = page.call("/api/write/svg", settings)
    assert response.status_code == 422
    assert named in response.json()["error"] and "\n" not in response.json()["error"]


def test_stand_ins_are_written_and_named(page: Page) -> None:
    events = page.events("/api/write", {"text": "bæd"})
    assert events[0][1]["substituted"] == {"æ": "ae"}
    assert page.call("/api/write/svg", {"text": "bæd"}).content == page.call("/api/write/svg", {"text": "baed"}).content


def test_a_new_style_is_kept_used_and_removed(page: Page, studio_folder: Path) -> None:
    card = page.call("/api/styles/random", {"seed": 9}).json()
    assert (
        card["id"] == "random-9"
        and card["path"].startswith("M")
        and card == page.call("/api/styles/random", {"seed": 9}).json()
    )
    kept = page.call("/api/styles/keep", {"id": "random-9", "title": "../My Hand! "}).json()
    assert kept["id"] == "kept-my-hand" and (studio_folder / "styles" / "my-hand.jsonl").is_file()
    assert "there already" in page.call("/api/styles/keep", {"id": "random-9", "title": "my hand"}).json()["error"]
    assert "name" in page.call("/api/styles/keep", {"id": "random-9", "title": "..."}).json()["error"]
    assert "kept-my-hand" in [card["id"] for card in page.get("/api/about").json()["styles"]]
    drawn = [
        page.call("/api/write/svg", {"text": "bad", "style": style}).content for style in ("random-9", "kept-my-hand")
    ]
    assert drawn[0] == drawn[1]
    (studio_folder / "styles" / "bad.jsonl").write_text("{")
    cards = {card["id"]: card for card in page.get("/api/about").json()["styles"]}
    assert cards["kept-bad"] == {"id": "kept-bad", "title": "bad", "text": "damaged"} and cards["kept-my-hand"]["path"]
    assert "bad.jsonl" in page.call("/api/write/svg", {"text": "bad", "style": "kept-bad"}).json()["error"]
    assert page.call("/api/styles/remove", {"id": "kept-bad"}).status_code == 200
    assert page.call("/api/styles/remove", {"id": "kept-my-hand"}).status_code == 200
    assert not (studio_folder / "styles" / "my-hand.jsonl").exists()
    assert "not there" in page.call("/api/styles/remove", {"id": "kept-my-hand"}).json()["error"]
