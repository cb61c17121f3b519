"""Distances between writings of one text, in closed form."""

import numpy as np
import pytest

from base.base_model import Sample
from results.measuring.diversity import diversity

STD = (1.0, 1.0)
UP_DOWN = [(0, -1), (0, 1)]


def line(*letters: list[tuple[float, float]], scale: float = 1.0, gap: float = 3.0) -> Sample:
    """Letters as moves, a blank between them; after each a down-stroke of length 1, so that the x-height is `scale`."""
    strokes, at = [(0.0, 0.0, 0.0)], []
    for place, letter in enumerate(letters):
        moves = [(gap, 0.0), *letter, (0, -1), (0, 1)]
        strokes += [(dx * scale, dy * scale, 0.0) for dx, dy in moves]
        at += [2 * place - 1 if place else 0, *[2 * place] * len(letter), *[2 * place + 1] * 2]
    weights = np.eye(2 * len(letters) + 1, dtype=np.float32)[at]
    return Sample(np.array(strokes, np.float32), weights, True)


def test_two_straight_letters_at_a_right_angle() -> None:
    """Strokes of length 2 about their means, s from -1 to 1: their distance is that of the mean of 2 s^2; else 0."""
    across, up = [(0, 0), (1, 0), (1, 0)], [(0, 0), (0, -1), (0, -1)]
    s = np.linspace(-1, 1, 16)
    turned = float(np.sqrt(2 * (s**2).mean()))
    samples = [line(across, across), line(across, up)]
    assert diversity(["a b"], [samples], STD) == pytest.approx(turned / 2, rel=1e-3)
    assert diversity(["a b", "a b"], [samples, samples[:1] * 3], STD) == pytest.approx(turned / 4, rel=1e-3)
    three = [*samples, line(across, across)]
    assert diversity(["a b"], [three], STD) == pytest.approx(2 / 3 * turned / 2, rel=1e-3)


def test_size_place_and_speed_do_not_matter() -> None:
    slow = [(0, 0), *[(0.25, 0)] * 8]
    samples = [line([(0, 0), (1, 0), (1, 0)]), line(slow, scale=7.0), line(slow, gap=9.0)]
    assert diversity(["a"], [samples], STD) == pytest.approx(0, abs=1e-5)


def test_a_letter_that_one_lacks_does_not_count_and_nothing_is_no_diversity() -> None:
    whole, start = line(UP_DOWN), Sample(np.zeros((1, 3), np.float32), np.zeros((0, 3), np.float32), True)
    assert diversity(["a"], [[whole, start]], STD) is None
    assert diversity(["a"], [[whole, whole, start]], STD) == 0
