"""Lines while they are drawn: watched as they grow, and going on from others."""

from contextlib import nullcontext
from itertools import pairwise

import numpy as np
import pytest
import torch

from base.batch import Batch
from model.kernels.threads import over_lines
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
    """Two texts, three lines each: at the 10th point all three go on from the second; against a plain loop."""
    model, each = marching(cell, num_layers=3 if cell == "lstm" else 1), texts(20, 24)
    batch = Batch(
        *(part.repeat_interleave(3, 0) for part in (each.strokes, each.stroke_mask, each.text, each.char_mask))
    )
    asked: list[tuple[list[int], list[int]]] = []

    def choose(numbers, samples):
        asked.append((list(numbers), [len(line.strokes) for line in samples]))
        return [3 * (n // 3) + 1 for n in range(6)] if len(asked) == 1 else [*range(len(numbers))]

    options = {"prime_chars": [2] * 6} if primed else {}
    with point_by_point() if stepped else nullcontext():
        drawn = sample(
            model, batch, seeds=[*range(6)], max_points=[25] * 6, selection=Selection(3, 10, choose), **options
        )
    whole = 25 + 2 * primed
    assert len(asked) == (whole - 1) // 10 and asked[0][0] == [*range(6)]
    for line in range(6):
        source = 3 * (line // 3) + 1
        noise = {seed: LineNoise([seed]) for seed in {line, source}}
        numbers = {seed: [one.next() for _ in range(whole)] for seed, one in noise.items()}
        single = alone(batch, line)
        state, stroke, strokes = model.start(single), single.strokes[:, 0], [single.strokes[0, 0]]
        for t in range(1, whole):
            if primed and t == 2 and (ahead := 1 - int(model.weights(state).argmax())) not in (0, 1):
                state = model.moved(state, torch.tensor([ahead]))
            mixture, state = model.step(stroke, state)
            stroke = sample_stroke(mixture, numbers[source if t <= 10 else line][t - 1], 0.0)
            stroke = single.strokes[:, t] if primed and t < 2 else stroke
            strokes.append(stroke[0])
        count = len(drawn[line].strokes)
        assert count > 10
        np.testing.assert_allclose(
            drawn[line].strokes[1:, :2], torch.stack(strokes).detach().numpy()[-count:][1:, :2], atol=2e-3
        )


def test_lines_of_one_text_stay_together():
    """With several threads a thread has all lines of a text."""
    torch.set_num_threads(2)
    try:
        for lines, together in ((24, 3), (20, 5), (36, 4), (18, 6)):
            parts: list[slice] = []
            over_lines(parts.append, lines, together)
            assert len(parts) == 2 and sorted(n for part in parts for n in range(lines)[part]) == [*range(lines)]
            assert all(part.start % together == 0 for part in parts)
    finally:
        torch.set_num_threads(1)
