"""One text by bias, by style and between two styles."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from base.base_model import Sample
from data_loader.batching import collate
from ink.alphabet import Alphabet
from ink.geometry import slant, x_height
from ink.strokes import strokes_to_points
from model.writing.conditional import ConditionalHandwriting
from model.writing.line_end import MAX_POINTS_AFTER_TEXT
from model.writing.mixture_density import sample_stroke
from model.writing.sampling import LineNoise
from results import write
from results.figures.bias_and_style import bias_sweep, interpolate, prime
from results.writing.interpolation import _without_start, write_between
from results.writing.styles import style_of
from results.writing.writer import Writer
from tests.results.recognizers import line_of
from tests.results.writers import CHARACTERS, writer
from utils.errors import InputError


def between(loaded: Writer, shares: list[float], names: tuple[str, str] = ("badcab", "gag")) -> list[Sample]:
    first, last = (style_of(loaded, line_of(name)) for name in names)
    text = "abc" if isinstance(loaded.model, ConditionalHandwriting) else ""
    return write_between(loaded, text, (first, last), shares, bias=1.0, seed=3)


@torch.inference_mode()
def continued(loaded: Writer) -> np.ndarray:
    """ " abc" on all that the layers remember of "badcab", with a new window, from where the way there ends.

    A plain loop.
    """
    model, style = loaded.model, style_of(loaded, line_of("badcab"))
    batch = collate([("", torch.from_numpy(style.strokes), torch.from_numpy(Alphabet(CHARACTERS).encode("badcab ")))])
    state = model.start(batch)
    *before, last = batch.strokes.unbind(1)
    for stroke in before:
        _, state = model.step(stroke, state)
    new = model.start(collate([("", torch.zeros(1, 3), torch.from_numpy(Alphabet(CHARACTERS).encode(" abc")))]))
    window = new.trunk.window._replace(cell=state.trunk.window.cell)
    trunk = new.trunk._replace(window=window, stack=state.trunk.stack)
    state = new._replace(trunk=trunk, pen=new.pen._replace(moves=state.pen.moves))
    noise, strokes, late = LineNoise([3]), [last], 0
    for _ in range(int(1.5 * 16 * 6)):
        mixture, state = model.step(strokes[-1], state)
        late = late + 1 if model.finished(state).any() else 0
        if late > (0 if strokes[-1][0, 2] > 0 else MAX_POINTS_AFTER_TEXT):
            break
        strokes.append(sample_stroke(mixture, noise.next(), 1.0))
    drawn = torch.cat(strokes[1:]).numpy()
    drawn[0, :2] = 0
    return drawn


@pytest.mark.parametrize("attends", [False, True])
def test_with_no_share_of_the_second_it_is_the_first_written_on(attends: bool) -> None:
    loaded = writer(attends=attends)
    drawn = between(loaded, [0.0, 0.5])[0].strokes
    expected = continued(loaded)[-len(drawn) :]  # without the strokes before the text
    assert len(drawn) > 20
    np.testing.assert_allclose(drawn[1:-1], expected[1:-1], atol=1e-4)
    np.testing.assert_allclose(drawn[-1, :2], expected[-1, :2], atol=1e-4)


def test_a_window_that_is_past_the_text_at_once_leaves_a_point_at_least() -> None:
    loaded = writer()
    loaded.model.window_layer.window.linear.bias.data[4:] = 5  # of 150 characters a point
    assert [1 <= len(line.strokes) <= MAX_POINTS_AFTER_TEXT + 2 for line in between(loaded, [0.0, 1.0])] == [True, True]


@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("attends", [False, True])
def test_from_one_hand_to_the_other_and_back(free: bool, attends: bool) -> None:
    loaded, shares = writer(free=free, attends=attends), [0.0, 0.5, 1.0]
    forth, back = between(loaded, shares), between(loaded, shares, ("gag", "badcab"))
    for line, other in zip(forth, back[::-1], strict=True):
        np.testing.assert_allclose(line.strokes, other.strokes, atol=1e-4)
    for line, other in pairwise(forth):
        n = min(len(line.strokes), len(other.strokes))
        assert np.abs(line.strokes[:n] - other.strokes[:n]).max() > 1e-3
    same = between(loaded, shares, ("gag", "gag"))
    assert all(np.allclose(line.strokes, same[0].strokes, atol=1e-4) for line in same)


def test_a_sweep_has_the_same_seeds_at_every_bias() -> None:
    loaded = writer()
    figure, numbers = bias_sweep(loaded, "abc", biases=[0.0, 2.0], seed=5, n=2)
    assert [(line["bias"], line["seed"]) for line in numbers["lines"]] == [(0, 5), (0, 6), (2, 5), (2, 6)]
    assert [text.get_text() for text in figure.axes[0].texts] == ["bias 0", "", "bias 2", ""]
    points = write(loaded, "abc", bias=2.0, seed=6)[0].lines[0]
    last = numbers["lines"][-1]
    assert (last["n_points"], last["x_height"], last["slant"]) == (len(points), x_height(points), slant(points))
    assert last["points_per_character"] == len(points) / 3


def test_primed_lines_stand_below_the_real_line() -> None:
    loaded, lines = writer(), [line_of("badcab", id="one"), line_of("gag", id="two")]
    styles = [style_of(loaded, line) for line in lines]
    figure, numbers = prime(loaded, "abc", styles, biases=[0.5, 1.0], seed=2)
    labels = [text.get_text() for text in figure.axes[0].texts]
    assert labels == ["one", "bias 0.5", "bias 1", "two", "bias 0.5", "bias 1"]
    for line, measures in zip(lines, numbers["styles"], strict=True):
        assert (measures["style_text"], measures["n_points"]) == (line.text, len(line.points))
        assert measures["x_height"] == pytest.approx(x_height(line.points), rel=1e-4)
    drawn = write(loaded, "abc", bias=1.0, seed=2, style=styles[1])[0].lines[0]
    assert numbers["styles"][1]["lines"][1]["n_points"] == len(drawn)


def test_interpolation_goes_from_the_first_line_to_the_last() -> None:
    loaded = writer()
    styles = (style_of(loaded, line_of("badcab", id="one")), style_of(loaded, line_of("gag", id="two")))
    figure, numbers = interpolate(loaded, "abc", styles, steps=3, bias=1.0, seed=3)
    assert [text.get_text() for text in figure.axes[0].texts] == ["one", "0 %", "50 %", "100 %", "two"]
    samples = between(loaded, [0.0, 0.5, 1.0])
    lengths = [len(strokes_to_points(sample.strokes, loaded.facts["std"])) for sample in samples]
    assert [line["n_points"] for line in numbers["lines"]] == lengths
    for text, steps, named in (
        ("ab☃", 3, "☃"),
        ("abc", 0, "steps is 0"),
        ("", 3, "name the text"),
        (None, 3, "name the text"),
    ):
        with pytest.raises(InputError, match=named):
            interpolate(loaded, text, styles, steps=steps)
    with pytest.raises(InputError, match="leave the text out"):
        interpolate(writer(free=True), "abc", styles)


def test_pen_strokes_that_are_over_before_the_text_are_left_out() -> None:
    at = np.array([0, 0, 0, 0, 1, 1, 2])  # the window's character at points 1 to 7
    for lifts, first in (((), 1), ((6,), 1), ((2,), 3), ((2, 4, 7), 5), ((5,), 1)):
        strokes = np.arange(24, dtype=np.float32).reshape(8, 3)
        strokes[:, 2] = np.isin(np.arange(8), lifts)
        sample = _without_start(Sample(strokes.copy(), np.eye(3, dtype=np.float32)[at], True))
        assert (sample.strokes[1:] == strokes[first + 1 :]).all() and (sample.strokes[0, :2] == 0).all()
        assert sample.weights is not None and (sample.weights.argmax(1) == at[first:]).all()
