"""The end of a line: by the network's rule and a pen lift, or at its cap."""

from contextlib import nullcontext

import numpy as np
import pytest

from model.writing.line_end import MAX_POINTS_AFTER_TEXT
from model.writing.sampling import sample
from tests.model.small import marching, network, patient, texts

EITHER_WAY = pytest.mark.parametrize("compiled", [True, False], ids=["kernel", "point by point"])
TEXT_LENGTHS = [1, 5, 3]
ENDS = [4, 14, 9]
"""Points of each line: with kappa = 0.4 t the end position, U + 1, is the nearest from t = (U + 0.5) / 0.4 on."""


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_every_line_ends_by_its_own_rule_when_the_window_is_past_its_text(cell):
    drawn = sample(marching(cell), texts(*TEXT_LENGTHS), seeds=[1, 2, 3], max_points=[100] * 3)
    assert [len(line.strokes) for line in drawn] == ENDS
    assert all(line.stopped for line in drawn)


@EITHER_WAY
def test_a_line_ends_where_the_pen_is_lifted(compiled, point_by_point):
    """Lines of the data do, too: at the first lift from where the window is past the text."""
    with nullcontext() if compiled else point_by_point():
        drawn = sample(marching(lift=-1), texts(*[3] * 40), seeds=list(range(40)), max_points=[200] * 40)
    after = [line.strokes[ENDS[2] - 1 :, 2] for line in drawn]
    assert all(line.stopped for line in drawn) and all(lifts[:-1].sum() == 0 for lifts in after)
    assert min(map(len, after)) == 1 and max(map(len, after)) > 5


@EITHER_WAY
def test_a_line_whose_pen_is_never_lifted_ends_some_points_later(compiled, point_by_point):
    with nullcontext() if compiled else point_by_point():
        drawn = sample(marching(lift=-100), texts(*TEXT_LENGTHS), seeds=[1, 2, 3], max_points=[100] * 3)
    assert [len(line.strokes) for line in drawn] == [end + MAX_POINTS_AFTER_TEXT for end in ENDS]
    assert all(line.stopped for line in drawn)


def test_a_window_that_leaps_beyond_all_its_text_ends_the_line():
    """All its weights are zero there: exp(-26^2) is no float32. The start is no lift."""
    line = sample(marching(step=30), texts(3), seeds=[1], max_points=[50])[0]
    assert line.stopped
    assert len(line.strokes) == 2


def test_one_component_beyond_the_text_does_not_end_the_line():
    model = marching()
    model.window_layer.window.linear.bias.data[5] = np.log(30)
    drawn = sample(model, texts(*TEXT_LENGTHS), seeds=[1, 2, 3], max_points=[100] * 3)
    assert [len(line.strokes) for line in drawn] == ENDS


def test_finished_lines_leave_the_batch(monkeypatch):
    model, sizes = marching("gru"), []
    step = model.step
    monkeypatch.setattr(model, "step", lambda stroke, state: (sizes.append(len(stroke)), step(stroke, state))[1])
    sample(model, texts(*TEXT_LENGTHS), seeds=[1, 2, 3], max_points=[100] * 3)
    assert sizes == [3] * 4 + [2] * 5 + [1] * 5
    sizes.clear()
    sample(model, texts(*TEXT_LENGTHS), seeds=[1, 2, 3], max_points=[100, 3, 6])
    assert sizes == [3] * 2 + [2] * 2 + [1]


@pytest.mark.parametrize("name", ["unconditional", "conditional"])
def test_caps_are_kept_line_by_line(name):
    caps = [7, 3, 30, 2]
    drawn = sample(patient(name), texts(9, 9, 9, 9), seeds=[1, 2, 3, 4], max_points=caps)
    assert [len(line.strokes) for line in drawn] == caps
    assert not any(line.stopped for line in drawn)


@pytest.mark.parametrize("cap", [2, 3])
def test_the_shortest_lines(cap):
    for name in ("unconditional", "conditional"):
        line = sample(patient(name), texts(1), seeds=[1], max_points=[cap])[0]
        assert line.strokes.shape == (cap, 3)
        assert not line.stopped


def test_the_caller_hears_of_every_line_that_ends():
    ended = []
    sample(marching(), texts(*TEXT_LENGTHS), seeds=[1, 2, 3], max_points=[100, 100, 4], on_end=ended.append)
    assert ended == [1, 1, 1]
    sample(marching(), texts(3, 3), seeds=[1, 2], max_points=[100, 100], on_end=ended.append)
    assert ended[3:] == [2]


def test_a_cap_at_the_natural_end_changes_only_who_ended_the_line():
    model, batch = marching(), texts(3)
    by_rule = sample(model, batch, seeds=[1], max_points=[10])[0]
    by_cap = sample(model, batch, seeds=[1], max_points=[9])[0]
    assert by_rule.stopped
    assert not by_cap.stopped
    assert np.array_equal(by_rule.strokes, by_cap.strokes)


def test_free_writing_has_no_weights_and_ends_at_its_cap():
    line = sample(network("unconditional"), texts(1), seeds=[1], max_points=[300])[0]
    assert line.weights is None
    assert len(line.strokes) == 300
    assert not line.stopped
