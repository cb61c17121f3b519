"""Batches in parts: every line once, cut to the longest of its part."""

import pytest
import torch

from base.batch import Batch


def batch_of(points: list[int], characters: list[int]) -> Batch:
    stroke_mask, char_mask = (
        torch.arange(max(sizes)) < torch.tensor(sizes).unsqueeze(1) for sizes in (points, characters)
    )
    strokes = torch.arange(len(points) * max(points) * 3.0).view(len(points), -1, 3) * stroke_mask.unsqueeze(2)
    return Batch(strokes, stroke_mask, char_mask.long(), char_mask, tuple(map(str, range(len(points)))))


@pytest.mark.parametrize(
    ("points_at_once", "sizes"),
    [(None, [4]), (40, [4]), (39, [2, 2]), (20, [2, 2]), (19, [2, 2]), (13, [1] * 4), (1, [1] * 4)],
)
def test_parts_hold_about_so_many_points(points_at_once: int | None, sizes: list[int]) -> None:
    batch = batch_of([3, 10, 4, 7], [1, 2, 3, 1])
    parts = batch.parts(points_at_once)
    assert [len(part.ids) for part in parts] == sizes
    order = [int(line) for part in parts for line in part.ids]
    assert order == ([1, 3, 2, 0] if len(parts) > 1 else [0, 1, 2, 3]), "the longest lines first"
    for part in parts:
        assert part.stroke_mask.any(0).all() and part.char_mask.any(0).all(), "no column is padding alone"
    torch.testing.assert_close(sum(part.strokes.sum() for part in parts), batch.strokes.sum())
    assert sum(int(part.char_mask.sum()) for part in parts) == 7
