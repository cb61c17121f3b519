"""Lines followed by a network point by point, and the numbers of its figures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from data_loader.batching import collate
from data_loader.prepare import corpus_line
from ink.alphabet import Alphabet
from ink.strokes import points_to_strokes
from model.writing.mixture_density import Mixture
from results import write
from results.figures.trace import Trace, followed, one_line, written
from results.figures.window_and_density import density, paper_extent, window
from tests.render.some_ink import loops
from tests.results.recognizers import STD, line_of, recognizer
from tests.results.writers import CHARACTERS, writer
from tests.tiny import write_corpus
from utils.errors import InputError

LINE = line_of("badcab", id="w-7")


def trace_of(at: list[int], text: str) -> Trace:
    """A trace whose window weighed these positions most."""
    points = loops(1)[: len(at) + 1]
    steps = torch.zeros(len(at), 1)
    mixture = Mixture(steps, torch.zeros(len(at), 1, 2), torch.zeros(len(at), 1, 2), steps, torch.zeros(len(at)))
    return Trace(text, points, mixture, np.eye(len(text) + 1)[at], (5.0, 4.0), False, None)


def test_a_real_line_is_followed_as_in_training() -> None:
    loaded = writer()
    trace = followed(loaded, LINE)
    strokes = torch.from_numpy(points_to_strokes(LINE.points, (STD[0], STD[1])))
    batch = collate([("", strokes, torch.from_numpy(Alphabet(CHARACTERS).encode("badcab")))])
    with torch.inference_mode():
        for part, whole in zip(trace.mixture, loaded.model(batch), strict=True):
            torch.testing.assert_close(part, whole[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        trace.points[:, :2] - trace.points[0, :2], LINE.points[:, :2] - LINE.points[0, :2], atol=1e-3
    )
    assert trace.weights is not None and trace.weights.shape == (len(LINE.points) - 1, 7)
    assert (trace.text, trace.stopped) == ("badcab", None)


def test_a_written_line_is_the_one_that_write_writes_and_so_are_its_weights() -> None:
    loaded = writer()
    trace, line = written(loaded, "bad cab", bias=1.0, seed=4), write(loaded, "bad cab", bias=1.0, seed=4)[0]
    np.testing.assert_array_equal(trace.points, line.lines[0])
    assert trace.weights is not None and line.samples[0].weights is not None
    np.testing.assert_allclose(trace.weights, line.samples[0].weights, atol=0.05)
    assert trace.stopped == line.samples[0].stopped


def test_marks_and_signs_that_are_drawn_are_no_part_of_it() -> None:
    trace, plain = (written(writer(), text, bias=1.0, seed=4) for text in ("b@c bäd", "b a c bad"))
    assert trace.text == plain.text == "b a c bad"
    np.testing.assert_array_equal(trace.points, plain.points)


def test_the_line_of_a_hand_is_followed_from_its_start() -> None:
    loaded, plain = writer(), written(writer(), "bad cab", bias=1.0, seed=4)
    loaded.facts["hand"] = {"name": "Ada", "text": "ab", "strokes": [[0, 0, 0], [1, 1, 0], [1, 0, 1]]}
    assert loaded.own_line
    trace = written(loaded, "bad cab", bias=1.0, seed=4)
    np.testing.assert_array_equal(trace.points, plain.points)
    np.testing.assert_array_equal(trace.weights, plain.weights)


def test_the_window_is_counted() -> None:
    _, numbers = window(trace_of([0, 0, 1, 0, 1, 1, 1, 3], "abc"))
    assert numbers["points_per_character"] == [["a", 3], ["b", 4], ["c", 0], ["end", 1]]
    assert (numbers["backward_steps"], numbers["never_weighed_most"]) == (1, [2])
    assert numbers["longest_stand"] == {"position": 1, "character": "b", "points": 3}
    assert numbers["mean_points_per_character"] == pytest.approx(7 / 3)


def test_the_density_figures_numbers() -> None:
    trace = trace_of([0] * 24, "a")
    lifted = torch.from_numpy(trace.points[1:, 2] > 0.5)
    logit = torch.where(lifted, torch.tensor(3.0), torch.tensor(-3.0))
    even = torch.full((24, 4), 0.25).log()
    pairs = torch.zeros(24, 4, 2)
    mixture = Mixture(even, pairs, pairs - 3, torch.zeros(24, 4), logit)
    figure, numbers = density(replace(trace, mixture=mixture))
    assert numbers["mean_components"] == pytest.approx(4, rel=1e-5)
    assert numbers["share_on_paper"] == pytest.approx(1, abs=0.01)
    high, low = 1 / (1 + np.exp(-3)), 1 / (1 + np.exp(3))
    assert (numbers["pen_lifts"], numbers["expected_pen_lifts"]) == (1, pytest.approx(high + 23 * low))
    assert numbers["mean_lift_probability_at_lifts"] == pytest.approx(high)
    assert numbers["mean_lift_probability_elsewhere"] == pytest.approx(low)
    shown = next(axes.images[0] for axes in figure.axes if axes.images and axes.images[0].get_cmap().name != "Greys")
    assert tuple(shown.get_extent()) == paper_extent(trace.points)


def test_an_expectation_lies_on_the_point_that_it_is_of() -> None:
    trace = trace_of([0] * 24, "a")
    mean = torch.from_numpy(np.diff(trace.points[:, :2], axis=0) / trace.std).float().unsqueeze(1)
    steps, narrow = torch.zeros(24, 1), torch.full((24, 1, 2), -9.0)
    figure, _ = density(replace(trace, mixture=Mixture(steps, mean, narrow, steps, torch.zeros(24))))
    shown = figure.axes[4].images[0]
    left, right, up, down = shown.get_extent()
    rows, columns = np.nonzero(shown.get_array() > shown.norm.vmax / 10)
    x = left + (columns + 0.5) * (right - left) / shown.get_array().shape[1]
    y = up + (rows + 0.5) * (down - up) / shown.get_array().shape[0]
    apart = np.linalg.norm(np.stack([x, y], 1)[:, None] - trace.points[1:, :2], axis=2)
    assert max(apart.min(0).max(), apart.min(1).max()) < 3 * (right - left) / shown.get_array().shape[1]


def test_the_paper_holds_the_ink() -> None:
    left, right, up, down = paper_extent(loops(5))
    xy = loops(5)[:, :2]
    assert left < xy[:, 0].min() and right > xy[:, 0].max() and up < xy[:, 1].min() and down > xy[:, 1].max()
    left, right, up, down = paper_extent(np.ones((1, 3)))
    assert left < right and up < down


def test_a_network_that_writes_freely_has_a_density_and_no_window() -> None:
    trace = written(writer(free=True), None)
    assert density(trace, bias=0.5)[1]["n_points"] == 30
    with pytest.raises(InputError, match="no window"):
        window(trace)
    assert followed(writer(free=True), LINE).text == ""


def test_bad_lines_and_texts(tmp_path: Path) -> None:
    loaded = writer()
    write_corpus(tmp_path / "letters", [line_of("abc", id="w-6"), LINE])
    assert corpus_line("letters", "w-7", tmp_path).text == "badcab"
    with pytest.raises(InputError, match=r"no line 'w-9'.*'w-6'"):
        corpus_line("letters", "w-9", tmp_path)
    for line, named in ((replace(LINE, text=""), "has no text"), (replace(LINE, text="bäd"), "does not know: ä")):
        with pytest.raises(InputError, match=rf"w-7: .*{named}"):
            followed(loaded, line)
    with pytest.raises(InputError, match=r"13 characters.* at most 12"):
        written(loaded, "abc defg abcd")
    assert one_line(loaded, " ab\n cd ") == "ab cd" and one_line(loaded, None) is None
    with pytest.raises(InputError, match="does not write"):
        followed(recognizer(), LINE)  # type: ignore[arg-type]


def test_a_line_that_runs_downwards_has_a_map_no_larger_than_another() -> None:
    trace = trace_of([0] * 9, "a")
    tall = replace(trace, points=np.stack([np.zeros(10), np.linspace(0, 1e4, 10), np.zeros(10)], 1))
    figure, _ = density(tall)
    assert max(figure.axes[4].images[0].get_array().shape) <= 1800
