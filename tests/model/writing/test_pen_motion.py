"""The features of the pen's motion are what a plain loop over the points makes of it."""

import math

import pytest
import torch

from model.writing import pen_motion
from model.writing.mixture_density import stroke_log_prob
from model.writing.pen_motion import PenInputs, initial_state, num_features, pen_features, pen_features_step
from model.writing.unconditional import UnconditionalHandwriting
from tests.model.small import assert_close, lines, network, random_mixture


def by_a_loop(strokes: list[list[float]]) -> list[list[float]]:
    """Return the features of a line (T, 3), point by point."""
    features, before, height, stroke, length, moves = [], (0.0, 0.0), 0.0, None, 0.0, 0
    for dx, dy, end in strokes:
        if stroke is not None and math.hypot(dx, dy) < 6:
            length, moves = length + math.hypot(dx, dy), moves + 1
        scale = min(3.0, max(0.3, (20 + length / 0.5) / (20 + moves)))
        x, y = dx / scale, dy / scale
        height += y
        stroke = [*(stroke or []), (x, y)] if stroke is not None else [(0.0, 0.0)]
        speed = math.hypot(x, y)
        from_start = [sum(move[axis] for move in stroke) / 5 for axis in (0, 1)]
        now = [x, y, end, math.log(scale), x / (speed + 0.02), y / (speed + 0.02), math.log(speed + 0.05) / 2]
        now += [x - before[0], y - before[1], height / 10, *from_start, math.log(len(stroke)) / 3]
        features.append([max(-5.0, min(5.0, value)) for value in now])
        before, stroke = (x, y), None if end else stroke
    return features


def written(count: int = 3, points: int = 60, size: float = 0.6) -> torch.Tensor:
    """Lines (B, T, 3), long ones with a jump and a pen at rest."""
    strokes = lines([points] * count, [1] * count, torch.float64, seed=2).strokes
    strokes[..., :2] *= size
    if points > 15:
        strokes[0, 7, :2] = torch.tensor([40.0, -30.0])
        strokes[1, 9:15, :2] = 0
    return strokes


@pytest.mark.parametrize("size", [0.01, 0.6, 5.0])
def test_motion_is_what_a_loop_makes_of_the_points(size):
    strokes = written(size=size)
    inputs = pen_features(strokes, "motion")
    assert inputs.features.shape == (3, 60, num_features("motion"))
    expected = torch.tensor([by_a_loop(line) for line in strokes.tolist()], dtype=torch.float64)
    assert_close(inputs.features, expected)
    assert_close(inputs.scale, expected[..., 3:4].exp())
    assert inputs.features.abs().max() == 5


def test_point_by_point_it_is_the_same():
    strokes = written()
    inputs, state = pen_features(strokes, "motion"), initial_state(3, strokes)
    for t, stroke in enumerate(strokes.unbind(1)):
        now, state = pen_features_step(stroke, state, "motion")
        assert_close(now.features, inputs.features[:, t])
        assert_close(now.scale, inputs.scale[:, t])


def test_offsets_stay_as_they_are_and_are_predicted_in_stds():
    strokes, mixture = written(), random_mixture(3, 60)
    inputs = pen_features(strokes, "offsets")
    assert (
        inputs.features is strokes and inputs.with_hiddens(strokes) == (strokes,) and inputs.in_stds(mixture) is mixture
    )
    assert pen_features_step(strokes[:, 0], initial_state(3, strokes), "offsets")[0].features.shape == (
        3,
        num_features("offsets"),
    )


def test_writing_of_another_size_has_the_same_features(monkeypatch):
    """Without a prior in the scale estimate; the log of the scale tells the sizes apart."""
    monkeypatch.setattr(pen_motion, "PRIOR_MOVES", 1e-15)
    strokes, larger = written(), written()
    larger[..., :2] *= 1.5
    larger[:, 0, :2], larger[0, 7, :2] = strokes[:, 0, :2], 1.5 * torch.tensor([40.0, -30.0], dtype=torch.float64)
    features, scaled = pen_features(strokes, "motion"), pen_features(larger, "motion")
    later = slice(5, None)
    assert_close(scaled.scale[:, later], 1.5 * features.scale[:, later])
    alike = [0, 1, 2, 4, 5, 6, 7, 8]
    assert_close(scaled.features[:, later, alike], features.features[:, later, alike])


def test_a_mixture_in_units_of_the_scale_is_a_density_in_stds():
    """p(x) = q(x / s) / s^2, the rule of change of variables."""
    mixture, strokes = random_mixture(2, 5), written(2, 5)
    scale = torch.tensor([0.5, 2.0], dtype=torch.float64).view(2, 1, 1).expand(2, 5, 1)
    in_units = torch.cat([strokes[..., :2] / scale, strokes[..., 2:]], -1)
    log_prob = stroke_log_prob(PenInputs(strokes, scale).in_stds(mixture), strokes)
    assert_close(log_prob, stroke_log_prob(mixture, in_units) - 2 * scale.squeeze(-1).log())


def test_the_density_reads_the_motion_too():
    model = network("unconditional", features="motion")
    model.density.linear.weight.data[:, : model.stack.layers[0].hidden_size] = 0
    batch = lines([6], [1])
    before = model(batch).mean
    batch.strokes[:, 2, 0] += 0.1
    assert not torch.equal(model(batch).mean[:, 2], before[:, 2])


def test_there_are_no_other_features():
    with pytest.raises(ValueError, match="features is 'speed'; there are offsets, motion"):
        UnconditionalHandwriting(features="speed")
