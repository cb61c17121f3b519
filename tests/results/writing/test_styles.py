"""Writing on from a real line: where it is found, in which units it is taken, what is written of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from base.base_model import Sample
from data_loader.batching import collate
from data_loader.formats.inkml.export import write_inkml
from data_loader.formats.jsonl import write_jsonl
from ink.alphabet import Alphabet
from ink.geometry import baseline_slope, x_height
from ink.strokes import InkLine, points_to_strokes, strokes_to_points
from model.reading.embedding import HandwritingEmbedding
from model.writing.sampling import sample
from results import write
from results.reading.embedder import Embedder
from results.writing import styles
from results.writing.lines import SEEDS_PER_WRITING, Style
from results.writing.style_making import make_styles, most_unlike
from results.writing.styles import load_style, style_grid, style_of
from results.writing.writer import Writer
from tests.render.some_ink import loops
from tests.results.recognizers import STD, line_of, recognizer
from tests.results.writers import CHARACTERS, writer
from tests.tiny import write_corpus
from utils.errors import InputError

LINE = line_of("badcab", id="w-7")
STROKES = points_to_strokes(LINE.points, (STD[0], STD[1]))


def three_times(_: Writer, __: str, line: InkLine) -> InkLine:
    return replace(line, points=line.points * np.array([3, 3, 1], np.float32))


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    for name in ("letters", "others"):
        write_corpus(tmp_path / name, [line_of("abc", id="w-6"), LINE])
    return tmp_path


def test_a_line_of_the_networks_own_corpus_is_taken_as_the_loader_does(data_dir: Path) -> None:
    style = load_style(writer(), "letters:w-7", data_dir)
    assert (style.name, style.text) == ("w-7", "badcab")
    np.testing.assert_array_equal(style.strokes, STROKES)


def test_the_first_line_with_a_text_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(styles, "_as_written", lambda _, __, line: line)
    write_jsonl([replace(line_of("abc"), text=""), LINE, line_of("gag")], tmp_path / "ink.jsonl")
    assert load_style(writer(), str(tmp_path / "ink.jsonl")).text == "badcab"
    assert len(load_style(writer(free=True), str(tmp_path / "ink.jsonl")).strokes) == len(line_of("abc").points)
    write_inkml([LINE], tmp_path / "ink")
    assert load_style(writer(), str(next((tmp_path / "ink").iterdir()))).text == "badcab"


def test_a_style_that_ships_goes_by_number_or_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(styles, "BUNDLED", tmp_path / "styles.jsonl")
    monkeypatch.setattr(styles, "FREE", tmp_path / "free.jsonl")
    with pytest.raises(InputError, match="no bundled styles"):
        load_style(writer(), "2")
    write_jsonl([line_of("abc", id="upright"), LINE], tmp_path / "styles.jsonl")
    assert load_style(writer(), "2").text == load_style(writer(), "w-7").text == "badcab"
    with pytest.raises(InputError, match="bundled are 1 to 2;"):
        load_style(writer(), "3")
    write_jsonl([line_of("gag", id="free-1")], tmp_path / "free.jsonl")
    assert load_style(writer(), "free-1").text == "gag"
    with pytest.raises(InputError, match="bundled are 1 to 2 and free-1 to free-1;"):
        load_style(writer(), "3")


def test_the_ink_is_transformed_as_the_training_ink_was() -> None:
    loaded = writer(transform={"normalise_size": True}, std=[0.2, 0.2])
    points = strokes_to_points(style_of(loaded, LINE).strokes, (0.2, 0.2))
    assert x_height(points) == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize("size", [1.0, 1.9, 0.01, 30.0])
@pytest.mark.parametrize("denser", [1, 3])
def test_ink_of_another_pen_becomes_as_large_and_as_dense_as_what_the_network_writes(
    size: float, denser: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Writer, "draw_lines", lambda *_: [Sample(STROKES, None, True)] * 3)
    points = LINE.points * np.array([size, size, 1], np.float32)
    if denser > 1:
        between = np.linspace(points[:-1], points[1:], denser, endpoint=False, axis=1).reshape(-1, 3)
        between[:, 2] = 0
        lifts = np.flatnonzero(points[:-1, 2])
        between = np.delete(between, [denser * lift + k for lift in lifts for k in range(1, denser)], axis=0)
        between[np.cumsum(np.where(points[:-1, 2], 1, denser))[lifts] - 1, 2] = 1
        points = np.concatenate([between, points[-1:]]).astype(np.float32)
    style = style_of(writer(), replace(LINE, points=points), same_units=False)
    assert len(style.strokes) == pytest.approx(len(STROKES), rel=0.03)
    written, expected = (strokes_to_points(strokes, (STD[0], STD[1])) for strokes in (style.strokes, STROKES))
    assert x_height(written) == pytest.approx(x_height(expected), rel=1e-3)


def test_a_network_whose_transform_brings_any_ink_to_one_size_is_not_asked_for_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Writer, "draw_lines", lambda *_: pytest.fail("nothing has to be written"))
    loaded = writer(transform={"normalise_size": True}, std=[0.2, 0.2])
    large = replace(LINE, points=LINE.points * np.array([7, 7, 1], np.float32))
    own, other = (style_of(loaded, line, same_units=same).strokes for line, same in ((LINE, True), (large, False)))
    np.testing.assert_allclose(other, own, rtol=1e-3, atol=1e-4)


def test_units_of_a_file_are_looked_at_and_those_of_the_own_corpus_are_not(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(styles, "_as_written", three_times)
    own, other = (load_style(writer(), f"{name}:w-7", data_dir).strokes for name in ("letters", "others"))
    np.testing.assert_allclose(other[:, :2], 3 * own[:, :2], rtol=1e-5, atol=1e-5)


def test_bundled_styles_are_in_the_units_of_the_corpus_of_their_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(styles, "BUNDLED", tmp_path / "styles.jsonl")
    monkeypatch.setattr(styles, "_as_written", three_times)
    write_jsonl([LINE], tmp_path / "styles.jsonl")
    own, other = (load_style(writer(corpus=corpus), "1").strokes for corpus in (styles.BUNDLED_CORPUS, "letters"))
    np.testing.assert_allclose(other[:, :2], 3 * own[:, :2], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("sample", "named"),
    [
        ("letters:w-9", "no line 'w-9'"),
        ("nowhere:w-7", "no prepared corpus"),
        ("gone.jsonl", "no such file"),
        ("no-text.jsonl", "no line has a text"),
        ("letters:", "no line ''"),
    ],
)
def test_a_sample_that_is_none(sample: str, named: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data_dir)
    write_jsonl([replace(LINE, text=" ")], Path("no-text.jsonl"))
    with pytest.raises(InputError, match=named):
        load_style(writer(), sample, data_dir)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (replace(LINE, text=""), "w-7: has no text"),
        (replace(LINE, text="böse"), "w-7: its text has 'ö', 's', which"),
        (replace(LINE, points=np.tile(LINE.points, (70, 1))), "w-7: 3,360 points are more than 3,000"),
        (replace(LINE, points=LINE.points[:1]), "two or more points"),
    ],
)
def test_a_line_that_is_no_style(line: object, named: str) -> None:
    with pytest.raises(InputError, match=named):
        style_of(writer(), line)  # type: ignore[arg-type]


def test_every_line_of_a_text_is_written_on_from_the_same_style() -> None:
    loaded, style = writer(), style_of(writer(), LINE)
    writing = write(loaded, "dad\ncab", seed=4, style=style)[0]
    for number, (text, drawn) in enumerate(zip(["dad", "cab"], writing.samples, strict=True)):
        encoded = torch.from_numpy(Alphabet(CHARACTERS).encode(f"badcab {text}"))
        (expected,) = sample(
            loaded.model,  # type: ignore[arg-type]
            collate([("", torch.from_numpy(STROKES), encoded)]),
            seeds=[4 * SEEDS_PER_WRITING + number],
            max_points=[int(1.5 * 16 * 6)],
            bias=0.5,
            prime_chars=[7],
        )
        np.testing.assert_allclose(drawn.strokes, expected.strokes, atol=1e-3)
        assert drawn.weights is not None and drawn.weights.shape[1] == len(text) + 1
    assert not np.array_equal(write(loaded, "dad", seed=4)[0].lines[0], writing.lines[0])


def test_a_page_is_in_the_style_of_its_seed_and_each_line_in_another_where_wanted() -> None:
    loaded, text = writer(), "dad\n\ncabbage bed"
    first, second = write(loaded, text, n=2, seed=4)
    assert [len(line) > 0 for line in first.lines] == [True, False, True]
    for seed, page in ((4, first), (5, second)):
        (style,) = loaded.own_styles(["dad", "cabbage bed"], [seed], 0.5)
        assert style.text == "cabbage bed"  # the longest line: the alphabet has not all of the usual text
        expected = write(loaded, text, seed=seed, style=style)[0]
        for drawn, own in zip(page.samples, expected.samples, strict=True):
            np.testing.assert_array_equal(drawn.strokes, own.strokes)
    apart = write(loaded, text, seed=4, hands="each")[0]
    (alone,) = loaded.draw_lines(["cabbage bed"], [4 * SEEDS_PER_WRITING + 2], 0.5)
    np.testing.assert_allclose(apart.samples[1].strokes, alone.strokes, atol=1e-3)
    copies = [write(loaded, "dad", n=2, seed=4, hands=hands) for hands in ("one", "each")]
    np.testing.assert_array_equal(copies[0][1].lines[0], copies[1][1].lines[0])


def test_a_page_in_a_style_has_its_slope(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network goes down behind a style that goes up; a line alone is left as it is."""
    inks = [Sample(points_to_strokes(loops(slope=slope), (STD[0], STD[1])), None, True) for slope in (0.1, 0.12, 0.11)]
    monkeypatch.setattr(Writer, "draw_lines", lambda _, texts, *__: inks[: len(texts)])
    style = style_of(writer(), replace(LINE, points=loops(slope=-0.05)))
    page = write(writer(), "dad\n\ncab\nbad", style=style)[0]
    slopes = [baseline_slope(line) for line in page.lines if len(line)]
    assert slopes == pytest.approx([-0.06, -0.04, -0.05], abs=0.002) and len(page.lines[1]) == 0
    alone = write(writer(), "dad", style=style)[0]
    assert baseline_slope(alone.lines[0]) == pytest.approx(0.1, abs=0.002)


def test_a_network_that_writes_freely_goes_on_from_ink_alone() -> None:
    loaded = writer(free=True)
    style = style_of(loaded, replace(LINE, text=""))
    writing = write(loaded, style=style)[0]
    assert len(writing.lines[0]) == 30
    assert not np.array_equal(writing.lines[0], write(loaded)[0].lines[0])


def test_a_grid_has_each_style_and_under_it_a_line_a_bias() -> None:
    loaded, style = writer(), style_of(writer(), LINE)
    lines, titles = style_grid(loaded, "dad", [None, style], [0.0, 1.0], seed=3)
    assert titles == ["bias 0", "bias 1", "w-7: badcab", "bias 0", "bias 1"]
    np.testing.assert_array_equal(lines[4], write(loaded, "dad", bias=1.0, seed=3, style=style)[0].lines[0])
    np.testing.assert_allclose(lines[2][1:, :2], (LINE.points - LINE.points[0])[1:, :2], atol=1e-3)


def test_own_styles_are_legible_and_the_most_unlike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines by size: the second says something else, the fourth was capped, the largest is written on badly."""
    sizes = [1.0, 1.0, 4.0, 1.0, 2.0, 9.0]
    inks = [line_of("cab").points * np.array([size, size, 1]) for size in sizes]
    drawn = [Sample(points_to_strokes(ink, (5.0, 4.0)), None, i != 3) for i, ink in enumerate(inks)]

    def draw(_: Writer, texts: list[str], seeds: list[int], bias: float, style: Style | None = None) -> list[Sample]:
        return [Sample(style.strokes, None, True)] * len(texts) if style else drawn

    def read(_: object, __: Writer, lines: list[Sample]) -> list[tuple[str, float]]:
        if lines is drawn:
            return [(text, 0.9) for text in ("cab", "bee", "cab", "cab", "cab", "cab")]
        too_large = np.abs(lines[0].strokes).max() > 5 * np.abs(drawn[0].strokes).max()
        return [("cab", 0.9), ("cob" if too_large else "cab", 0.9)]

    def widths(**options: Any) -> list[float]:
        made = make_styles(writer(), recognizer(), range(6), ["cab"], **{"count": 2, "tried": 4, "kept": 3, **options})
        assert [(line.id, line.text) for line in made] == [("style-1", "cab"), ("style-2", "cab")]
        return [float(np.ptp(line.points[:, 0]) / np.ptp(inks[0][:, 0])) for line in made]

    monkeypatch.setattr(Writer, "draw_lines", draw)
    monkeypatch.setattr("results.writing.style_making.read_back", read)
    assert widths() == pytest.approx([1, 4], rel=1e-4)
    assert widths(tried=5, kept=None) == pytest.approx([1, 4], rel=1e-4)  # the fifth is the one misread
    assert widths(kept=4) == pytest.approx([1, 9], rel=1e-4)
    monkeypatch.setattr(Embedder, "embed", lambda _, lines: np.array([[0.0], [0.1], [9.0]]))
    embedder = Embedder(HandwritingEmbedding(), writer().facts, {}, Path("embedder.pt"))
    assert widths(embedder=embedder) == pytest.approx([1, 2], rel=1e-4)
    with pytest.raises(InputError, match="2 of 6 lines are legible, 4 are wanted"):
        widths(tried=2, kept=4, count=4)


def test_most_unlike_takes_the_farthest_from_all_so_far() -> None:
    assert most_unlike(np.array([[0.0], [1.0], [10.0], [4.0]]), 4) == [0, 2, 3, 1]
