import numpy as np
import pytest

from render.ink.page import Page
from render.ink.pen import TRAVEL_MM_PER_S, WRITING_MM_PER_S, pen_times, writing_seconds
from tests.render.some_ink import small_page


def test_time_goes_with_the_way_of_the_pen() -> None:
    page = Page(100, 100, [[np.array([[0.0, 0], [3, 4], [3, 10]]), np.array([[3.0, 30], [3, 31]])]])
    first, second = pen_times(page)
    np.testing.assert_allclose(first * WRITING_MM_PER_S, [0, 5, 11])
    np.testing.assert_allclose(second[0] - first[-1], 20 / TRAVEL_MM_PER_S)
    np.testing.assert_allclose(np.diff(second) * WRITING_MM_PER_S, [1])


def test_time_never_falls_and_a_dot_takes_some() -> None:
    page = small_page()
    times = pen_times(page)
    assert [len(time) for time in times] == [len(stroke) for stroke in page.strokes]
    assert (np.diff(np.concatenate(times)) > 0).all()


def test_the_show_is_neither_a_flash_nor_endless() -> None:
    assert writing_seconds(Page(9, 9, [])) == writing_seconds(Page(9, 9, [[np.ones((1, 2))]])) == 1.0
    long = Page(9, 9, [[np.array([[0.0, 0], [1e6, 0]])]])
    assert writing_seconds(long, longest=12.0) == pytest.approx(12.0)
