"""Lines while they are drawn: watched as they grow, and going on from others."""

from contextlib import nullcontext
from itertools import pairwise

import numpy as np
import pytest
import torch

from base.batch import Batch
from model.writing import record, sampling
from model.writing.mixture_density import sample_stroke
from model.writing.record import Selection
from model.writing.sampling import LineNoise, sample
from tests.model.small import alone, marching, patient, texts, written


@pytest.mark.parametrize("stepped", [False, True])
@pytest.mark.parametrize("primed", [False, True])
def test_a_line_that_is_watched_is_the_same_and_is_reported_as_it_grows(primed, stepped, point_by_point, monkeypatch):
    monkeypatch.setattr(sampling, "POINTS_AT_ONCE", 7)
    monkeypatch.setattr(record, "POINTS_AT_ONCE", 7)
    model, batch, seeds = patient("conditional", num_layers=2), texts(9, 12, 3), [1, 2, 3]
    options = {"prime_chars": [2, 2, 1]} if primed else {}
    reported = {line: [np.zeros((0, 3), np.float32)] for line in range(3)}
    with point_by_point() if stepped else nullcontext():
        plain = written(model, batch, seeds, cap=60, **options)
        watched = written(model, batch, seeds, cap=60, on_points=lambda n, own: reported[n].append(own), **options)
    for line, parts in reported.items():
        np.testing.assert_array_equal(watched[line], plain[line])
        if len(watched[line]) == 1 and primed:  # it never came to its own text
            continue
        assert len(parts) > 1
        for before, after in pairwise(parts):
            assert 1 < len(after) <= len(before) + 7 or not len(before)
            np.testing.assert_array_equal(after[: len(before)], before)
        np.testing.assert_array_equal(watched[line][: len(parts[-1]), :2], parts[-1][:, :2])
        assert len(watched[line]) - len(parts[-1]) < 7


def test_what_a_watcher_raises_ends_the_sampling():
    def leave(*_):
        raise KeyError

    with pytest.raises(KeyError):
        written(patient("conditional", num_layers=1), texts(9), [1], cap=60, on_points=leave)


@pytest.mark.parametrize("primed", [False, True])
@pytest.mark.parametrize("stepped", [False, True])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_lines_go_on_from_others_with_random_numbers_of_their_own(cell, stepped, primed, point_by_point, in_float32):
    """Two texts, three lines each, two of them over by the 10th point, where the others go on: against a plain loop."""
    model, each = marching(cell, num_layers=3 if cell == "lstm" else 1), texts(20, 24)
    parts = (each.strokes, each.stroke_mask, each.text, each.char_mask)
    batch = Batch(*(part.repeat_interleave(3, 0) for part in parts))
    active: list[list[int]] = []
    sources = [2, 1, 2, 3, 3, 5]

    def choose(numbers, samples):
        active.append(list(numbers))
        assert len(samples) == len(numbers)
        return [list(numbers).index(sources[n]) if len(active) == 1 else k for k, n in enumerate(numbers)]

    options = {"prime_chars": [2] * 6} if primed else {}
    caps = [25, 6, 25, 25, 25, 6]
    with point_by_point() if stepped else nullcontext():
        drawn = sample(model, batch, seeds=[*range(6)], max_points=caps, selection=Selection(3, 10, choose), **options)
    whole = 25 + 2 * primed
    assert active == [[0, 2, 3, 4]] * ((whole - 1) // 10)
    for line in (0, 2, 3, 4):
        noise = {}
        for seed in {line, sources[line]}:
            generator = LineNoise([seed])
            noise[seed] = [generator.next() for _ in range(whole)]
        single = alone(batch, line)
        state, stroke, strokes = model.start(single), single.strokes[:, 0], [single.strokes[0, 0]]
        for t in range(1, whole):
            if primed and t == 2 and (ahead := 1 - int(model.weights(state).argmax())) not in (0, 1):
                state = model.moved(state, torch.tensor([ahead]))
            mixture, state = model.step(stroke, state)
            stroke = sample_stroke(mixture, noise[sources[line] if t <= 10 else line][t - 1], 0.0)
            stroke = single.strokes[:, t] if primed and t < 2 else stroke
            strokes.append(stroke[0])
        expected, own = torch.stack(strokes).detach().numpy(), drawn[line].strokes
        assert len(own) > 10
        np.testing.assert_allclose(own[1:, :2], expected[-len(own) :][1:, :2], atol=2e-3)


def test_lines_go_on_from_others_in_every_thread_as_in_one():
    """Eight texts, three lines each: on two threads, and past the random numbers that are drawn at once."""
    model, each = marching(step=0.05), texts(*range(18, 26))
    parts = (each.strokes, each.stroke_mask, each.text, each.char_mask)
    batch = Batch(*(part.repeat_interleave(3, 0) for part in parts))

    def choose(numbers, samples):
        """Have all go on from the last of their text."""
        return [max(k for k, other in enumerate(numbers) if other // 3 == n // 3) for n in numbers]

    def drawn():
        return written(model, batch, [*range(24)], cap=320, selection=Selection(3, 50, choose))

    one_thread = drawn()
    torch.set_num_threads(2)
    try:
        assert all(map(np.array_equal, drawn(), one_thread))
    finally:
        torch.set_num_threads(1)
    assert min(map(len, one_thread)) > 300 and not np.array_equal(one_thread[0], one_thread[2])
    assert all(np.array_equal(one_thread[n][:300], one_thread[n + 2][:300]) for n in range(0, 24, 3))
